#include "kernels/spgemm/symbolic.hpp"

#include "core/checked.hpp"
#include "formats/arrays.hpp"
#include "kernels/spgemm/ahead.hpp"
#include "kernels/spgemm/cells.hpp"
#include "kernels/spgemm/column_bits.hpp"

namespace tulle::spgemm {
namespace {
constexpr std::uint32_t kNothing = 0, kWanted = 1, kFound = 2;
constexpr Index kFewPerWord = 2;  ///< entries in 64 columns of B, from which its rows are added as bits

std::vector<std::uint64_t> bits_of(const CsrView& b, Index words) {
  std::vector<std::uint64_t> bits(static_cast<std::size_t>(b.rows * words));
  for (Index i = 0; i < b.rows; ++i)
    for (std::int32_t j : row_columns(b, i))
      bits[static_cast<std::size_t>(i * words + j / 64)] |= std::uint64_t{1} << j % 64;
  return bits;
}
}  // namespace

Symbolic::Symbolic(const CsrView& a, const CsrView& b, const std::optional<CsrView>& mask)
    : a_(a), b_(b), mask_(mask), take_(ColumnBits::best_take(cpu_features())) {
  products_.reserve(static_cast<std::size_t>(a.rows));
  for (Index i = 0; i < a.rows; ++i) {
    Index sum = 0;
    for (std::int32_t p : row_columns(a, i)) sum = checked_add(sum, row_length(b, p), "products");
    products_.push_back(sum);
  }
  const Index words = ColumnBits::words_for(b.cols);
  if (by_bits() && words * b.rows * kFewPerWord < std::ssize(b.columns)) b_bits_ = bits_of(b, words);
}

Index Symbolic::most(Index row) const {
  return mask_ ? row_length(*mask_, row) : std::min(products(row), b_.cols);
}
bool Symbolic::by_bits() const {
  return !mask_ && b_.cols <= ColumnBits::kMostColumns;
}
Index Symbolic::scratch_words(Index row) const {
  return by_bits() ? ColumnBits::scratch_words(b_.cols) : cell_words(most(row), b_.cols);
}

Index Symbolic::all_by_bits(Index row, std::int32_t* columns, std::uint32_t* scratch) const noexcept {
  ColumnBits bits(scratch, b_.cols);
  if (!b_bits_.empty()) {
    for (std::int32_t p : row_columns(a_, row))
      bits.set_all(b_bits_.data() + p * ColumnBits::words_for(b_.cols));
    return bits.take(take_, columns);
  }
  for (Index e = a_.offsets[static_cast<std::size_t>(row)]; e < a_.offsets[static_cast<std::size_t>(row) + 1];
       ++e) {
    fetch(b_.columns, begin_ahead(a_, b_, e));
    for (std::int32_t j : row_columns(b_, a_.columns[static_cast<std::size_t>(e)])) bits.set(j);
  }
  return bits.take(take_, columns);
}

template <class Cells>
Index Symbolic::all(Index row, std::int32_t* columns, std::uint32_t* scratch) const noexcept {
  Cells cells(scratch, most(row));
  Index count = 0;
  for (std::int32_t p : row_columns(a_, row))
    for (std::int32_t j : row_columns(b_, p))
      if (std::uint32_t& cell = cells.make(j); cell == kNothing) {
        cell = kFound;
        columns[count++] = j;
      }
  cells.clear({columns, static_cast<std::size_t>(count)});
  std::sort(columns, columns + count);
  return count;
}

template <class Cells>
Index Symbolic::masked(Index row, std::int32_t* columns, std::uint32_t* scratch) const noexcept {
  const auto wanted = row_columns(*mask_, row);
  Cells cells(scratch, std::ssize(wanted));
  for (std::int32_t j : wanted) cells.make(j) = kWanted;
  for (std::int32_t p : row_columns(a_, row))
    for (std::int32_t j : row_columns(b_, p))
      if (std::uint32_t* cell = cells.find(j); cell && *cell == kWanted) *cell = kFound;
  Index count = 0;
  for (std::int32_t j : wanted)
    if (cells.make(j) == kFound) columns[count++] = j;
  cells.clear(wanted);
  return count;
}

Index Symbolic::row(Index row, std::int32_t* columns, std::uint32_t* scratch) const noexcept {
  const Index entries = most(row);
  if (entries == 0) return 0;
  if (by_bits()) return all_by_bits(row, columns, scratch);
  if (wants_table(entries, b_.cols))
    return mask_ ? masked<TableCells>(row, columns, scratch) : all<TableCells>(row, columns, scratch);
  return mask_ ? masked<AllCells>(row, columns, scratch) : all<AllCells>(row, columns, scratch);
}
}  // namespace tulle::spgemm
