#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/cpu.hpp"
#include "tulle/aggregate.hpp"

namespace tulle::aggregate {
/// C_i = reduction of a_ij B_j over the entries (i, j) of A; B is a.cols x n, C a.rows x n, both row-major.
struct Problem {
  CsrView a;  ///< whose values count for nothing where not weighted
  Reduction reduction = Reduction::sum;
  bool weighted = true;
  Index n = 1;
  int threads = 1;  ///< that will call run
};

/// Where the operands of one run begin, and the floats from a row of each to its next. Exactly n floats of a
/// row are read or written.
struct Operands {
  const float* b;
  Index b_stride;
  float* c;
  Index c_stride;
  float* parts;  ///< parts() x n floats, shared by all ranges of units
};

/// A packed A. Immutable; run and combine may be called from many threads at once, on disjoint ranges.
class Prepared {
 public:
  virtual ~Prepared() = default;
  virtual Index units() const = 0;       ///< with about as much work each
  virtual Index own_floats() const = 0;  ///< scratch of one caller of run
  virtual Index parts() const = 0;       ///< of rows that are too long to be one caller's
  virtual Index long_rows() const = 0;   ///< that consist of such parts
  virtual std::size_t bytes() const = 0;
  /// Serial, allocates nothing; all but the long rows is then done. `own` lies on a cache line.
  virtual void run(Index first_unit, Index last_unit, const Operands&, float* own) const noexcept = 0;
  /// Puts long rows together, once run has been over all units.
  virtual void combine(Index first, Index last, const Operands&) const noexcept = 0;
};

struct Kernel {
  std::string_view name;
  Features needs;
  std::optional<std::string> (*refuse)(const Problem&);
  double (*cost_us)(const Problem&);
  std::unique_ptr<Prepared> (*prepare)(const Problem&);
};
/// Best first; the last, the reference, accepts everything.
std::span<const Kernel* const> kernels();
}  // namespace tulle::aggregate
