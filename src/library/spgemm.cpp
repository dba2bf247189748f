// Products of two sparse matrices: the pattern once, the values as often as wanted.
#include "tulle/spgemm.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/buffer.hpp"
#include "core/checked.hpp"
#include "core/lease.hpp"
#include "core/threads.hpp"
#include "kernels/spgemm/kernel.hpp"
#include "library/sparse_pattern.hpp"

namespace tulle {
struct SpgemmPlan::Impl {
  Csr a, b;  // patterns; values are those of the run
  std::vector<Index> offsets;
  std::vector<std::int32_t> columns;
  std::vector<Index> cuts;  // rows at which the next thread begins
  Index products = 0, words = 0;
  const spgemm::Kernel* kernel = nullptr;
  bool masked = false;
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
  const Features have = cpu_features();
  for (const spgemm::Kernel* k : spgemm::kernels()) {
    if (name.empty() ? !contains(have, k->needs) : k->name != name) continue;
    if (contains(have, k->needs)) return k;
    throw Error("spgemm: kernel " + name, "needs " + to_string(k->needs) + "; there is " + to_string(have));
  }
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

spgemm::Problem problem(const SpgemmPlan::Impl& p, std::span<const float> a, std::span<const float> b) {
  return {{p.a.rows, p.a.cols, p.a.offsets, p.a.columns, a},
          {p.b.rows, p.b.cols, p.b.offsets, p.b.columns, b},
          p.offsets,
          p.columns,
          p.masked};
}

void check_length(const char* what, std::size_t have, std::size_t want) {
  if (have != want)
    throw Error("spgemm", fmt::format("{} has {} values; the plan wants {}", what, have, want));
}

std::unique_ptr<SpgemmPlan::Impl> plan(const CsrView& a, const CsrView& b, const SpgemmOptions& o) {
  check_operands(a, b, o);
  auto p = std::make_unique<SpgemmPlan::Impl>();
  p->kernel = kernel_of(o.kernel);
  p->masked = o.mask.has_value();
  p->a = pattern_of(a);
  p->b = pattern_of(b);
  const spgemm::Symbolic symbolic(a, b, o.mask);
  cut(*p, symbolic, o.threads);
  library::Pattern pattern = library::find_pattern(symbolic, a.rows, o.threads);
  p->offsets = std::move(pattern.offsets);
  p->columns = std::move(pattern.columns);
  p->words = p->kernel->scratch_words(problem(*p, {}, {}));
  const auto all = static_cast<std::size_t>(checked_mul(p->words, std::ssize(p->cuts) - 1));
  p->scratch = std::make_unique<LeasePool<Buffer<std::uint32_t>>>(
      [all] { return std::make_unique<Buffer<std::uint32_t>>(all); });
  return p;
}

void run(const SpgemmPlan::Impl& impl, std::span<const float> a, std::span<const float> b,
         std::span<float> c) {
  const LeasePool<Buffer<std::uint32_t>>::Lease scratch(*impl.scratch);
  const spgemm::Problem p = problem(impl, a, b);
  impl.for_pieces([&](Index k, Index first, Index last) {
    impl.kernel->run(p, first, last, c.data(), scratch->data() + k * impl.words);
  });
}
}  // namespace

SpgemmPlan plan_spgemm(const CsrView& a, const CsrView& b, const SpgemmOptions& o) {
  return SpgemmPlan(plan(a, b, o));
}

void SpgemmPlan::run(std::span<const float> a, std::span<const float> b, std::span<float> c) const {
  check_length("A", a.size(), impl_->a.columns.size());
  check_length("B", b.size(), impl_->b.columns.size());
  check_length("C", c.size(), impl_->columns.size());
  tulle::run(*impl_, a, b, c);
}

Csr multiply(const CsrView& a, const CsrView& b, const SpgemmOptions& o) {
  const std::unique_ptr<SpgemmPlan::Impl> p = plan(a, b, o);
  std::vector<float> values(p->columns.size());
  run(*p, a.values, b.values, values);
  return {a.rows, b.cols, std::move(p->offsets), std::move(p->columns), std::move(values)};
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
