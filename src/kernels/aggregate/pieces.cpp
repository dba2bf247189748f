#include "kernels/aggregate/pieces.hpp"

#include <algorithm>

#include "formats/arrays.hpp"

namespace tulle::aggregate {
namespace {
/// A piece without entries costs about as much as this many.
constexpr Index kPieceInEntries = 4;
constexpr Index kBlocks = 128;

/// Within windows, so that rows that are neighbours, and read the same rows of B, stay close.
template <class Piece>
void sort_by_length(std::vector<Piece>& pieces) {
  constexpr Index kWindow = 256;
  for (Index first = 0; first < std::ssize(pieces); first += kWindow)
    std::stable_sort(pieces.begin() + first,
                     pieces.begin() + std::min<Index>(first + kWindow, std::ssize(pieces)),
                     [](const Piece& x, const Piece& y) { return x.length < y.length; });
}

std::vector<Index> cut(const std::vector<Index>& begins) {
  const Index pieces = std::ssize(begins) - 1;
  const Index work = begins.back() + kPieceInEntries * pieces;
  const Index share = std::max<Index>(1, (work + kBlocks - 1) / kBlocks);
  std::vector<Index> blocks{0};
  for (Index p = 0, done = 0; p < pieces; ++p) {
    done += begins[static_cast<std::size_t>(p) + 1] - begins[static_cast<std::size_t>(p)] + kPieceInEntries;
    if (done < share && p + 1 < pieces) continue;
    blocks.push_back(p + 1);
    done = 0;
  }
  return blocks;
}
}  // namespace

Pieces::Pieces(const Problem& p, Order order) {
  std::vector<Piece> pieces = cut_rows(p.a);
  if (order == Order::by_length) sort_by_length(pieces);
  begins.push_back(0);
  for (const Piece& piece : pieces) {
    to.push_back(piece.to);
    begins.push_back(begins.back() + piece.length);
    const auto first = p.a.columns.begin() + piece.first;
    columns.insert(columns.end(), first, first + piece.length);
    if (!p.weighted) continue;
    const auto value = p.a.values.begin() + piece.first;
    values.insert(values.end(), value, value + piece.length);
  }
  block_begins = cut(begins);
  columns.insert(columns.end(), kAhead, columns.empty() ? 0 : columns.back());
}

std::vector<Pieces::Piece> Pieces::cut_rows(const CsrView& a) {
  std::vector<Piece> pieces;
  for (Index i = 0; i < a.rows; ++i) {
    const Index first = a.offsets[static_cast<std::size_t>(i)], length = row_length(a, i);
    const Index own = std::max<Index>(1, (length + kLongest - 1) / kLongest);
    for (Index k = 0; k < own; ++k)
      pieces.push_back({first + k * kLongest, std::min(kLongest, length - k * kLongest),
                        static_cast<std::int32_t>(own == 1 ? i : -1 - (parts + k))});
    if (own == 1) continue;
    long_rows.push_back({i, parts, own, static_cast<float>(length)});
    parts += own;
  }
  return pieces;
}

std::size_t Pieces::bytes() const {
  return array_bytes(begins, to, block_begins, columns, values);
}
}  // namespace tulle::aggregate
