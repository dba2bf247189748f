#include "kernels/spmv/sell_packed.hpp"

#include <algorithm>

namespace tulle::spmv {
namespace {
/// An entry, or a step on the way to one.
template <class Stored>
struct Slot {
  Stored column;
  float value;
};

template <class T>
void append(Absolute<T>, std::int32_t column, std::int32_t&, float value, std::vector<Slot<T>>& slots) {
  slots.push_back({static_cast<T>(column), value});
}
void append(Delta, std::int32_t column, std::int32_t& before, float value,
            std::vector<Slot<std::uint8_t>>& slots) {
  constexpr std::int32_t kStep = 255;
  for (; column - before >= kStep; before += kStep) slots.push_back({kStep, 0});
  slots.push_back({static_cast<std::uint8_t>(column - before), value});
  before = column;
}

template <class Columns>
std::vector<Slot<typename Columns::Stored>> slots_of(const CsrView& a, std::int32_t row) {
  std::vector<Slot<typename Columns::Stored>> slots;
  std::int32_t before = 0;
  for (Index e = a.offsets[row]; e < a.offsets[row + 1]; ++e)
    append(Columns{}, a.columns[e], before, a.values[e], slots);
  return slots;
}

template <class Columns>
Index count_slots(const CsrView& a) {
  if constexpr (!std::is_same_v<Columns, Delta>) return a.nnz();
  Index count = 0;
  for (std::int32_t row = 0; row < a.rows; ++row) count += std::ssize(slots_of<Columns>(a, row));
  return count;
}
}  // namespace

template <class Columns, class Value>
Sell<Columns, Value>::Sell(const Problem& p, Features isa)
    : slices(p, rows_by_length(p.a), isa),
      parts(static_cast<std::size_t>(slices.count())),
      columns(static_cast<std::size_t>(count_slots<Columns>(p.a))),
      values(columns.size()) {
  std::size_t at = 0;
  const auto put = [&](const Slot<Stored>& slot) {
    columns[at] = slot.column;
    values[at++] = Value(slot.value);
  };
  std::vector<Slot<Stored>> lane[kLanes];
  for (Index s = 0; s < slices.count(); ++s) {
    Slice& part = parts[static_cast<std::size_t>(s)];
    part.first = static_cast<Index>(at);
    std::size_t shortest = slices.live(s) < kLanes ? 0 : static_cast<std::size_t>(p.a.cols);
    for (int i = 0; i < kLanes; ++i) {
      lane[i].clear();
      if (i < slices.live(s)) lane[i] = slots_of<Columns>(p.a, slices.rows_of(s)[i]);
      shortest = std::min(shortest, lane[i].size());
    }
    part.even = static_cast<std::int32_t>(shortest);
    for (std::size_t step = 0; step < shortest; ++step)
      for (const auto& slots : lane) put(slots[step]);
    for (int i = 0; i < kLanes; ++i) {
      for (std::size_t step = shortest; step < lane[i].size(); ++step) put(lane[i][step]);
      part.rest[i] = static_cast<std::int32_t>(lane[i].size() - shortest);
    }
  }
}

TULLE_SELL()

double sell_cost_us(const Problem& p, double bytes) {
  const double nnz = static_cast<double>(p.a.nnz()), rows = static_cast<double>(p.a.rows),
               n = static_cast<double>(p.n);
  const double gather_us = nnz * n * 1.05 / 3600;  // one element a cycle
  const double rows_us = rows * n * 5 / 3600;      // lanes that go on alone, bias, scattered y
  return std::max(gather_us, stream_us(nnz * bytes)) + rows_us;
}
}  // namespace tulle::spmv
