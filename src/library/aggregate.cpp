// The rows of features that meet in one node: which kernel, and its runs.
#include "tulle/aggregate.hpp"

#include <fmt/format.h>

#include <chrono>

#include "core/checked.hpp"
#include "library/aggregation.hpp"
#include "library/masked.hpp"

namespace tulle {
struct AggregatePlan::Impl {
  Index rows = 0, cols = 0, n = 0;
  library::Chosen chosen;
  std::shared_ptr<const library::Aggregation> aggregation;
  double planning_us = 0;
};

namespace {
constexpr const char* kWhere = "aggregate";

/// A prepared kernel on operands that all trials share.
class Trial final : public choice::Runnable {
 public:
  Trial(std::shared_ptr<const aggregate::Prepared> prepared, Index n, int threads, DenseView b,
        MutableDenseView c)
      : aggregation(std::make_shared<library::Aggregation>(std::move(prepared), n, threads)), b_(b), c_(c) {}
  void run() override { aggregation->run(b_, c_); }
  std::size_t bytes() const override { return aggregation->bytes(); }
  std::shared_ptr<const library::Aggregation> aggregation;

 private:
  DenseView b_;
  MutableDenseView c_;
};

std::string reason(const choice::Verdict& v, const aggregate::Problem& p) {
  std::string words =
      fmt::format("{:.1f} entries a row, {:.1f} MiB of B",
                  static_cast<double>(p.a.columns.size()) / static_cast<double>(std::max<Index>(1, p.a.rows)),
                  static_cast<double>(p.a.cols * p.n) * sizeof(float) / (1 << 20));
  for (const KernelChoice& c : v.candidates) {
    if (c.time_us > 0)
      words += fmt::format(", {} took {:.1f} us", c.name, c.time_us);
    else if (!c.refusal.empty())
      words += fmt::format(", {} refused: {}", c.name, c.refusal);
  }
  return words;
}

/// Times what may win; a B or C of over 1 GiB is left to the models.
library::Chosen choose(const aggregate::Problem& p, const AggregateOptions& options) {
  constexpr Index kMostFloats = Index{1} << 28;
  const Index b_floats = checked_mul(p.a.cols, p.n, "B"), c_floats = checked_mul(p.a.rows, p.n, "C");
  const bool timed = options.kernel.empty() && b_floats <= kMostFloats && c_floats <= kMostFloats;
  const Buffer<float> b = library::numbers(timed ? b_floats : 0);
  const Buffer<float> c(static_cast<std::size_t>(timed ? c_floats : 0));
  const auto list = library::contenders(aggregate::kernels(), p, options.kernel, [&](auto prepared) {
    return std::make_unique<Trial>(std::move(prepared), p.n, p.threads,
                                   DenseView{b.data(), p.a.cols, p.n, p.n},
                                   MutableDenseView{c.data(), p.a.rows, p.n, p.n});
  });
  if (list.empty()) throw Error(kWhere, "there is no kernel '" + options.kernel + "'");
  if (!options.kernel.empty() && list.front().refusal)
    throw Error(kWhere, "kernel " + options.kernel + ": " + *list.front().refusal);
  library::Chosen chosen;
  const choice::Effort effort{
      .timed = 3, .hopeless = 2.5, .time_us = 20e3, .fewest = 2, .most = 8, .give_up = 1.5};
  chosen.verdict = timed ? choice::Contest(effort).hold(list, chosen.winner)
                         : choice::Contest::trust_models(list, chosen.winner);
  chosen.why = options.kernel.empty() ? reason(chosen.verdict, p) : "the caller asked for " + options.kernel;
  return chosen;
}
}  // namespace

AggregatePlan plan_aggregate(const CsrView& a, Index n, const AggregateOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  library::check_threads(kWhere, options.threads);
  check(a);
  if (n < 0) throw Error(kWhere, fmt::format("n is {}", n));
  auto p = std::make_unique<AggregatePlan::Impl>();
  p->rows = a.rows, p->cols = a.cols, p->n = n;
  p->chosen = choose({a, options.reduction, options.weighted, n, options.threads}, options);
  p->aggregation = static_cast<Trial&>(*p->chosen.winner.runnable).aggregation;
  p->chosen.winner.runnable.reset();
  p->planning_us =
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  return AggregatePlan(std::move(p));
}

void AggregatePlan::run(DenseView b, MutableDenseView c) const {
  library::check_features(kWhere, "B", b, impl_->cols, impl_->n);
  library::check_features(kWhere, "C", c, impl_->rows, impl_->n);
  library::check_apart(kWhere, b, c);
  if (impl_->n > 0) impl_->aggregation->run(b, c);
}

void AggregatePlan::run(const float* b, float* c) const {
  run({b, impl_->cols, impl_->n, impl_->n}, {c, impl_->rows, impl_->n, impl_->n});
}

std::string_view AggregatePlan::kernel() const {
  return impl_->chosen.verdict.kernel;
}
std::string AggregatePlan::why() const {
  return impl_->chosen.why;
}
std::span<const KernelChoice> AggregatePlan::candidates() const {
  return impl_->chosen.verdict.candidates;
}
double AggregatePlan::planning_us() const {
  return impl_->planning_us;
}
std::size_t AggregatePlan::bytes() const {
  return impl_->aggregation->bytes();
}
AggregatePlan::AggregatePlan(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
AggregatePlan::AggregatePlan(AggregatePlan&&) noexcept = default;
AggregatePlan& AggregatePlan::operator=(AggregatePlan&&) noexcept = default;
AggregatePlan::~AggregatePlan() = default;

std::vector<std::string> aggregate_kernels() {
  std::vector<std::string> names;
  for (const aggregate::Kernel* kernel : aggregate::kernels()) names.emplace_back(kernel->name);
  return names;
}
}  // namespace tulle
