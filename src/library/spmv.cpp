// Products with one vector: the contest of the family spmv, and its runs.
#include "tulle/spmv.hpp"

#include <fmt/format.h>

#include <chrono>

#include "choice/contest.hpp"
#include "core/buffer.hpp"
#include "core/lease.hpp"
#include "core/threads.hpp"
#include "kernels/spmv/fixed_point.hpp"
#include "library/cold.hpp"

namespace tulle {
struct SpmvPlan::Impl {
  Index rows = 0, cols = 0;
  int threads = 1;
  bool residual = false;
  spmv::PackFixedPoint pack = nullptr;  ///< of i8, and where it packs to
  mutable std::unique_ptr<LeasePool<Buffer<float>>> fixed;
  std::unique_ptr<const spmv::Prepared> product;
  choice::Verdict verdict;
  std::string why;
  double break_even = 0, planning_us = 0;
};

namespace {
void multiply(const spmv::Prepared& product, const SpmvPlan::Impl& p, const float* x, float* y,
              const float* r) noexcept {
  parallel_for(product.blocks(), p.threads, [&](Index first, Index last) {
    product.run(1, first, last, x, p.cols, y, p.rows, r, p.rows);
  });
}

/// y from x as runs are given it.
void run_product(const spmv::Prepared& product, const SpmvPlan::Impl& p, const float* x, float* y,
                 const float* r) {
  if (!p.pack) return multiply(product, p, x, y, r);
  const LeasePool<Buffer<float>>::Lease fixed(*p.fixed);
  p.pack(x, p.cols, fixed->data());
  multiply(product, p, fixed->data(), y, r);
}

/// One candidate on vectors of its own: what is timed.
class Trial final : public choice::Runnable {
 public:
  Trial(std::unique_ptr<const spmv::Prepared> p, const SpmvPlan::Impl& plan, const library::Evicter* evicter)
      : product(std::move(p)),
        plan_(plan),
        evicter_(evicter),
        x_(static_cast<std::size_t>(plan.cols)),
        y_(static_cast<std::size_t>(plan.rows)) {
    for (std::size_t i = 0; i < x_.size(); ++i) x_[i] = 0.01f * static_cast<float>(i % 64) - 0.3f;
  }
  void run() override {
    run_product(*product, plan_, x_.data(), y_.data(), plan_.residual ? y_.data() : nullptr);
  }
  void warm_inputs() override {
    if (evicter_) evicter_->evict();
    float sum = 0;
    for (float v : x_) sum += v;
    sink_ = sum;
  }
  std::size_t bytes() const override { return product->bytes(); }
  std::unique_ptr<const spmv::Prepared> product;

 private:
  const SpmvPlan::Impl& plan_;
  const library::Evicter* evicter_;
  Buffer<float> x_, y_;
  volatile float sink_ = 0;
};

void check_options(const CsrView& a, const SpmvOptions& o) {
  check(a);
  constexpr int kMostThreads = 1024;
  if (o.threads < 1 || o.threads > kMostThreads)
    throw Error("spmv: threads", fmt::format("{}; want 1 to {}", o.threads, kMostThreads));
  if (!o.bias.empty() && std::ssize(o.bias) != a.rows)
    throw Error("spmv: bias", fmt::format("has {} values; want {}, one per row of A", o.bias.size(), a.rows));
  if (o.dtype != DType::f32 && o.dtype != DType::bf16 && o.dtype != DType::i8)
    throw Error("spmv: dtype", fmt::format("no kernel computes in {}; want f32, bf16 or i8", name(o.dtype)));
  if (!o.scales.empty() && (std::ssize(o.scales) != a.rows || o.dtype != DType::i8))
    throw Error("spmv: scales",
                fmt::format("has {} values; want {} for i8, else none", o.scales.size(), a.rows));
  if (!o.finite && o.dtype == DType::i8)
    throw Error("spmv: finite", "is false; i8 takes x in fixed point, which has neither Inf nor NaN");
}

std::optional<std::string> refusal(const spmv::Kernel& kernel, const spmv::Problem& p, const SpmvOptions& o) {
  const Features have = cpu_features();
  const bool reference = kernel.needs == Features::none;
  if (!contains(have, kernel.needs))
    return "needs " + to_string(kernel.needs) + "; there is " + to_string(have);
  if (!o.finite && (!kernel.sparse || kernel.pads))
    return "multiplies absent entries, and x may hold Inf or NaN";
  if (!o.sparse && kernel.sparse && !reference) return "only dense kernels were asked for";
  if (auto own = kernel.refuse(p)) return own;
  if (o.kernel.empty() && kernel.sparse && !reference)
    return choice::too_dense(p.a.nnz(), p.a.rows * p.a.cols);  // each below 2^31: check(a)
  return std::nullopt;
}

std::vector<choice::Contender> contenders(const spmv::Problem& p, const SpmvPlan::Impl& plan,
                                          const SpmvOptions& o, const library::Evicter* evicter) {
  std::vector<choice::Contender> list;
  for (const spmv::Kernel* kernel : spmv::kernels(o.dtype)) {
    if (!o.kernel.empty() && kernel->name != o.kernel) continue;
    choice::Contender c{
        .kernel = std::string(kernel->name), .sparse = kernel->sparse, .refusal = refusal(*kernel, p, o)};
    if (!c.refusal) c.cost_us = kernel->cost_us(p);
    c.prepare = [kernel, &p, &plan, evicter] {
      return std::make_unique<Trial>(kernel->prepare(p), plan, evicter);
    };
    list.push_back(std::move(c));
  }
  return list;
}

/// Cost models know kernels whose weights are near; from memory the forms of fewest bytes win, whatever their
/// models say, and each timed run finds the caches emptied: then more of them are tried.
choice::Effort effort(bool cold) {
  return {.timed = cold ? 6u : 3u,
          .hopeless = cold ? 4.0 : 2.0,
          .time_us = 10e3,
          .fewest = 3,
          .most = 12,
          .give_up = 1.5,
          .cold = cold};
}

void choose(SpmvPlan::Impl& plan, const spmv::Problem& p, const SpmvOptions& o) {
  std::optional<library::Evicter> evicter;
  if (o.cold && o.kernel.empty()) evicter.emplace();
  const std::vector<choice::Contender> list = contenders(p, plan, o, evicter ? &*evicter : nullptr);
  if (list.empty())
    throw Error("spmv: kernel", fmt::format("there is no '{}'; see spmv_kernels()", o.kernel));
  choice::Winner winner;
  if (o.kernel.empty()) {
    plan.verdict = choice::Contest(effort(o.cold)).hold(list, winner);
  } else {
    if (list.front().refusal) throw Error("spmv: kernel " + o.kernel, *list.front().refusal);
    plan.verdict = choice::Contest::trust_models(list, winner);
  }
  if (!winner.runnable) throw Error(fmt::format("spmv: {}", name(o.dtype)), *list.back().refusal);
  plan.product = std::move(static_cast<Trial&>(*winner.runnable).product);
  const double cells = static_cast<double>(p.a.rows) * static_cast<double>(p.a.cols);
  const double zeros = cells > 0 ? 1 - static_cast<double>(p.a.nnz()) / cells : 0;
  plan.break_even = choice::break_even(plan.verdict, zeros);
  plan.why = o.kernel.empty() ? choice::reason(plan.verdict, zeros, list[winner.index].sparse)
                              : "the caller asked for " + o.kernel;
}

void check_length(const char* what, std::span<const float> v, Index want) {
  if (std::ssize(v) != want)
    throw Error("spmv", fmt::format("{} has {} elements; the plan wants {}", what, v.size(), want));
}
bool overlap(std::span<const float> a, std::span<const float> b) {
  const std::less<const float*> before;
  return before(a.data(), b.data() + b.size()) && before(b.data(), a.data() + a.size());
}
}  // namespace

SpmvPlan plan_spmv(const CsrView& a, const SpmvOptions& o) {
  const auto start = std::chrono::steady_clock::now();
  check_options(a, o);
  auto plan = std::make_unique<SpmvPlan::Impl>();
  plan->rows = a.rows;
  plan->cols = a.cols;
  plan->threads = o.threads;
  plan->residual = o.residual;
  if (o.dtype == DType::i8) {
    plan->pack = spmv::fixed_point_packer(cpu_features());
    plan->fixed = std::make_unique<LeasePool<Buffer<float>>>([floats = spmv::fixed_point_floats(a.cols)] {
      return std::make_unique<Buffer<float>>(static_cast<std::size_t>(floats));
    });
    const LeasePool<Buffer<float>>::Lease first(*plan->fixed);  // so that the first run finds it
  }
  const spmv::Problem p{
      .a = a, .bias = o.bias, .residual = o.residual, .activation = o.activation, .scales = o.scales};
  if (a.rows > 0)
    choose(*plan, p, o);
  else
    plan->why = "nothing to compute: y has no elements";
  plan->planning_us =
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  if (plan->verdict.time_us > 0)
    plan->why += fmt::format("; planning took {:.1f} ms, as long as {:.0f} runs", plan->planning_us / 1e3,
                             plan->planning_us / plan->verdict.time_us);
  return SpmvPlan(std::move(plan));
}

void SpmvPlan::run(std::span<const float> x, std::span<float> y, std::span<const float> r) const {
  check_length("x", x, impl_->cols);
  check_length("y", y, impl_->rows);
  if (impl_->residual) check_length("the residual", r, impl_->rows);
  if (!impl_->residual && !r.empty())
    throw Error("spmv", "a residual is given, but the plan has none (SpmvOptions::residual)");
  if (overlap(x, y)) throw Error("spmv", "y overlaps x");
  if (impl_->residual && r.data() != y.data() && overlap(r, y))
    throw Error("spmv", "y overlaps the residual without being the same");
  if (impl_->product) run_product(*impl_->product, *impl_, x.data(), y.data(), r.data());
}

std::string_view SpmvPlan::kernel() const {
  return impl_->verdict.kernel;
}
std::string SpmvPlan::why() const {
  return impl_->why;
}
std::span<const KernelChoice> SpmvPlan::candidates() const {
  return impl_->verdict.candidates;
}
double SpmvPlan::break_even() const {
  return impl_->break_even;
}
double SpmvPlan::planning_us() const {
  return impl_->planning_us;
}
std::size_t SpmvPlan::bytes() const {
  return impl_->product ? impl_->product->bytes() : 0;
}

SpmvPlan::SpmvPlan(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
SpmvPlan::SpmvPlan(SpmvPlan&&) noexcept = default;
SpmvPlan& SpmvPlan::operator=(SpmvPlan&&) noexcept = default;
SpmvPlan::~SpmvPlan() = default;

std::vector<std::string> spmv_kernels(DType dtype) {
  std::vector<std::string> names;
  for (const spmv::Kernel* kernel : spmv::kernels(dtype)) names.emplace_back(kernel->name);
  return names;
}
}  // namespace tulle
