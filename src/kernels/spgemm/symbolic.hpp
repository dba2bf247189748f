#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/spgemm/column_bits.hpp"
#include "tulle/sparse.hpp"

namespace tulle::spgemm {
/// The pattern of rows of C = A B, within a mask where there is one. Values are not looked at.
class Symbolic {
 public:
  Symbolic(const CsrView& a, const CsrView& b, const std::optional<CsrView>& mask);
  Index products(Index row) const { return products_[static_cast<std::size_t>(row)]; }  ///< a_ip b_pj
  Index most(Index row) const;           ///< entries that the row can have
  Index scratch_words(Index row) const;  ///< of 32 bits, beginning on a word of 64
  /// Writes the row's columns, rising, to room for most(row) of them and ColumnBits::kRoom more, and returns
  /// how many. The scratch is zero before the first row, and stays fit for the next.
  Index row(Index row, std::int32_t* columns, std::uint32_t* scratch) const noexcept;

 private:
  bool by_bits() const;
  Index all_by_bits(Index row, std::int32_t* columns, std::uint32_t* scratch) const noexcept;
  template <class Cells>
  Index all(Index row, std::int32_t* columns, std::uint32_t* scratch) const noexcept;
  template <class Cells>
  Index masked(Index row, std::int32_t* columns, std::uint32_t* scratch) const noexcept;

  CsrView a_, b_;
  std::optional<CsrView> mask_;
  ColumnBits::Take take_;
  std::vector<Index> products_;
  std::vector<std::uint64_t> b_bits_;  // rows of B as bits, or empty
};
}  // namespace tulle::spgemm
