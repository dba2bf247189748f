#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tulle/dense_view.hpp"
#include "tulle/kernel_choice.hpp"
#include "tulle/sparse.hpp"

namespace tulle {
/// How the rows of features that meet in one node become one.
enum class Reduction : std::uint8_t { sum, mean, max };

struct AggregateOptions {
  int threads = 1;
  Reduction reduction = Reduction::sum;
  bool weighted = true;  ///< false: every entry counts as 1, values are not read
  std::string kernel;    ///< this one and no other ("aggregate/avx512/rows"); Error with its refusal
};

/// Neighbours of a graph gathered: row i of C is the sum, mean or maximum of a_ij B_j over the entries (i, j)
/// of A; A is m x k, B k x n and C m x n, both row-major. An absent entry takes no part: a NaN or infinity in
/// a row of B that no entry of row i names changes nothing in C_i. The mean divides by the number of entries;
/// a row without entries is 0 for all three. A NaN among what is reduced gives NaN; of 0 and -0 the maximum
/// is either. Error of a sum: at most nnz_i 2^-24 sum_j |a_ij b_j|, of a mean the same by nnz_i and 2^-24 of
/// it; a maximum is exact but for the one product, rounded. The same bits for any number of threads, and for
/// any kernel but the reference. Movable; run may be called from many threads at once.
class AggregatePlan {
 public:
  /// Any ld of at least n; C must lie apart from B. Allocates nothing, unless more runs overlap than ever
  /// before.
  void run(DenseView b, MutableDenseView c) const;
  void run(const float* b, float* c) const;  ///< both without gaps

  std::string_view kernel() const;
  std::string why() const;  ///< the choice in words and numbers
  std::span<const KernelChoice> candidates() const;
  double planning_us() const;  ///< that plan_aggregate took, preparing included
  std::size_t bytes() const;   ///< of the prepared A

  struct Impl;
  explicit AggregatePlan(std::unique_ptr<const Impl>);
  AggregatePlan(AggregatePlan&&) noexcept;
  AggregatePlan& operator=(AggregatePlan&&) noexcept;
  ~AggregatePlan();

 private:
  std::unique_ptr<const Impl> impl_;
};

/// Checks A (an Error with row and numbers), asks every kernel, times those that may win as they will run,
/// and keeps the fastest. A is copied. n = 0 and empty matrices are welcome.
AggregatePlan plan_aggregate(const CsrView& a, Index n, const AggregateOptions& = {});
std::vector<std::string> aggregate_kernels();

/// Row s of C is the sum, mean or maximum of the rows i of B with ids[i] == s, for s from 0 to c.rows - 1.
/// ids has one for each row of B and does not fall; an Error names the first that does, or that is out of
/// range. A segment without rows is 0. Bits and errors as above.
void segment_reduce(std::span<const std::int32_t> ids, Reduction, DenseView b, MutableDenseView c,
                    int threads = 1);
}  // namespace tulle
