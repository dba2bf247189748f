#include "kernels/linear/jit_piece.hpp"

#include <algorithm>

namespace tulle::linear::generated {
constexpr Index kLine = 64;

Index Piece::nonzeros() const {
  if (columns.empty()) return 0;
  return columns.back().first + columns.back().count - columns.front().first;
}

jit::Mem ValueStream::next(float value) {
  const Index bytes = std::ssize(floats) * 4;
  if (!cursor_.reaches(bytes)) cursor_.move_before(bytes);
  floats.push_back(value);
  return cursor_.at(bytes);
}

jit::Mem ValueStream::table(std::span<const float> values) {
  const jit::Mem first = next(values.front());
  floats.insert(floats.end(), values.begin() + 1, values.end());
  return first;
}

SpreadPrefetch::SpreadPrefetch(jit::Assembler& to, const Piece& piece)
    : to_(to), lines_(to, kPrefetch, 1), wanted_(piece.prefetches) {
  constexpr Index kClosest = 6;  // nonzeros from one prefetch to the next
  every_ = std::max(kClosest, piece.nonzeros() / std::max<Index>(1, piece.prefetches));
}

void SpreadPrefetch::after(Index nonzeros) {
  since_ += nonzeros;
  if (since_ < every_ || written_ == wanted_) return;
  since_ = 0;
  const Index bytes = kLine * written_++;
  if (!lines_.reaches(bytes)) lines_.move_before(bytes);
  to_.prefetch_l2(lines_.at(bytes));
}

jit::Mem reach(jit::Cursor& b, std::span<const Column> columns) {
  constexpr std::size_t kWorthMoving = 3;  // columns that save 3 bytes each, against the 7 of an addition
  const Index bytes = columns.front().b_bytes;
  if (b.reaches(bytes)) return b.at(bytes);
  std::size_t gain = 0;
  while (gain < std::min(kWorthMoving, columns.size())) {
    const Index ahead = columns[gain].b_bytes - bytes;
    if (ahead % kLine != 0 || ahead < 0 || ahead > 255 * kLine) break;
    ++gain;
  }
  if (gain == kWorthMoving) b.move_before(bytes);
  return b.at(bytes);
}

jit::Mem reach_source(jit::Cursor& source, const Column& column, Index b_ld) {
  constexpr Index kWorthMoving = 3;  // rows
  const Index row_bytes = 4 * b_ld;
  const bool gains = row_bytes % kLine == 0 && kWorthMoving * row_bytes <= 255 * kLine;
  if (gains && !source.reaches(column.source_bytes)) source.move_before(column.source_bytes);
  return source.at(column.source_bytes);
}

Index tiles_of_rows(Index rows, Index most) {
  return (rows + most - 1) / most;
}

namespace {
class TileCounter {
 public:
  explicit TileCounter(const CsrView& a) : a_(a), columns_(static_cast<std::size_t>(a.cols)) {}
  void count(Index first_row, Index last_row) {
    ++n_.row_tiles;
    n_.nonzeros += a_.offsets[last_row] - a_.offsets[first_row];
    for (Index e = a_.offsets[first_row]; e < a_.offsets[last_row]; ++e) {
      Seen& seen = columns_[static_cast<std::size_t>(a_.columns[e])];
      n_.distinct += seen.last_tile == 0;
      if (seen.last_tile != n_.row_tiles)
        seen = {static_cast<std::uint32_t>(n_.row_tiles), 0}, ++n_.looked_columns;
      ++seen.used;
      n_.lone += (seen.used == 1) - (seen.used == 2);
    }
  }
  TileCounts counts() const { return n_; }

 private:
  struct Seen {
    std::uint32_t last_tile = 0, used = 0;
  };
  const CsrView& a_;
  std::vector<Seen> columns_;
  TileCounts n_;
};

/// Counts `looked` of the tiles and takes them for all.
TileCounts count_some(const CsrView& a, Index tiles, Index looked) {
  TileCounter counter(a);
  for (Index i = 0; i < looked; ++i) {
    const Index t = tiles * i / looked;
    counter.count(a.rows * t / tiles, a.rows * (t + 1) / tiles);
  }
  TileCounts n = counter.counts();
  const double scale = static_cast<double>(a.nnz()) / static_cast<double>(std::max<Index>(1, n.nonzeros));
  n.row_tiles = tiles;
  n.nonzeros = a.nnz();
  n.columns = static_cast<Index>(scale * static_cast<double>(n.looked_columns));
  n.lone = static_cast<Index>(scale * static_cast<double>(n.lone));
  return n;
}
}  // namespace

TileCounts count_tiles(const CsrView& a, Index rows) {
  const Index tiles = tiles_of_rows(a.rows, rows);
  return count_some(a, tiles, tiles);
}

TileCounts estimate_tiles(const CsrView& a, Index rows) {
  constexpr Index kLooked = 4;
  const Index tiles = tiles_of_rows(a.rows, rows);
  return count_some(a, tiles, std::min(tiles, kLooked));
}

double run_us(const Problem& p, double cycles, Index bytes_per_nonzero) {
  constexpr double kCyclesPerUs = 3200, kCodeBytesPerUs = 35e3;
  const double arrival = static_cast<double>(p.a.nnz() * bytes_per_nonzero) / kCodeBytesPerUs;
  return 1 + std::max(cycles * static_cast<double>(p.tiles) / kCyclesPerUs, arrival);
}
}  // namespace tulle::linear::generated
