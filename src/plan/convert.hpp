#pragma once
#include "plan/builder.hpp"

namespace tulle::plan {
std::unique_ptr<Step> convert_step(const Form& from, const Form& to);
/// Phase images of a strided convolution; with `first_only`, just phase (0, 0).
std::unique_ptr<Step> phases_step(const Form& from, const Form& to, Index stride_y, Index stride_x, bool first_only);
std::unique_ptr<Step> copy_step(BufferId from, BufferId to, Index bytes);
}  // namespace tulle::plan
