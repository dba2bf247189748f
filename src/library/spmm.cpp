// Planning: checks, offers, the contest.
#include <fmt/format.h>

#include <chrono>

#include "library/spmm_plan.hpp"

namespace tulle {
namespace {
using library::Kept;
using library::Offer;
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

std::vector<Offer> all_offers(const Task& task) {
  std::vector<Offer> offers;
  library::offer_tiles(task, offers);
  library::offer_rows(task, offers);
  library::offer_vectors(task, offers);
  library::offer_narrow(task, offers);
  return offers;
}

library::Planned choose(const SpmmPlan::Impl& p, const SpmmOptions& o) {
  return library::plan(all_offers(p.task),
                       {.where = "spmm",
                        .kernel = o.kernel,
                        .listed = "spmm_kernels()",
                        .dtype = o.dtype,
                        .sparse = o.sparse,
                        .finite = o.finite,
                        .effort = o.thorough ? choice::thorough_effort(o.cold) : choice::quick_effort(o.cold),
                        .b_floats = p.b_floats(),
                        .c_floats = p.c_floats(),
                        .entries = p.task.a.nnz(),
                        .possible = p.task.a.rows * p.task.a.cols});
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
    p->planned = choose(*p, o);
  else
    p->planned.why = "nothing to compute: C has no elements";
  const Index floats = p->planned.product ? p->planned.product->scratch_floats() : 0;
  p->scratch = std::make_unique<LeasePool<Buffer<float>>>(
      [floats] { return std::make_unique<Buffer<float>>(static_cast<std::size_t>(floats)); });
  { const LeasePool<Buffer<float>>::Lease first(*p->scratch); }  // so that the first run finds it
  p->planning_us =
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  if (p->planned.verdict.time_us > 0 && !o.thorough)
    p->planned.why += fmt::format("; planning took {:.1f} ms, as long as {:.0f} runs", p->planning_us / 1e3,
                                  p->planning_us / p->planned.verdict.time_us);
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
