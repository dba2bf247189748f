// Products with one vector that is mostly 0: the contest of the family sparse_input, and its runs.
#include "tulle/sparse_input.hpp"

#include <fmt/format.h>

#include <chrono>

#include "choice/contest.hpp"
#include "core/buffer.hpp"
#include "core/lease.hpp"
#include "core/threads.hpp"
#include "kernels/sparse_input/kernel.hpp"
#include "kernels/spmv/kernel.hpp"
#include "library/cold.hpp"

namespace tulle {
namespace {
using sparse_input::Nonzero;

/// A prepared A, by columns or, where all of it is read, by rows.
struct Weights {
  std::unique_ptr<const sparse_input::Prepared> columns;
  std::unique_ptr<const spmv::Prepared> rows;
  std::size_t bytes() const { return columns ? columns->bytes() : rows ? rows->bytes() : 0; }
};

/// The elements that are not 0; `list` has room for all and one more.
std::span<const Nonzero> nonzeros(std::span<const float> x, Buffer<Nonzero>& list) {
  std::size_t count = 0;
  for (std::size_t j = 0; j < x.size(); ++j) {
    list.data()[count] = {static_cast<std::int32_t>(j), x[j]};
    count += x[j] != 0;
  }
  return {list.data(), count};
}
}  // namespace

struct SparseInputPlan::Impl {
  Index rows = 0, cols = 0;
  int threads = 1;
  Weights weights;
  mutable std::unique_ptr<LeasePool<Buffer<Nonzero>>> lists;
  choice::Verdict verdict;
  std::string why;
  double break_even = 0, planning_us = 0;

  void run(const Weights& w, std::span<const float> x, float* y) const {
    if (w.rows) {
      parallel_for(w.rows->blocks(), threads, [&](Index first, Index last) {
        w.rows->run(1, first, last, x.data(), cols, y, rows, nullptr, rows);
      });
    } else if (w.columns) {
      const LeasePool<Buffer<Nonzero>>::Lease list(*lists);
      const std::span<const Nonzero> some = nonzeros(x, *list);
      parallel_for(w.columns->blocks(), threads,
                   [&](Index first, Index last) { w.columns->run(first, last, some, y); });
    }
  }
};

namespace {
/// One candidate on an x of its own: what is timed.
class Trial final : public choice::Runnable {
 public:
  Trial(Weights w, const SparseInputPlan::Impl& plan, double zeros, const library::Evicter* evicter)
      : weights(std::move(w)),
        plan_(plan),
        evicter_(evicter),
        x_(static_cast<std::size_t>(plan.cols)),
        y_(static_cast<std::size_t>(plan.rows)) {
    std::uint32_t bits = 1;
    for (float& x : x_) {
      bits = bits * 1664525u + 1013904223u;  // Knuth, TAOCP 2, 3.3.4
      x = bits >= zeros * 0x1p32 ? 0.5f : 0;
    }
  }
  void run() override { plan_.run(weights, x_.span(), y_.data()); }
  void warm_inputs() override {
    if (evicter_) evicter_->evict();
    float sum = 0;
    for (float v : x_) sum += v;
    sink_ = sum;
  }
  std::size_t bytes() const override { return weights.bytes(); }
  Weights weights;

 private:
  const SparseInputPlan::Impl& plan_;
  const library::Evicter* evicter_;
  Buffer<float> x_, y_;
  volatile float sink_ = 0;
};

void check_options(const CsrView& a, const SparseInputOptions& o) {
  check(a);
  constexpr int kMostThreads = 1024;
  const auto refuse = [](const char* what, std::string why) {
    throw Error(fmt::format("sparse input: {}", what), why);
  };
  if (o.threads < 1 || o.threads > kMostThreads)
    refuse("threads", fmt::format("{}; want 1 to {}", o.threads, kMostThreads));
  if (!(o.zeros >= 0 && o.zeros <= 1)) refuse("zeros", fmt::format("{}; want 0 to 1", o.zeros));
  if (!o.bias.empty() && std::ssize(o.bias) != a.rows)
    refuse("bias", fmt::format("has {} values; want {}, one per row of A", o.bias.size(), a.rows));
  if (o.dtype != DType::f32 && o.dtype != DType::bf16 && o.dtype != DType::i8)
    refuse("dtype", fmt::format("no kernel computes in {}; want f32, bf16 or i8", name(o.dtype)));
  if (!o.scales.empty() && (std::ssize(o.scales) != a.rows || o.dtype != DType::i8))
    refuse("scales", fmt::format("has {} values; want {} for i8, else none", o.scales.size(), a.rows));
}

struct Planning {
  const SparseInputPlan::Impl& plan;
  const SparseInputOptions& options;
  sparse_input::Problem problem;
  spmv::Problem all;  ///< where x counts as if it had no zeros
  const library::Evicter* evicter;
};

template <class Kernel, class Problem>
choice::Contender contender(const Planning& p, const Kernel& kernel, const Problem& problem, bool skips,
                            Weights (*prepare)(const Kernel&, const Problem&)) {
  choice::Contender c{.kernel = std::string(kernel.name), .sparse = skips};
  if (!contains(cpu_features(), kernel.needs))
    c.refusal = "needs " + to_string(kernel.needs) + "; there is " + to_string(cpu_features());
  else
    c.refusal = kernel.refuse(problem);
  if (!c.refusal) c.cost_us = kernel.cost_us(problem);
  c.prepare = [&p, &kernel, &problem, prepare] {
    return std::make_unique<Trial>(prepare(kernel, problem), p.plan, p.options.zeros, p.evicter);
  };
  return c;
}

Weights by_columns(const sparse_input::Kernel& kernel, const sparse_input::Problem& problem) {
  return {.columns = kernel.prepare(problem), .rows = nullptr};
}
Weights by_rows(const spmv::Kernel& kernel, const spmv::Problem& problem) {
  return {.columns = nullptr, .rows = kernel.prepare(problem)};
}

std::vector<choice::Contender> contenders(const Planning& p) {
  const SparseInputOptions& o = p.options;
  std::vector<choice::Contender> list;
  for (const sparse_input::Kernel* kernel : sparse_input::kernels())
    if (kernel->dtype == o.dtype && (o.kernel.empty() || kernel->name == o.kernel))
      list.push_back(contender(p, *kernel, p.problem, true, by_columns));
  if (o.dtype == DType::i8 || !o.kernel.empty())
    return list;  // in i8 spmv takes x in fixed point: other bits
  for (const spmv::Kernel* kernel : spmv::kernels(o.dtype))
    if (kernel->needs != Features::none) list.push_back(contender(p, *kernel, p.all, false, by_rows));
  return list;
}

std::string reason(const SparseInputPlan::Impl& plan, double zeros, bool skips) {
  const choice::Verdict& v = plan.verdict;
  if (v.dense_us == 0)
    return fmt::format("{:.0f} % zeros in x: only kernels that skip columns were timed", 100 * zeros);
  if (v.sparse_us == 0)
    return fmt::format("{:.0f} % zeros in x: skipping columns was not worth a try", 100 * zeros);
  const double ratio = skips ? v.dense_us / v.sparse_us : v.sparse_us / v.dense_us;
  return fmt::format(
      "{:.0f} % zeros in x: {} is {:.2f} times as fast; skipping columns pays from about {:.0f} %",
      100 * zeros, skips ? "skipping columns" : "reading all of A", ratio, 100 * plan.break_even);
}

void choose(SparseInputPlan::Impl& plan, const CsrView& a, const SparseInputOptions& o) {
  std::optional<library::Evicter> evicter;
  if (o.cold && o.kernel.empty()) evicter.emplace();
  const Planning p{
      plan,
      o,
      {.a = a, .bias = o.bias, .scales = o.scales, .activation = o.activation, .nonzeros = 1 - o.zeros},
      {.a = a, .bias = o.bias, .activation = o.activation},
      evicter ? &*evicter : nullptr};
  const std::vector<choice::Contender> list = contenders(p);
  if (list.empty())
    throw Error("sparse input: kernel",
                fmt::format("there is no '{}'; see sparse_input_kernels()", o.kernel));
  const choice::Effort effort{
      .timed = 2, .hopeless = 2, .time_us = 10e3, .fewest = 3, .most = 12, .give_up = 1.5, .cold = o.cold};
  choice::Winner winner;
  if (o.kernel.empty()) {
    plan.verdict = choice::Contest(effort).hold(list, winner);
  } else {
    if (list.front().refusal) throw Error("sparse input: kernel " + o.kernel, *list.front().refusal);
    plan.verdict = choice::Contest::trust_models(list, winner);
  }
  if (!winner.runnable) throw Error(fmt::format("sparse input: {}", name(o.dtype)), *list.back().refusal);
  plan.weights = std::move(static_cast<Trial&>(*winner.runnable).weights);
  plan.break_even = choice::break_even(plan.verdict, o.zeros);
  plan.why = o.kernel.empty() ? reason(plan, o.zeros, list[winner.index].sparse)
                              : "the caller asked for " + o.kernel;
}

void check_length(const char* what, std::size_t have, Index want) {
  if (static_cast<Index>(have) != want)
    throw Error("sparse input", fmt::format("{} has {} elements; the plan wants {}", what, have, want));
}
}  // namespace

SparseInputPlan plan_sparse_input(const CsrView& a, const SparseInputOptions& o) {
  const auto start = std::chrono::steady_clock::now();
  check_options(a, o);
  auto plan = std::make_unique<SparseInputPlan::Impl>();
  plan->rows = a.rows, plan->cols = a.cols, plan->threads = o.threads;
  plan->lists = std::make_unique<LeasePool<Buffer<Nonzero>>>(
      [count = static_cast<std::size_t>(a.cols) + 1] { return std::make_unique<Buffer<Nonzero>>(count); });
  { const LeasePool<Buffer<Nonzero>>::Lease first(*plan->lists); }  // so that the first run finds it
  if (a.rows > 0)
    choose(*plan, a, o);
  else
    plan->why = "nothing to compute: y has no elements";
  plan->planning_us =
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  return SparseInputPlan(std::move(plan));
}

void SparseInputPlan::run(std::span<const float> x, std::span<float> y) const {
  check_length("x", x.size(), impl_->cols);
  check_length("y", y.size(), impl_->rows);
  const std::less<const float*> before;
  if (before(x.data(), y.data() + y.size()) && before(y.data(), x.data() + x.size()))
    throw Error("sparse input", "y overlaps x");
  impl_->run(impl_->weights, x, y.data());
}

std::string_view SparseInputPlan::kernel() const {
  return impl_->verdict.kernel;
}
std::string SparseInputPlan::why() const {
  return impl_->why;
}
std::span<const KernelChoice> SparseInputPlan::candidates() const {
  return impl_->verdict.candidates;
}
double SparseInputPlan::break_even() const {
  return impl_->break_even;
}
double SparseInputPlan::planning_us() const {
  return impl_->planning_us;
}
std::size_t SparseInputPlan::bytes() const {
  return impl_->weights.bytes();
}

SparseInputPlan::SparseInputPlan(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
SparseInputPlan::SparseInputPlan(SparseInputPlan&&) noexcept = default;
SparseInputPlan& SparseInputPlan::operator=(SparseInputPlan&&) noexcept = default;
SparseInputPlan::~SparseInputPlan() = default;

std::vector<std::string> sparse_input_kernels(DType dtype) {
  std::vector<std::string> names;
  for (const sparse_input::Kernel* kernel : sparse_input::kernels())
    if (kernel->dtype == dtype) names.emplace_back(kernel->name);
  return names;
}
}  // namespace tulle
