#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tulle/sparse.hpp"

namespace tulle {
struct SpgemmOptions {
  int threads = 1;
  std::optional<CsrView> mask;  ///< of C's size: C has no entries elsewhere; its values count for nothing
  std::string kernel;           ///< this one and no other ("spgemm/scalar/rows")
};

/// C = A B with all three sparse, in two phases: planning finds the pattern of C, a run its values, again and
/// again for new values of A and B in their old patterns. An entry of C is there if any product a_ip b_pj is,
/// be the sum 0 or not; rows rise. Movable; run may be called from many threads at once; the same bits for
/// any number of threads. Error of an entry that is the sum of s products: at most (s + 1) 2^-24 sum_p
/// |a_ip b_pj|.
class SpgemmPlan {
 public:
  std::span<const Index> offsets() const;         ///< of C, as in CsrView
  std::span<const std::int32_t> columns() const;  ///< of C
  Index nnz() const { return static_cast<Index>(columns().size()); }
  Index products() const;  ///< a_ip b_pj of a run, those outside of the mask too

  /// The values of all entries of A and B, in their order, and of C, which must lie apart.
  void run(std::span<const float> a, std::span<const float> b, std::span<float> c) const;

  std::string_view kernel() const;
  std::string why() const;  ///< in words and numbers

  struct Impl;
  explicit SpgemmPlan(std::unique_ptr<const Impl>);
  SpgemmPlan(SpgemmPlan&&) noexcept;
  SpgemmPlan& operator=(SpgemmPlan&&) noexcept;
  ~SpgemmPlan();

 private:
  std::unique_ptr<const Impl> impl_;
};

/// Checks A, B and the mask, and keeps the patterns of A and B. A C whose values take over 2 GiB is an Error.
SpgemmPlan plan_spgemm(const CsrView& a, const CsrView& b, const SpgemmOptions& = {});
/// Both phases at once.
Csr multiply(const CsrView& a, const CsrView& b, const SpgemmOptions& = {});
std::vector<std::string> spgemm_kernels();
}  // namespace tulle
