#pragma once
#include <string>
#include <vector>
#include "lab/profile.hpp"

namespace tulle::lab {
/// Where the time of a run goes and what would make it less, the largest share first; a sentence each.
std::vector<std::string> advice(const plan::Plan&, const Profile&);
}  // namespace tulle::lab
