#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include "core/buffer.hpp"
#include "core/cpu.hpp"
#include "plan/plan.hpp"

namespace tulle::plan {
/// A prepared candidate with scratch to run on: what the contest times.
class Runnable {
 public:
  virtual ~Runnable() = default;
  virtual void run() = 0;
  virtual void warm_inputs() {}  ///< brings activations, not weights, into the cache
};

/// One kernel that could do a layer's product.
struct Contender {
  std::string kernel;
  bool sparse = true;
  std::optional<std::string> refusal;
  double cost_us = 0;
  std::function<std::unique_ptr<Runnable>()> prepare;
};

/// What is kept of a contest: in memory for layers alike, on disk for the next start.
struct Verdict {
  std::string kernel;
  double time_us = 0, dense_us = 0, sparse_us = 0;
  std::vector<Candidate> candidates;
};

/// Picks kernels: refusals, then the kernels' cost models, then the best few timed as they will run, a dense one
/// always among them. Layers of the same key share a verdict; verdicts are loaded from and saved to the plan cache.
class Decisions {
 public:
  Decisions(const graph::Graph&, const Options&);

  /// The winner, prepared; fills the layer's report. `key` describes the problem up to what changes the choice.
  struct Winner {
    std::size_t index;
    std::unique_ptr<Runnable> runnable;
  };
  Winner contest(const std::string& key, const std::vector<Contender>&, Layer&);

  /// Scratch floats for timing, filled with small numbers; grows, is never given back before the plan is made.
  float* scratch(int which, Index count);
  bool from_cache() const { return loaded_; }
  void save(const Plan&) const;

 private:
  Verdict measure(const std::vector<Contender>&, Winner&);
  double enter(Verdict&, std::size_t line, const Contender&, std::size_t i, Winner&);
  double time_us(Runnable&);
  void evict();
  void load();

  const Options& options_;
  std::filesystem::path file_;
  std::map<std::string, Verdict> verdicts_;
  Buffer<float> scratch_[3];
  Buffer<std::int64_t> wash_;
  volatile std::int64_t sink_ = 0;
  bool cold_ = false, loaded_ = false;
  double spent_ms_ = 0;  // of the budget, in contests so far
  long l2_bytes_ = 0;
};
}  // namespace tulle::plan
