#pragma once
#include <cstdint>
#include <optional>

#include "tulle/sparse.hpp"

namespace tulle::spgemm {
/// The pattern of rows of C = A B, within a mask where there is one. Values are not looked at.
class Symbolic {
 public:
  Symbolic(const CsrView& a, const CsrView& b, const std::optional<CsrView>& mask)
      : a_(a), b_(b), mask_(mask) {}
  Index products(Index row) const;  ///< a_ip b_pj
  Index most(Index row) const;      ///< entries that the row can have
  Index scratch_words(Index row) const;
  /// Writes the row's columns, rising, to room for most(row) of them, and returns how many. The scratch is
  /// zero before the first row, and stays fit for the next.
  Index row(Index row, std::int32_t* columns, std::uint32_t* scratch) const noexcept;

 private:
  template <class Cells>
  Index all(Index row, std::int32_t* columns, std::uint32_t* scratch) const noexcept;
  template <class Cells>
  Index masked(Index row, std::int32_t* columns, std::uint32_t* scratch) const noexcept;

  CsrView a_, b_;
  std::optional<CsrView> mask_;
};
}  // namespace tulle::spgemm
