#include "kernels/spgemm/symbolic.hpp"

#include "core/checked.hpp"
#include "formats/arrays.hpp"
#include "kernels/spgemm/cells.hpp"

namespace tulle::spgemm {
namespace {
constexpr std::uint32_t kNothing = 0, kWanted = 1, kFound = 2;
}  // namespace

Index Symbolic::products(Index row) const {
  Index sum = 0;
  for (std::int32_t p : row_columns(a_, row)) sum = checked_add(sum, row_length(b_, p), "products");
  return sum;
}
Index Symbolic::most(Index row) const {
  return mask_ ? row_length(*mask_, row) : std::min(products(row), b_.cols);
}
Index Symbolic::scratch_words(Index row) const {
  return cell_words(most(row), b_.cols);
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
  if (wants_table(entries, b_.cols))
    return mask_ ? masked<TableCells>(row, columns, scratch) : all<TableCells>(row, columns, scratch);
  return mask_ ? masked<AllCells>(row, columns, scratch) : all<AllCells>(row, columns, scratch);
}
}  // namespace tulle::spgemm
