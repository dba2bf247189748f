#include "tulle/sddmm.hpp"

#include <fmt/format.h>

#include "core/checked.hpp"
#include "formats/blocks.hpp"
#include "kernels/sddmm/kernel.hpp"
#include "library/masked.hpp"
#include "tulle/formats.hpp"

namespace tulle {
struct SddmmPlan::Impl {
  Index queries = 0, keys = 0, d = 0, size = 0;
  int threads = 1;
  std::shared_ptr<const sddmm::Prepared> prepared;
  library::Shares shares;
  mutable std::unique_ptr<LeasePool<library::ThreadScratch>> scratch;
  library::Chosen chosen;
};

namespace {
constexpr const char* kWhere = "sddmm";
using library::Shares;
using library::ThreadScratch;

/// Q and K of a run, or of a trial.
struct Operands {
  sddmm::Rows q, k;
  float* values;
};

void run_on(const sddmm::Prepared& prepared, const Shares& shares, int threads, const ThreadScratch& scratch,
            const Operands& o) noexcept {
  const Index pieces = std::clamp<Index>(threads, 1, std::max<Index>(1, shares.blocks()));
  parallel_for(pieces, threads, [&](Index first, Index last) {
    for (Index piece = first; piece < last; ++piece)
      shares.visit(shares.start_of(piece, pieces), shares.start_of(piece + 1, pieces),
                   [&](Index, Index from, Index to) {
                     prepared.run(o.q, o.k, o.values, scratch.of(piece), from, to);
                   });
  });
}

class Trial final : public choice::Runnable {
 public:
  Trial(std::shared_ptr<const sddmm::Prepared> p, int threads, const Operands& operands)
      : prepared(std::move(p)),
        shares_(prepared->work(), 1),
        threads_(threads),
        scratch_(prepared->scratch_floats(), threads),
        operands_(operands) {}
  void run() override { run_on(*prepared, shares_, threads_, scratch_, operands_); }
  std::size_t bytes() const override { return prepared->bytes(); }
  std::shared_ptr<const sddmm::Prepared> prepared;

 private:
  Shares shares_;
  int threads_;
  ThreadScratch scratch_;
  Operands operands_;
};

void check_rows(const char* name, const DenseView& v, Index rows, Index d) {
  if (v.rows != rows || v.cols != d)
    throw Error(kWhere, fmt::format("{} is {} x {}; the plan wants {} x {}", name, v.rows, v.cols, rows, d));
  if (v.ld < d) throw Error(kWhere, fmt::format("{} has ld {}; want at least {}", name, v.ld, d));
  if (!v.data && rows * d > 0) throw Error(kWhere, fmt::format("{} has no data", name));
}

/// How many values a run writes.
Index size_of(const AttentionMask& mask, const SddmmOptions& o) {
  if (o.block_rows == 0 && o.block_cols == 0) return mask.entries();
  const Csr csr = mask.to_csr();
  if (const auto refusal = bsr_refusal(csr.view(), o.block_rows, o.block_cols)) throw Error(kWhere, *refusal);
  return count_blocks(csr.view(), {o.block_rows, o.block_cols}, kLargestTensorBytes) * o.block_rows *
         o.block_cols;
}

Index extent_of(const DenseView& v) {
  return v.rows > 0 ? (v.rows - 1) * v.ld + v.cols : 0;
}
}  // namespace

SddmmPlan plan_sddmm(const AttentionMask& mask, Index d, const SddmmOptions& options) {
  library::check_threads(kWhere, options.threads);
  if (d < 0) throw Error(kWhere, fmt::format("d is {}", d));
  library::check_dtype(kWhere, options.dtype);
  library::check_entries(kWhere, mask);
  auto p = std::make_unique<SddmmPlan::Impl>();
  p->queries = mask.queries(), p->keys = mask.keys(), p->d = d, p->size = size_of(mask, options),
  p->threads = options.threads;
  const Buffer<float> q = library::numbers(checked_mul(mask.queries(), d)),
                      k = library::numbers(checked_mul(mask.keys(), d));
  const Buffer<float> values(static_cast<std::size_t>(p->size));
  const sddmm::Problem problem{mask, d, options.scale, options.block_rows, options.block_cols};
  const auto list =
      library::contenders(sddmm::kernels(options.dtype), problem, options.kernel, [&](auto prepared) {
        return std::make_unique<Trial>(std::move(prepared), options.threads,
                                       Operands{{q.data(), d}, {k.data(), d}, values.data()});
      });
  p->chosen = library::choose(kWhere, list, options.kernel, mask);
  p->prepared = static_cast<Trial&>(*p->chosen.winner.runnable).prepared;
  p->chosen.winner.runnable.reset();
  p->shares = Shares(p->prepared->work(), 1);
  p->scratch = std::make_unique<LeasePool<ThreadScratch>>(
      [floats = p->prepared->scratch_floats(), threads = p->threads] {
        return std::make_unique<ThreadScratch>(floats, threads);
      });
  { const LeasePool<ThreadScratch>::Lease first(*p->scratch); }  // so that the first run finds it
  return SddmmPlan(std::move(p));
}

void SddmmPlan::run(DenseView q, DenseView k, float* values) const {
  const Impl& p = *impl_;
  check_rows("Q", q, p.queries, p.d);
  check_rows("K", k, p.keys, p.d);
  const auto *q_data = static_cast<const float*>(q.data), *k_data = static_cast<const float*>(k.data);
  if (library::overlap(values, p.size, q_data, extent_of(q)) ||
      library::overlap(values, p.size, k_data, extent_of(k)))
    throw Error(kWhere, "the values overlap Q or K");
  const LeasePool<ThreadScratch>::Lease scratch(*p.scratch);
  run_on(*p.prepared, p.shares, p.threads, *scratch, {{q_data, q.ld}, {k_data, k.ld}, values});
}

void SddmmPlan::run(const float* q, const float* k, float* values) const {
  run({q, impl_->queries, impl_->d, impl_->d}, {k, impl_->keys, impl_->d, impl_->d}, values);
}

Index SddmmPlan::size() const {
  return impl_->size;
}
std::string_view SddmmPlan::kernel() const {
  return impl_->chosen.verdict.kernel;
}
std::string SddmmPlan::why() const {
  return impl_->chosen.why;
}
std::span<const KernelChoice> SddmmPlan::candidates() const {
  return impl_->chosen.verdict.candidates;
}
std::size_t SddmmPlan::bytes() const {
  return impl_->prepared->bytes();
}
SddmmPlan::SddmmPlan(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
SddmmPlan::SddmmPlan(SddmmPlan&&) noexcept = default;
SddmmPlan& SddmmPlan::operator=(SddmmPlan&&) noexcept = default;
SddmmPlan::~SddmmPlan() = default;

std::vector<std::string> sddmm_kernels(DType dtype) {
  std::vector<std::string> names;
  for (const sddmm::Kernel* kernel : sddmm::kernels(dtype)) names.emplace_back(kernel->name);
  return names;
}
}  // namespace tulle
