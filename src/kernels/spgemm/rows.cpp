// Row by row: a row of C is the sum of rows of B (Gustavson 1978), each added where its columns have cells.
#include <bit>

#include "formats/arrays.hpp"
#include "kernels/spgemm/ahead.hpp"
#include "kernels/spgemm/cells.hpp"
#include "kernels/spgemm/kernel.hpp"

namespace tulle::spgemm {
namespace {
constexpr Index kMostShortPlaces = 1 << 16;

void add(std::uint32_t& cell, float x) {
  cell = std::bit_cast<std::uint32_t>(std::bit_cast<float>(cell) + x);
}

/// Columns outside of a mask: their cells, if they have any, are neither cleared nor read.
template <class Cells>
void row(const Problem& p, Index i, std::span<const std::int32_t> columns, float* c, std::uint32_t* scratch) {
  Cells cells(scratch, std::ssize(columns));
  for (std::int32_t j : columns) cells.make(j) = 0;
  const auto a_columns = row_columns(p.a, i);
  const auto a_values = row_values(p.a, i);
  for (std::size_t e = 0; e < a_columns.size(); ++e) {
    const auto b_columns = row_columns(p.b, a_columns[e]);
    const auto b_values = row_values(p.b, a_columns[e]);
    for (std::size_t f = 0; f < b_columns.size(); ++f)
      if (std::uint32_t* const cell = cells.find(b_columns[f])) add(*cell, a_values[e] * b_values[f]);
  }
  for (std::size_t e = 0; e < columns.size(); ++e) c[e] = std::bit_cast<float>(*cells.find(columns[e]));
}

/// Where each column of the row is in C, so that what is added to lies side by side: cells for all columns
/// would come from beyond the L1 cache, and go back there. Every product has its place.
template <class Place>
void row_in_place(const Problem& p, Index i, std::span<const std::int32_t> columns, float* c, Place* place) {
  for (std::size_t k = 0; k < columns.size(); ++k) place[columns[k]] = static_cast<Place>(k);
  std::fill_n(c, columns.size(), 0.0f);
  for (Index e = p.a.offsets[static_cast<std::size_t>(i)]; e < p.a.offsets[static_cast<std::size_t>(i) + 1];
       ++e) {
    const Index ahead = begin_ahead(p.a, p.b, e);
    fetch(p.b.columns, ahead);
    fetch(p.b.values, ahead);
    const Index row = p.a.columns[static_cast<std::size_t>(e)];
    const float value = p.a.values[static_cast<std::size_t>(e)];
    const auto b_columns = row_columns(p.b, row);
    const auto b_values = row_values(p.b, row);
    for (std::size_t f = 0; f < b_columns.size(); ++f) c[place[b_columns[f]]] += value * b_values[f];
  }
}

std::span<const std::int32_t> columns_of(const Problem& p, Index i) {
  const auto at = static_cast<std::size_t>(i);
  return p.c_columns.subspan(static_cast<std::size_t>(p.c_offsets[at]),
                             static_cast<std::size_t>(p.c_offsets[at + 1] - p.c_offsets[at]));
}

Index scratch_words(const Problem& p) {
  Index most = 0;
  for (Index i = 0; i < p.a.rows; ++i)
    most = std::max(most, cell_words(std::ssize(columns_of(p, i)), p.b.cols));
  return most;
}

void run(const Problem& p, Index first, Index last, float* c, std::uint32_t* scratch) noexcept {
  for (Index i = first; i < last; ++i) {
    const auto columns = columns_of(p, i);
    float* const to = c + p.c_offsets[static_cast<std::size_t>(i)];
    if (columns.empty()) continue;
    if (wants_table(std::ssize(columns), p.b.cols))
      row<TableCells>(p, i, columns, to, scratch);
    else if (p.masked)
      row<AllCells>(p, i, columns, to, scratch);
    else if (std::ssize(columns) <= kMostShortPlaces)
      row_in_place(p, i, columns, to, reinterpret_cast<std::uint16_t*>(scratch));
    else
      row_in_place(p, i, columns, to, scratch);
  }
}
}  // namespace
extern constinit const Kernel rows{"spgemm/scalar/rows", Features::none, scratch_words, run};
}  // namespace tulle::spgemm
