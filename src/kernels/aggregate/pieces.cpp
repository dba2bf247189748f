#include "kernels/aggregate/pieces.hpp"

#include <algorithm>

#include "formats/arrays.hpp"

namespace tulle::aggregate {
namespace {
/// A piece without entries costs about as much as this many.
constexpr Index kPieceInEntries = 4;
constexpr Index kBlocks = 128;

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

Pieces::Pieces(const Problem& p)
    : columns(p.a.columns.begin(), p.a.columns.end()), values(p.a.values.begin(), p.a.values.end()) {
  for (Index i = 0; i < p.a.rows; ++i) {
    const Index first = p.a.offsets[static_cast<std::size_t>(i)], length = row_length(p.a, i);
    const Index own = std::max<Index>(1, (length + kLongest - 1) / kLongest);
    for (Index k = 0; k < own; ++k) {
      begins.push_back(first + k * kLongest);
      to.push_back(static_cast<std::int32_t>(own == 1 ? i : -1 - (parts + k)));
    }
    if (own == 1) continue;
    long_rows.push_back({i, parts, own, static_cast<float>(length)});
    parts += own;
  }
  begins.push_back(std::ssize(columns));
  block_begins = cut(begins);
  if (!p.weighted) values.clear();
  columns.insert(columns.end(), kAhead, columns.empty() ? 0 : columns.back());
}

std::size_t Pieces::bytes() const {
  return array_bytes(begins, to, block_begins, columns, values);
}
}  // namespace tulle::aggregate
