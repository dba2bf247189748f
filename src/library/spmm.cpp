// Planning: checks, offers, the contest.
#include <fmt/format.h>

#include <chrono>
#include <cstring>

#include "library/spmm_plan.hpp"

namespace tulle {
namespace {
using library::Kept;
using library::Offer;
using library::Operands;
using library::Product;
using library::Scratch;
using library::Task;

std::string where(std::string_view what) {
  return fmt::format("spmm: {}", what);
}

void check_options(const CsrView& a, Index n, const SpmmOptions& o) {
  check(a);
  constexpr int kMostThreads = 1024;
  if (n < 0) throw Error(where("n"), fmt::format("is {}; want at least 0", n));
  if (o.threads < 1 || o.threads > kMostThreads)
    throw Error(where("threads"), fmt::format("{}; want 1 to {}", o.threads, kMostThreads));
  if (!o.bias.empty() && std::ssize(o.bias) != a.rows)
    throw Error(where("bias"),
                fmt::format("has {} values; want {}, one per row of C", o.bias.size(), a.rows));
  if (!o.scales.empty() && (std::ssize(o.scales) != a.rows || o.dtype != DType::i8))
    throw Error(where("scales"),
                fmt::format("has {} values; want {} for i8, else none", o.scales.size(), a.rows));
  if (o.zero_point < -128 || o.zero_point > 127 || (o.zero_point != 0 && o.dtype != DType::i8))
    throw Error(where("zero_point"), fmt::format("is {}; want -128 to 127 for i8, else 0", o.zero_point));
}

Index planned_ld(std::string_view what, DenseOrder order, Index rows, Index cols, Index ld) {
  const Index natural = natural_ld(order, rows, cols);
  if (ld == 0) return natural;
  if (ld < natural) throw Error(where(what), fmt::format("is {}; want at least {}", ld, natural));
  return ld;
}

Kept keep(const CsrView& a, const SpmmOptions& o) {
  Kept k{{a.rows, a.cols, {}, {}, {}}, {o.bias.begin(), o.bias.end()}, {o.scales.begin(), o.scales.end()}};
  if (o.alpha == 0) {
    k.a.offsets.assign(static_cast<std::size_t>(a.rows) + 1, 0);
    return k;
  }
  k.a.offsets.assign(a.offsets.begin(), a.offsets.end());
  k.a.columns.assign(a.columns.begin(), a.columns.end());
  if (o.dtype == DType::i8) {  // its values stay whole
    if (k.scales.empty()) k.scales.assign(static_cast<std::size_t>(a.rows), 1);
    for (float& scale : k.scales) scale *= o.alpha;
    k.a.values.assign(a.values.begin(), a.values.end());
    return k;
  }
  k.a.values.assign(a.values.begin(), a.values.end());
  if (o.alpha != 1)
    for (float& value : k.a.values) value *= o.alpha;
  return k;
}

/// One candidate on operands of its own: what is timed.
class Trial final : public choice::Runnable {
 public:
  Trial(std::unique_ptr<Product> p, const Operands& operands, Index b_floats)
      : product(std::move(p)),
        scratch_(product->scratch_floats()),
        operands_(operands),
        b_floats_(b_floats) {}
  void run() override { product->run(operands_, scratch_.floats.data()); }
  void warm_inputs() override {
    float sum = 0;
    for (Index i = 0; i < b_floats_; i += 16) sum += operands_.b[i];
    sink_ = sum;
  }
  std::size_t bytes() const override { return product->bytes(); }
  std::unique_ptr<Product> product;

 private:
  Scratch scratch_;
  Operands operands_;
  Index b_floats_;
  volatile float sink_ = 0;
};

std::vector<Offer> all_offers(const Task& task) {
  std::vector<Offer> offers;
  library::offer_tiles(task, offers);
  library::offer_rows(task, offers);
  library::offer_vectors(task, offers);
  library::offer_narrow(task, offers);
  return offers;
}

bool pads(const Offer& o) {
  return !o.sparse || o.pads;
}

std::optional<std::string> refusal(const Offer& offer, const Task& task, const SpmmOptions& o) {
  const Features have = cpu_features();
  if (!contains(have, offer.needs))
    return "needs " + to_string(offer.needs) + "; there is " + to_string(have);
  if (offer.dtype != o.dtype)
    return fmt::format("computes in {}; {} was asked for", name(offer.dtype), name(o.dtype));
  if (!o.finite && pads(offer)) return "multiplies absent entries, and B may hold Inf or NaN";
  if (!o.sparse && offer.sparse && !offer.reference) return "only dense kernels were asked for";
  if (offer.refusal) return offer.refusal;
  if (task.dtype != DType::f32)
    return std::nullopt;  // where dense may take more instructions than sparse, or fewer
  if (o.kernel.empty() && offer.sparse && !offer.reference)
    return choice::too_dense(task.a.nnz(), task.a.rows * task.a.cols);
  return std::nullopt;
}

/// Small numbers, so that sums stay finite whatever the beta.
struct TrialOperands {
  TrialOperands(DType dtype, Index b_count, Index c_count)
      : b(static_cast<std::size_t>(b_count)), c(static_cast<std::size_t>(c_count)) {
    for (std::size_t i = 0; i < b.size(); ++i) b[i] = 0.01f * static_cast<float>(i % 64) - 0.3f;
    constexpr int kSmall = 0x3c;  // whose double byte is a small bf16
    if (dtype != DType::f32) std::memset(b.data(), kSmall, b.size() * sizeof(float));
  }
  Buffer<float> b, c;
};

std::vector<choice::Contender> contenders(const SpmmPlan::Impl& p, const SpmmOptions& o,
                                          const TrialOperands& t) {
  std::vector<choice::Contender> list;
  for (Offer& offer : all_offers(p.task)) {
    if (o.kernel.empty() ? offer.dtype != o.dtype : offer.kernel != o.kernel) continue;
    choice::Contender c{.kernel = offer.kernel,
                        .sparse = offer.sparse,
                        .refusal = refusal(offer, p.task, o),
                        .cost_us = offer.cost_us};
    const Operands operands{t.b.data(), t.c.data(), t.c.data()};
    c.prepare = [prepare = std::move(offer.prepare), operands, floats = p.b_floats()] {
      return std::make_unique<Trial>(prepare(), operands, floats);
    };
    list.push_back(std::move(c));
  }
  return list;
}

void choose(SpmmPlan::Impl& p, const SpmmOptions& o) {
  const TrialOperands operands(o.dtype, p.b_floats(), p.c_floats());
  const std::vector<choice::Contender> list = contenders(p, o, operands);
  if (list.empty() && !o.kernel.empty())
    throw Error(where("kernel"), fmt::format("there is no '{}'; see spmm_kernels()", o.kernel));
  choice::Winner winner;
  if (o.kernel.empty()) {
    if (!list.empty()) {
      const choice::Effort effort =
          o.thorough ? choice::thorough_effort(o.cold) : choice::quick_effort(o.cold);
      p.verdict = choice::Contest(effort).hold(list, winner);
    }
  } else {
    if (list.front().refusal) throw Error(where("kernel " + o.kernel), *list.front().refusal);
    p.verdict = choice::Contest::trust_models(list, winner);
  }
  if (!winner.runnable && !list.empty() && list.back().refusal)
    throw Error(where(name(o.dtype)), *list.back().refusal);
  if (!winner.runnable) throw Error(where("dtype"), fmt::format("no kernel computes in {}", name(o.dtype)));
  p.product = std::move(static_cast<Trial&>(*winner.runnable).product);
  const double cells = static_cast<double>(p.task.a.rows) * static_cast<double>(p.task.a.cols);
  const double zeros = cells > 0 ? 1 - static_cast<double>(p.task.a.nnz()) / cells : 0;
  p.break_even = choice::break_even(p.verdict, zeros);
  p.why = o.kernel.empty() ? choice::reason(p.verdict, zeros, list[winner.index].sparse)
                           : "the caller asked for " + o.kernel;
}
}  // namespace

SpmmPlan plan_spmm(const CsrView& a, Index n, const SpmmOptions& o) {
  const auto start = std::chrono::steady_clock::now();
  check_options(a, n, o);
  auto p = std::make_unique<SpmmPlan::Impl>();
  p->kept = keep(a, o);
  p->beta = o.beta;
  p->residual = o.residual;
  p->task = {.a = p->kept.a.view(),
             .n = n,
             .dtype = o.dtype,
             .scales = p->kept.scales,
             .zero_point = o.zero_point,
             .b_order = o.b_order,
             .c_order = o.c_order,
             .ldb = planned_ld("ldb", o.b_order, a.cols, n, o.ldb),
             .ldc = planned_ld("ldc", o.c_order, a.rows, n, o.ldc),
             .bias = p->kept.bias,
             .residual = o.residual || o.beta != 0,
             .activation = o.activation,
             .threads = o.threads};
  if (n > 0 && a.rows > 0)
    choose(*p, o);
  else
    p->why = "nothing to compute: C has no elements";
  p->scratch = std::make_unique<LeasePool<Scratch>>(
      [floats = p->product ? p->product->scratch_floats() : 0] { return std::make_unique<Scratch>(floats); });
  { const LeasePool<Scratch>::Lease first(*p->scratch); }  // so that the first run finds it
  p->planning_us =
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  if (p->verdict.time_us > 0 && !o.thorough)
    p->why += fmt::format("; planning took {:.1f} ms, as long as {:.0f} runs", p->planning_us / 1e3,
                          p->planning_us / p->verdict.time_us);
  return SpmmPlan(std::move(p));
}

std::vector<std::string> spmm_kernels(DType dtype) {
  const std::vector<Index> offsets{0};
  const Task nothing{.a = {.offsets = offsets}};
  std::vector<std::string> names;
  for (const Offer& offer : all_offers(nothing))
    if (offer.dtype == dtype) names.push_back(offer.kernel);
  return names;
}
}  // namespace tulle
