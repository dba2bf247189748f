#pragma once
#include <map>
#include "plan/decisions.hpp"

namespace tulle::plan {
/// The file of this model, these shapes, this machine, this thread count and this list of kernels.
std::filesystem::path cache_file(const Options&, const graph::Graph&);
/// Empty when there is no such file, or when it is damaged: a cache never fails a run.
std::map<std::string, Verdict> load_verdicts(const std::filesystem::path&);
void save_verdicts(const std::filesystem::path&, const std::map<std::string, Verdict>&, const Plan&);
}  // namespace tulle::plan
