#include "tulle/attention.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/checked.hpp"
#include "kernels/sparse_attention/kernel.hpp"
#include "library/masked.hpp"

namespace tulle {
namespace {
constexpr const char* kWhere = "attention";
using library::Shares;
using library::ThreadScratch;

struct Sizes {
  Index queries, keys, d, d_v, heads, kv_heads, batch;
};
struct Operands {
  HeadsView q, k, v;
  MutableHeadsView o;
};
}  // namespace

struct AttentionPlan::Impl {
  Sizes sizes;
  int threads = 1;
  std::shared_ptr<const sparse_attention::Prepared> prepared;
  Shares shares;
  mutable std::unique_ptr<LeasePool<ThreadScratch>> scratch;
  library::Chosen chosen;
};

namespace {
sddmm::Rows rows_of(const HeadsView& v, Index batch, Index head) {
  return {v.data + batch * v.batch_stride + head * v.head_stride, v.token_stride};
}

sparse_attention::Head head_of(const Sizes& s, const Operands& o, Index item) {
  const Index batch = item / s.heads, head = item % s.heads, kv = head * s.kv_heads / s.heads;
  return {rows_of(o.q, batch, head), rows_of(o.k, batch, kv), rows_of(o.v, batch, kv),
          o.o.data + batch * o.o.batch_stride + head * o.o.head_stride, o.o.token_stride};
}

void run_on(const sparse_attention::Prepared& prepared, const Shares& shares, const Sizes& sizes, int threads,
            const ThreadScratch& scratch, const Operands& o) noexcept {
  parallel_for(threads, threads, [&](Index first, Index last) {
    for (Index piece = first; piece < last; ++piece)
      shares.visit(shares.start_of(piece, threads), shares.start_of(piece + 1, threads),
                   [&](Index item, Index from, Index to) {
                     prepared.run(head_of(sizes, o, item), scratch.of(piece), from, to);
                   });
  });
}

/// Times one sequence and as many heads as there are threads: what more there is takes as long in proportion.
class Trial final : public choice::Runnable {
 public:
  Trial(std::shared_ptr<const sparse_attention::Prepared> p, const Sizes& sizes, int threads,
        const Operands& operands)
      : prepared(std::move(p)),
        sizes_(sizes),
        shares_(prepared->work(), sizes.heads),
        threads_(threads),
        scratch_(prepared->scratch_floats(), threads),
        operands_(operands) {}
  void run() override { run_on(*prepared, shares_, sizes_, threads_, scratch_, operands_); }
  std::size_t bytes() const override { return prepared->bytes(); }
  std::shared_ptr<const sparse_attention::Prepared> prepared;

 private:
  Sizes sizes_;
  Shares shares_;
  int threads_;
  ThreadScratch scratch_;
  Operands operands_;
};

void check_sizes(const Sizes& s) {
  if (s.d < 0 || s.d_v < 0 || s.heads < 0 || s.batch < 0)
    throw Error(kWhere,
                fmt::format("{} sequences, {} heads, {} and {} numbers", s.batch, s.heads, s.d, s.d_v));
  if (s.heads > 0 && (s.kv_heads < 1 || s.heads % s.kv_heads != 0))
    throw Error(kWhere, fmt::format("{} heads share {} heads of keys; want a divisor", s.heads, s.kv_heads));
}

Index extent_of(const Sizes& s, Index heads, Index tokens, Index d, Index batch_stride, Index head_stride,
                Index token_stride) {
  if (s.batch == 0 || heads == 0 || tokens == 0 || d == 0) return 0;
  return (s.batch - 1) * batch_stride + (heads - 1) * head_stride + (tokens - 1) * token_stride + d;
}

template <class T>
Index check_view(const char* name, const Sizes& s, const HeadsOf<T>& v, Index heads, Index tokens, Index d) {
  if (v.batch_stride < 0 || v.head_stride < 0 || v.token_stride < 0 || (tokens > 1 && v.token_stride < d))
    throw Error(kWhere, fmt::format("{} has strides {}, {}, {}; want none below 0, the last at least {}",
                                    name, v.batch_stride, v.head_stride, v.token_stride, d));
  const Index extent = extent_of(s, heads, tokens, d, v.batch_stride, v.head_stride, v.token_stride);
  if (!v.data && extent > 0) throw Error(kWhere, fmt::format("{} has no data", name));
  return extent;
}

library::Chosen choose(const AttentionMask& mask, const Sizes& sizes, float scale,
                       const AttentionOptions& options) {
  Sizes few = sizes;
  few.batch = 1;
  few.heads = few.kv_heads = std::min<Index>(sizes.heads, options.threads);
  const auto floats = [&](Index tokens, Index d) {
    return library::numbers(checked_mul(few.heads, checked_mul(tokens, d)));
  };
  const Buffer<float> q = floats(few.queries, few.d), k = floats(few.keys, few.d);
  const Buffer<float> v = floats(few.keys, few.d_v), o = floats(few.queries, few.d_v);
  const Operands operands{HeadsView::heads_first(q.data(), few.heads, few.queries, few.d),
                          HeadsView::heads_first(k.data(), few.heads, few.keys, few.d),
                          HeadsView::heads_first(v.data(), few.heads, few.keys, few.d_v),
                          MutableHeadsView::heads_first(o.data(), few.heads, few.queries, few.d_v)};
  const sparse_attention::Problem problem{mask, sizes.d, sizes.d_v, scale};
  const auto list = library::contenders(
      sparse_attention::kernels(options.dtype), problem, options.kernel, [&](auto prepared) {
        return std::make_unique<Trial>(std::move(prepared), few, options.threads, operands);
      });
  return library::choose(kWhere, list, options.kernel, mask);
}
}  // namespace

AttentionPlan plan_attention(const AttentionMask& mask, Index d, Index d_v, Index heads, Index batch,
                             const AttentionOptions& options) {
  library::check_threads(kWhere, options.threads);
  auto p = std::make_unique<AttentionPlan::Impl>();
  p->sizes = {mask.queries(), mask.keys(), d, d_v, heads, options.kv_heads ? options.kv_heads : heads, batch};
  p->threads = options.threads;
  check_sizes(p->sizes);
  checked_mul(heads, batch);
  library::check_dtype(kWhere, options.dtype);
  library::check_entries(kWhere, mask);
  const float scale = options.scale != 0 ? options.scale : d > 0 ? 1 / std::sqrt(static_cast<float>(d)) : 1;
  p->chosen = choose(mask, p->sizes, scale, options);
  p->prepared = static_cast<Trial&>(*p->chosen.winner.runnable).prepared;
  p->chosen.winner.runnable.reset();
  p->shares = Shares(p->prepared->work(), heads * batch);
  p->scratch = std::make_unique<LeasePool<ThreadScratch>>(
      [floats = p->prepared->scratch_floats(), threads = p->threads] {
        return std::make_unique<ThreadScratch>(floats, threads);
      });
  { const LeasePool<ThreadScratch>::Lease first(*p->scratch); }  // so that the first run finds it
  return AttentionPlan(std::move(p));
}

void AttentionPlan::run(const HeadsView& q, const HeadsView& k, const HeadsView& v,
                        const MutableHeadsView& o) const {
  const Sizes& s = impl_->sizes;
  const Index own = check_view("O", s, o, s.heads, s.queries, s.d_v);
  const bool shared = library::overlap(o.data, own, q.data, check_view("Q", s, q, s.heads, s.queries, s.d)) ||
                      library::overlap(o.data, own, k.data, check_view("K", s, k, s.kv_heads, s.keys, s.d)) ||
                      library::overlap(o.data, own, v.data, check_view("V", s, v, s.kv_heads, s.keys, s.d_v));
  if (shared) throw Error(kWhere, "O overlaps Q, K or V");
  if (own == 0) return;
  const LeasePool<ThreadScratch>::Lease scratch(*impl_->scratch);
  run_on(*impl_->prepared, impl_->shares, s, impl_->threads, *scratch, {q, k, v, o});
}

void AttentionPlan::run(const float* q, const float* k, const float* v, float* o) const {
  const Sizes& s = impl_->sizes;
  run(HeadsView::heads_first(q, s.heads, s.queries, s.d), HeadsView::heads_first(k, s.kv_heads, s.keys, s.d),
      HeadsView::heads_first(v, s.kv_heads, s.keys, s.d_v),
      MutableHeadsView::heads_first(o, s.heads, s.queries, s.d_v));
}

std::string_view AttentionPlan::kernel() const {
  return impl_->chosen.verdict.kernel;
}
std::string AttentionPlan::why() const {
  return impl_->chosen.why;
}
std::span<const KernelChoice> AttentionPlan::candidates() const {
  return impl_->chosen.verdict.candidates;
}
std::size_t AttentionPlan::bytes() const {
  return impl_->prepared->bytes();
}
AttentionPlan::AttentionPlan(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
AttentionPlan::AttentionPlan(AttentionPlan&&) noexcept = default;
AttentionPlan& AttentionPlan::operator=(AttentionPlan&&) noexcept = default;
AttentionPlan::~AttentionPlan() = default;

std::vector<std::string> attention_kernels(DType dtype) {
  std::vector<std::string> names;
  for (const sparse_attention::Kernel* kernel : sparse_attention::kernels(dtype))
    names.emplace_back(kernel->name);
  return names;
}
}  // namespace tulle
