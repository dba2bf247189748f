#include "kernels/spmv/sell_packed.hpp"

#include <algorithm>

namespace tulle::spmv {
template <class Column>
Sell<Column>::Sell(const Problem& p, Features isa)
    : slices(p, rows_by_length(p.a), isa),
      parts(static_cast<std::size_t>(slices.count())),
      columns(p.a.values.size()),
      values(p.a.values.size()) {
  const CsrView& a = p.a;
  Index at = 0;
  const auto put = [&](Index entry) {
    columns[static_cast<std::size_t>(at)] = static_cast<Column>(a.columns[entry]);
    values[static_cast<std::size_t>(at++)] = a.values[entry];
  };
  for (Index s = 0; s < slices.count(); ++s) {
    const std::int32_t* rows = slices.rows_of(s);
    Slice& part = parts[static_cast<std::size_t>(s)];
    part.first = at;
    const int live = slices.live(s);
    const std::int32_t shortest =
        rows[live - 1];  // rows of a window fall in length, and no slice is in two windows
    part.even = live < kLanes ? 0 : static_cast<std::int32_t>(a.offsets[shortest + 1] - a.offsets[shortest]);
    for (Index step = 0; step < part.even; ++step)
      for (int lane = 0; lane < kLanes; ++lane) put(a.offsets[rows[lane]] + step);
    for (int lane = 0; lane < live; ++lane) {
      for (Index e = a.offsets[rows[lane]] + part.even; e < a.offsets[rows[lane] + 1]; ++e) put(e);
      part.rest[lane] =
          static_cast<std::int32_t>(a.offsets[rows[lane] + 1] - a.offsets[rows[lane]]) - part.even;
    }
  }
}

template <class Column>
std::size_t Sell<Column>::bytes() const {
  return parts.size() * sizeof(Slice) + columns.size() * sizeof(Column) + values.size() * sizeof(float);
}

template struct Sell<std::uint16_t>;
template struct Sell<std::int32_t>;

double sell_cost_us(const Problem& p) {
  const double nnz = static_cast<double>(p.a.nnz()), rows = static_cast<double>(p.a.rows),
               n = static_cast<double>(p.n);
  const double gather_us = nnz * n * 1.05 / 3600;  // one element a cycle
  const double rows_us = rows * n * 5 / 3600;      // lanes that go on alone, bias, scattered y
  return std::max(gather_us, stream_us(nnz * (fits_u16(p) ? 6 : 8))) + rows_us;
}
}  // namespace tulle::spmv
