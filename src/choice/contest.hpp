#pragma once
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/buffer.hpp"
#include "tulle/kernel_choice.hpp"

namespace tulle::choice {
/// A prepared candidate with operands to run on: what a contest times.
class Runnable {
 public:
  virtual ~Runnable() = default;
  virtual void run() = 0;
  virtual void warm_inputs() {}                    ///< brings operands, not weights, into the cache
  virtual std::size_t bytes() const { return 0; }  ///< of its weights
};

/// One kernel that could do the work.
struct Contender {
  std::string kernel;
  bool sparse = true;
  std::optional<std::string> refusal;
  double cost_us = 0;
  std::function<std::unique_ptr<Runnable>()> prepare;
};

/// What a contest found.
struct Verdict {
  std::string kernel;
  double time_us = 0, dense_us = 0, sparse_us = 0;
  bool dense_modelled = false;  ///< dense_us is what its model says: it was not worth a timing
  std::vector<KernelChoice> candidates;
};

/// How much a contest may cost, apart from preparing.
struct Effort {
  std::size_t timed = 3;      ///< contenders of each kind, by their cost models
  double hopeless = 2.0;      ///< times the best modelled cost: not worth a timing
  double time_us = 3000;      ///< of one contender's timed runs
  int fewest = 3, most = 12;  ///< timed runs, after one that is not
  double give_up = std::numeric_limits<double>::infinity();  ///< times the best so far: no further runs
  double steady = 0;  ///< no further runs, once one came this close to the best of those before, relatively
  bool both = true;   ///< one sparse and one dense are timed whatever their models say: words compare them
  bool cold = false;  ///< weights come from beyond the L2 cache before each run
  /// Not 0: what their way from memory takes is added to each time, as timed runs find them in a nearer
  /// cache: emptying that too would take 50 ms a run.
  double arrival_gbps = 0;
};
/// What a plan of one operation may cost, in its own runs: some 5 for the favourite and 1 or 2 for each
/// rival that its model puts within a fifth of it, more where weights are cold (docs/kernels/planning.md says
/// how far to trust them).
Effort quick_effort(bool cold);
/// The same for reports: everything near is timed, dense always, and for long.
Effort thorough_effort(bool cold);

/// The contender that won, prepared.
struct Winner {
  std::size_t index = 0;
  std::unique_ptr<Runnable> runnable;
};

/// Picks kernels: refusals, then cost models, then the best few timed as they will run, a dense one among
/// them where the effort says so.
class Contest {
 public:
  explicit Contest(const Effort&);
  Verdict hold(const std::vector<Contender>&, Winner&);
  /// The contender with the least modelled cost, prepared; nothing is timed.
  static Verdict trust_models(const std::vector<Contender>&, Winner&);

 private:
  std::vector<bool> timed(const std::vector<Contender>&, const std::vector<std::size_t>& order) const;
  double enter(Verdict&, std::size_t line, const Contender&, std::size_t i, int runs, Winner&);
  double best_us(Runnable&, int runs, double rival_us);
  double run_us(Runnable&);
  void evict();

  Effort effort_;
  long l2_bytes_ = 0;
  Buffer<std::int64_t> wash_;
  volatile std::int64_t sink_ = 0;
};

/// The fraction of zeros from which sparse is expected to win; 0: unknown, or from the first on.
double break_even(const Verdict&, double zeros);
/// The choice in words, with the numbers that decided and what would change the answer.
std::string reason(const Verdict&, double zeros, bool sparse_won);
/// Sparse kernels are asked only where zeros are enough to matter: generating code for a dense matrix costs
/// much. A refusal, or nothing; `entries` counts zeros too.
std::optional<std::string> too_dense(Index nnz, Index entries);
}  // namespace tulle::choice
