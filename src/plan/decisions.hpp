#pragma once
#include <map>
#include <string>
#include <vector>
#include "choice/contest.hpp"
#include "core/buffer.hpp"
#include "plan/plan.hpp"

namespace tulle::plan {
using choice::Contender;
using choice::Runnable;
using choice::Verdict;

/// Contests between kernels. Layers of the same key share a verdict; verdicts are loaded from and saved to the plan
/// cache.
class Decisions {
 public:
  Decisions(const graph::Graph&, const Options&);

  /// The winner, prepared; fills the layer's report. `key` describes the problem up to what changes the choice.
  using Winner = choice::Winner;
  Winner contest(const std::string& key, const std::vector<Contender>&, Layer&);

  /// Scratch floats for timing, filled with small numbers; grows, is never given back before the plan is made.
  float* scratch(int which, Index count);
  bool from_cache() const { return loaded_; }
  void save(const Plan&) const;

 private:
  void load();

  const Options& options_;
  std::filesystem::path file_;
  std::map<std::string, Verdict> verdicts_;
  Buffer<float> scratch_[3];
  choice::Contest contest_;
  bool loaded_ = false;
  double spent_ms_ = 0;  // of the budget, in contests so far
};
}  // namespace tulle::plan
