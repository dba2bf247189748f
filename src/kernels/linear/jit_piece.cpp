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

Index tiles_of_rows(Index rows, Index most) {
  return (rows + most - 1) / most;
}

TileCounts count_tiles(const CsrView& a, Index rows) {
  TileCounts n;
  n.row_tiles = tiles_of_rows(a.rows, rows);
  n.nonzeros = a.nnz();
  std::vector<std::uint32_t> last_tile(static_cast<std::size_t>(a.cols), 0), used(last_tile);
  for (Index t = 0; t < n.row_tiles; ++t)
    for (Index e = a.offsets[a.rows * t / n.row_tiles]; e < a.offsets[a.rows * (t + 1) / n.row_tiles]; ++e) {
      const auto column = static_cast<std::size_t>(a.columns[e]);
      n.distinct += last_tile[column] == 0;
      if (last_tile[column] != t + 1) {
        last_tile[column] = static_cast<std::uint32_t>(t + 1);
        used[column] = 0;
        ++n.columns;
      }
      ++used[column];
      n.lone += used[column] == 1 ? 1 : used[column] == 2 ? -1 : 0;
    }
  return n;
}

double run_us(const Problem& p, double cycles, Index bytes_per_nonzero) {
  constexpr double kCyclesPerUs = 3200, kCodeBytesPerUs = 35e3;
  const double arrival = static_cast<double>(p.a.nnz() * bytes_per_nonzero) / kCodeBytesPerUs;
  return 1 + std::max(cycles * static_cast<double>(p.tiles) / kCyclesPerUs, arrival);
}
}  // namespace tulle::linear::generated
