#include "kernels/linear/dense_tiles.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/linear/chunk.hpp"
#include "kernels/linear/order.hpp"

namespace tulle::linear {
namespace {

/// The rising columns with an entry in rows [first, last).
std::vector<std::int32_t> used_columns(const CsrView& a, Index first, Index last) {
  const auto begin = a.columns.begin();
  std::vector<std::int32_t> columns(begin + a.offsets[first], begin + a.offsets[last]);
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  return columns;
}

/// Scatters the rows of a tile into zeros, values[column][row]; `columns` are those of the tile, rising.
void scatter(const CsrView& a, const DenseTile& t, std::span<const std::int32_t> columns, float* values) {
  for (int i = 0; i < t.rows; ++i) {
    std::size_t at = 0;
    for (Index p = a.offsets[t.row + i]; p < a.offsets[t.row + i + 1]; ++p) {
      while (columns[at] != a.columns[p]) ++at;
      values[at * t.stride + i] = a.values[p];
    }
  }
}
}  // namespace

DenseTiles::DenseTiles(const Problem& problem, int max_rows, int unit) {
  const InOrder p(problem);
  const Index count = (p.a.rows + max_rows - 1) / max_rows, units = (p.a.rows + unit - 1) / unit;
  std::vector<std::vector<std::int32_t>> columns;
  std::size_t offset_count = 0, value_count = 0;
  for (Index t = 0; t < count; ++t) {
    const Index first = units * t / count * unit, last = units * (t + 1) / count * unit;
    const Index behind = std::min(last, p.a.rows);
    columns.push_back(used_columns(p.a, first, behind));
    const Index used = std::ssize(columns.back());
    tiles_.push_back(
        {first, static_cast<int>(behind - first), static_cast<int>(last - first), used, nullptr, nullptr});
    offset_count += columns.back().size();
    value_count += columns.back().size() * static_cast<std::size_t>(last - first);
  }
  offsets_ = Buffer<std::int32_t>(offset_count);
  values_ = Buffer<float>(value_count + kLanes);  // whole vectors are read
  std::int32_t* offset = offsets_.data();
  float* value = values_.data();
  for (std::size_t t = 0; t < tiles_.size(); ++t) {
    tiles_[t].offsets = offset;
    tiles_[t].values = value;
    for (std::int32_t j : columns[t]) *offset++ = p.b_offsets[j];
    scatter(p.a, tiles_[t], columns[t], value);
    value += tiles_[t].columns * tiles_[t].stride;
  }
  constexpr std::size_t kStays = 512 << 10;  // bytes: half of a 1 MB L2 cache
  chunk_ = value_count * sizeof(float) <= kStays ? 2 : tiles_in_l2(p.b_offsets);
}

std::size_t DenseTiles::bytes() const {
  return offsets_.size() * sizeof(std::int32_t) + values_.size() * sizeof(float);
}

std::span<const std::byte> DenseTiles::first_bytes() const {
  return std::as_bytes(values_.span());
}

namespace {
double used_columns(const Problem& p, int max_rows) {  // that a tile uses, if zeros fall by chance
  const double rows = static_cast<double>(p.a.rows), cols = static_cast<double>(p.a.cols);
  const double density = static_cast<double>(p.a.nnz()) / std::max(1.0, rows * cols);
  return cols * (1 - std::pow(1 - density, max_rows));
}

Index real_lanes(const Problem& p) {
  return p.lanes > 0 ? p.lanes : p.tiles * kLanes;
}
double whole_vectors(Index rows) {
  return static_cast<double>((rows + kLanes - 1) / kLanes * kLanes);
}
}  // namespace

double dense_cost_us(const Problem& p, int max_rows, double cycles_per_tile) {
  const double rows = static_cast<double>(p.a.rows), columns = used_columns(p, max_rows);
  const double fma_us = rows * columns * static_cast<double>(p.tiles) * cycles_per_tile / 3600;
  const double stores_us = rows * static_cast<double>(p.tiles) * 2 / 3600;
  const double memory_us = rows * columns * 4 / 60e3;  // values from L3, 60 GB/s
  return std::max(fma_us * 1.03 + stores_us, memory_us);
}

double channels_cost_us(const Problem& p, int max_rows, double cycles_per_tile) {
  const double rows = whole_vectors(p.a.rows), columns = used_columns(p, max_rows);
  const double tiles = static_cast<double>(real_lanes(p)) / static_cast<double>(kLanes);
  const double fma_us = rows * columns * tiles * cycles_per_tile / 3600;
  const double ends_us =
      rows * static_cast<double>(p.tiles) * 8 / 3600;  // sums through memory, and their transposition
  const double memory_us = rows * columns * 4 / 60e3;
  return std::max(fma_us * 1.03 + ends_us, memory_us);
}

std::optional<std::string> refuse_channels(const Problem& p) {
  constexpr double kWorth = 0.95;  // of the work on all lanes
  constexpr Index kFewest = 4;     // in a tile: as many FMAs in two vectors as a core has on the way
  const Index lanes = real_lanes(p), all = p.tiles * kLanes;
  if (whole_vectors(p.a.rows) * static_cast<double>(lanes) >
      kWorth * static_cast<double>(p.a.rows) * static_cast<double>(all))
    return std::to_string(lanes) + " of " + std::to_string(all) +
           " lanes are columns: too few are idle for " + std::to_string(p.a.rows) + " rows in whole vectors";
  if (lanes < kFewest * p.tiles)
    return std::to_string(lanes) + " columns in " + std::to_string(p.tiles) + " tiles are fewer than " +
           std::to_string(kFewest) + " a tile";
  return std::nullopt;
}
}  // namespace tulle::linear
