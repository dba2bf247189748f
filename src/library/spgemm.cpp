// Products of two sparse matrices: the pattern once, the values as often as wanted.
#include "tulle/spgemm.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/buffer.hpp"
#include "core/checked.hpp"
#include "core/lease.hpp"
#include "core/threads.hpp"
#include "formats/arrays.hpp"
#include "kernels/spgemm/kernel.hpp"
#include "kernels/spgemm/symbolic.hpp"

namespace tulle {
struct SpgemmPlan::Impl {
  Csr a, b;  // patterns; values are those of the run
  std::vector<Index> offsets;
  std::vector<std::int32_t> columns;
  std::vector<Index> cuts;  // rows at which the next thread begins
  Index products = 0, words = 0;
  const spgemm::Kernel* kernel = nullptr;
  mutable std::unique_ptr<LeasePool<Buffer<std::uint32_t>>> scratch;

  template <class Body>
  void for_pieces(const Body& body) const noexcept {
    const Index pieces = std::ssize(cuts) - 1;
    parallel_for(pieces, static_cast<int>(pieces), [&](Index first, Index last) {
      for (Index k = first; k < last; ++k)
        body(k, cuts[static_cast<std::size_t>(k)], cuts[static_cast<std::size_t>(k) + 1]);
    });
  }
};

namespace {
void check_operands(const CsrView& a, const CsrView& b, const SpgemmOptions& o) {
  check(a);
  check(b);
  if (o.mask) check(*o.mask);
  constexpr int kMostThreads = 1024;
  if (a.cols != b.rows)
    throw Error("spgemm", fmt::format("A has {} columns, B {} rows; want as many", a.cols, b.rows));
  if (o.mask && (o.mask->rows != a.rows || o.mask->cols != b.cols))
    throw Error("spgemm: mask",
                fmt::format("is {} x {}; want {} x {}, as C", o.mask->rows, o.mask->cols, a.rows, b.cols));
  if (o.threads < 1 || o.threads > kMostThreads)
    throw Error("spgemm: threads", fmt::format("{}; want 1 to {}", o.threads, kMostThreads));
}

const spgemm::Kernel* kernel_of(const std::string& name) {
  for (const spgemm::Kernel* k : spgemm::kernels())
    if (name.empty() || k->name == name) return k;
  throw Error("spgemm: kernel", fmt::format("there is no '{}'; see spgemm_kernels()", name));
}

Csr pattern_of(const CsrView& a) {
  return {a.rows, a.cols, {a.offsets.begin(), a.offsets.end()}, {a.columns.begin(), a.columns.end()}, {}};
}

/// Rows for each thread with about as many products; a row costs something too.
void cut(SpgemmPlan::Impl& p, const spgemm::Symbolic& symbolic, int threads) {
  std::vector<Index> work{0};
  for (Index i = 0; i < p.a.rows; ++i) {
    const Index own = symbolic.products(i);
    p.products = checked_add(p.products, own, "products");
    work.push_back(checked_add(work.back(), checked_add(own, 1), "products"));
  }
  p.cuts = {0};
  for (int k = 1; k < threads; ++k) {
    const double share = static_cast<double>(work.back()) / threads * k;
    const auto at = std::lower_bound(work.begin(), work.end(), static_cast<Index>(share));
    p.cuts.push_back(std::min<Index>(at - work.begin(), p.a.rows));
  }
  p.cuts.push_back(p.a.rows);
}

/// Counts the entries of each row, then writes them where they belong.
void find_pattern(SpgemmPlan::Impl& p, const spgemm::Symbolic& symbolic) {
  Index words = 0, most = 0;
  for (Index i = 0; i < p.a.rows; ++i) {
    words = std::max(words, symbolic.scratch_words(i));
    most = std::max(most, symbolic.most(i));
  }
  const Index pieces = std::ssize(p.cuts) - 1, own = checked_add(words, most);
  const Buffer<std::uint32_t> scratch(static_cast<std::size_t>(checked_mul(pieces, own)));
  p.offsets.assign(static_cast<std::size_t>(p.a.rows) + 1, 0);
  p.for_pieces([&](Index k, Index first, Index last) {
    std::uint32_t* const mine = scratch.data() + k * own;
    for (Index i = first; i < last; ++i)
      p.offsets[static_cast<std::size_t>(i) + 1] =
          symbolic.row(i, reinterpret_cast<std::int32_t*>(mine + words), mine);
  });
  for (std::size_t i = 1; i < p.offsets.size(); ++i) p.offsets[i] += p.offsets[i - 1];
  if (p.offsets.back() > kMostFormatBytes / Index{sizeof(float)})
    throw Error("spgemm", fmt::format("C has {} entries; more than 2 GiB of values", p.offsets.back()));
  p.columns.resize(static_cast<std::size_t>(p.offsets.back()));
  p.for_pieces([&](Index k, Index first, Index last) {
    std::uint32_t* const mine = scratch.data() + k * own;
    auto* const row = reinterpret_cast<std::int32_t*>(mine + words);
    for (Index i = first; i < last; ++i) {
      const Index count = symbolic.row(i, row, mine);
      std::copy_n(row, count, p.columns.data() + p.offsets[static_cast<std::size_t>(i)]);
    }
  });
}

spgemm::Problem problem(const SpgemmPlan::Impl& p, std::span<const float> a, std::span<const float> b) {
  return {{p.a.rows, p.a.cols, p.a.offsets, p.a.columns, a},
          {p.b.rows, p.b.cols, p.b.offsets, p.b.columns, b},
          p.offsets,
          p.columns};
}

void check_length(const char* what, std::size_t have, std::size_t want) {
  if (have != want)
    throw Error("spgemm", fmt::format("{} has {} values; the plan wants {}", what, have, want));
}
}  // namespace

SpgemmPlan plan_spgemm(const CsrView& a, const CsrView& b, const SpgemmOptions& o) {
  check_operands(a, b, o);
  auto p = std::make_unique<SpgemmPlan::Impl>();
  p->kernel = kernel_of(o.kernel);
  p->a = pattern_of(a);
  p->b = pattern_of(b);
  const spgemm::Symbolic symbolic(a, b, o.mask);
  cut(*p, symbolic, o.threads);
  find_pattern(*p, symbolic);
  p->words = p->kernel->scratch_words(problem(*p, {}, {}));
  const auto all = static_cast<std::size_t>(checked_mul(p->words, std::ssize(p->cuts) - 1));
  p->scratch = std::make_unique<LeasePool<Buffer<std::uint32_t>>>(
      [all] { return std::make_unique<Buffer<std::uint32_t>>(all); });
  return SpgemmPlan(std::move(p));
}

void SpgemmPlan::run(std::span<const float> a, std::span<const float> b, std::span<float> c) const {
  check_length("A", a.size(), impl_->a.columns.size());
  check_length("B", b.size(), impl_->b.columns.size());
  check_length("C", c.size(), impl_->columns.size());
  const LeasePool<Buffer<std::uint32_t>>::Lease scratch(*impl_->scratch);
  const spgemm::Problem p = problem(*impl_, a, b);
  impl_->for_pieces([&](Index k, Index first, Index last) {
    impl_->kernel->run(p, first, last, c.data(), scratch->data() + k * impl_->words);
  });
}

Csr multiply(const CsrView& a, const CsrView& b, const SpgemmOptions& o) {
  const SpgemmPlan plan = plan_spgemm(a, b, o);
  std::vector<float> values(static_cast<std::size_t>(plan.nnz()));
  plan.run(a.values, b.values, values);
  return {a.rows,
          b.cols,
          {plan.offsets().begin(), plan.offsets().end()},
          {plan.columns().begin(), plan.columns().end()},
          std::move(values)};
}

std::span<const Index> SpgemmPlan::offsets() const {
  return impl_->offsets;
}
std::span<const std::int32_t> SpgemmPlan::columns() const {
  return impl_->columns;
}
Index SpgemmPlan::products() const {
  return impl_->products;
}
std::string_view SpgemmPlan::kernel() const {
  return impl_->kernel->name;
}
std::string SpgemmPlan::why() const {
  return fmt::format("{} products make {} entries of C", impl_->products, nnz());
}

SpgemmPlan::SpgemmPlan(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
SpgemmPlan::SpgemmPlan(SpgemmPlan&&) noexcept = default;
SpgemmPlan& SpgemmPlan::operator=(SpgemmPlan&&) noexcept = default;
SpgemmPlan::~SpgemmPlan() = default;

std::vector<std::string> spgemm_kernels() {
  std::vector<std::string> names;
  for (const spgemm::Kernel* k : spgemm::kernels()) names.emplace_back(k->name);
  return names;
}
}  // namespace tulle
