// Runs of a plan: the checks at the door, beta, and operands that lie otherwise than planned.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/threads.hpp"
#include "formats/layout.hpp"
#include "library/spmm_plan.hpp"

namespace tulle {
namespace {
using library::Operands;
using library::Task;

/// A dense matrix as lines of neighbours: rows, columns (tokens), or panels, each `length` long.
struct Lines {
  Index count, length;
};
Lines lines_of(DenseOrder order, Index rows, Index cols) {
  if (order == DenseOrder::panels) return {(cols + kLanes - 1) / kLanes, rows * kLanes};
  return order == DenseOrder::tokens ? Lines{cols, rows} : Lines{rows, cols};
}

void copy_lines(const Lines& lines, const void* src, Index src_ld, void* dst, Index dst_ld,
                std::size_t element = sizeof(float)) {
  const auto bytes = static_cast<Index>(element);
  for (Index i = 0; i < lines.count; ++i)
    std::memcpy(static_cast<std::byte*>(dst) + i * dst_ld * bytes,
                static_cast<const std::byte*>(src) + i * src_ld * bytes,
                static_cast<std::size_t>(lines.length * bytes));
}

void check_shape(const char* what, const DenseView& v, DenseOrder order, Index rows, Index cols) {
  if (v.rows != rows || v.cols != cols)
    throw Error("spmm",
                fmt::format("{} is {} x {}; the plan wants {} x {}", what, v.rows, v.cols, rows, cols));
  if (v.ld < natural_ld(order, rows, cols))
    throw Error("spmm",
                fmt::format("{} has ld {}; want at least {}", what, v.ld, natural_ld(order, rows, cols)));
  if (!v.data && extent(order, rows, cols, v.ld) > 0)
    throw Error("spmm", fmt::format("{} has no data", what));
}

bool overlap(const void* a, Index a_bytes, const void* b, Index b_bytes) {
  const auto first = reinterpret_cast<std::uintptr_t>(a), second = reinterpret_cast<std::uintptr_t>(b);
  return first < second + static_cast<std::size_t>(b_bytes) &&
         second < first + static_cast<std::size_t>(a_bytes);
}

/// C = beta C + R, R perhaps none.
void scale_and_add(const SpmmPlan::Impl& p, float* c, const float* r) noexcept {
  const Lines lines = lines_of(p.task.c_order, p.task.a.rows, p.task.n);
  parallel_for(lines.count, p.task.threads, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i)
      for (Index j = i * p.task.ldc; j < i * p.task.ldc + lines.length; ++j)
        c[j] = p.beta * c[j] + (r ? r[j] : 0.0f);
  });
}

void run_planned(const SpmmPlan::Impl& p, const float* b, float* c, const float* r) {
  const LeasePool<Buffer<float>>::Lease scratch(*p.scratch);
  if (p.beta != 0 && (p.beta != 1 || r)) scale_and_add(p, c, r);
  p.planned.product->run({b, c, p.beta != 0 ? c : r}, scratch->data());
}

/// Through copies that lie as the plan has it.
void run_copied(const SpmmPlan::Impl& p, DenseView b, MutableDenseView c, DenseView r) {
  const Task& t = p.task;
  const Lines b_lines = lines_of(t.b_order, t.a.cols, t.n), c_lines = lines_of(t.c_order, t.a.rows, t.n);
  const Buffer<float> own_b(static_cast<std::size_t>(p.b_floats())),
      own_c(static_cast<std::size_t>(p.c_floats()));
  const Buffer<float> own_r(p.residual ? own_c.size() : 0);
  copy_lines(b_lines, b.data, b.ld, own_b.data(), t.ldb, size_bytes(t.dtype));
  if (p.beta != 0) copy_lines(c_lines, c.data, c.ld, own_c.data(), t.ldc);
  if (p.residual) copy_lines(c_lines, r.data, r.ld, own_r.data(), t.ldc);
  run_planned(p, own_b.data(), own_c.data(), p.residual ? own_r.data() : nullptr);
  copy_lines(c_lines, own_c.data(), t.ldc, c.data, c.ld);
}
}  // namespace

void SpmmPlan::run(DenseView b, MutableDenseView c, DenseView r) const {
  const Task& t = impl_->task;
  check_shape("B", b, t.b_order, t.a.cols, t.n);
  check_shape("C", c, t.c_order, t.a.rows, t.n);
  if (impl_->residual) check_shape("R", r, t.c_order, t.a.rows, t.n);
  if (!impl_->residual && r.data)
    throw Error("spmm", "a residual is given, but the plan has none (SpmmOptions::residual)");
  if (!impl_->planned.product) return;
  const Index c_bytes = extent(t.c_order, t.a.rows, t.n, c.ld) * Index{sizeof(float)};
  const Index b_bytes = extent(t.b_order, t.a.cols, t.n, b.ld) * static_cast<Index>(size_bytes(t.dtype));
  if (overlap(b.data, b_bytes, c.data, c_bytes)) throw Error("spmm", "C overlaps B");
  const bool in_place = r.data == c.data && r.ld == c.ld;
  if (impl_->residual && !in_place && overlap(r.data, c_bytes, c.data, c_bytes))
    throw Error("spmm", "C overlaps R without being the same");
  if (b.ld != t.ldb || c.ld != t.ldc || (impl_->residual && r.ld != t.ldc))
    return run_copied(*impl_, b, c, r);
  run_planned(*impl_, static_cast<const float*>(b.data), static_cast<float*>(c.data),
              static_cast<const float*>(r.data));
}

void SpmmPlan::run(const float* b, float* c, const float* residual) const {
  const Task& t = impl_->task;
  if (t.dtype != DType::f32)
    throw Error("spmm", fmt::format("B is f32; the plan wants {} (run with a DenseView)", name(t.dtype)));
  run({b, t.a.cols, t.n, t.ldb}, {c, t.a.rows, t.n, t.ldc}, {residual, t.a.rows, t.n, t.ldc});
}

std::string_view SpmmPlan::kernel() const {
  return impl_->planned.verdict.kernel;
}
std::string SpmmPlan::why() const {
  return impl_->planned.why;
}
std::span<const KernelChoice> SpmmPlan::candidates() const {
  return impl_->planned.verdict.candidates;
}
double SpmmPlan::break_even() const {
  return impl_->planned.break_even;
}
double SpmmPlan::planning_us() const {
  return impl_->planning_us;
}
std::size_t SpmmPlan::bytes() const {
  return impl_->planned.product ? impl_->planned.product->bytes() : 0;
}

SpmmPlan::SpmmPlan(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
SpmmPlan::SpmmPlan(SpmmPlan&&) noexcept = default;
SpmmPlan& SpmmPlan::operator=(SpmmPlan&&) noexcept = default;
SpmmPlan::~SpmmPlan() = default;
}  // namespace tulle
