#include "kernels/spmv/bitmask_words.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace tulle::spmv {
namespace {
constexpr Index kRows = 4 * kLanes;  // of a block

/// Bytes ahead in the masks. Where values are most of what streams the processor fetches masks better alone
/// (bf16, 50 % zeros: 1070 us, else 1310), where masks are it does not (90 %: 740 us alone, 600 so).
Index bytes_ahead(const Problem& p) {
  constexpr double kFewValues = 0.35;
  return static_cast<double>(p.a.nnz()) <
                 kFewValues * static_cast<double>(p.a.rows) * static_cast<double>(p.a.cols)
             ? 4096
             : 0;
}
}  // namespace

template <class Value>
BitmaskWords<Value>::BitmaskWords(const Problem& p, Features isa)
    : slices(p, rows_in_order(p.a), isa),
      cols(p.a.cols),
      words(words_of<Value>(p.a.cols)),
      ahead(bytes_ahead(p) / Index{sizeof(Mask)}),
      masks(static_cast<std::size_t>(checked_mul((slices.count() + kGroup - 1) / kGroup * kGroup, words))),
      values(p.a.values.size() + 64 / sizeof(Value)) {
  set_masks(p.a);
  Index at = 0;
  for (Index block = 0; block * kRows < p.a.rows; ++block) {
    first.push_back(at);
    at = fill(p.a, block, at);
  }
}

template <class Value>
void BitmaskWords<Value>::set_masks(const CsrView& a) {
  for (Index i = 0; i < a.rows; ++i) {
    Mask* mask = masks.data() + i / kRows * words * kGroup + i % kRows / kLanes;
    for (Index e = a.offsets[i]; e < a.offsets[i + 1]; ++e) {
      const Index column = a.columns[e];
      const Index bit = i % kLanes * kInWord<Value> + column % kInWord<Value>;
      mask[column / kInWord<Value> * kGroup] |= static_cast<Mask>(Mask{1} << bit);
    }
  }
}

/// The values of a block, word by word, from `at` on; returns where the next block begins.
template <class Value>
Index BitmaskWords<Value>::fill(const CsrView& a, Index block, Index at) {
  std::array<Index, kRows> next{};
  const Index row = block * kRows, live = std::min(kRows, a.rows - row);
  for (Index i = 0; i < live; ++i) next[static_cast<std::size_t>(i)] = a.offsets[row + i];
  const Mask* of_block = mask(block);
  for (Index m = 0; m < words * kGroup; ++m)
    for (Mask left = of_block[m]; left != 0; left &= static_cast<Mask>(left - 1)) {
      const Index lane = m % kGroup * kLanes + std::countr_zero(left) / kInWord<Value>;
      values[static_cast<std::size_t>(at++)] = Value(a.values[next[static_cast<std::size_t>(lane)]++]);
    }
  return at;
}

template struct BitmaskWords<float>;
template struct BitmaskWords<BFloat16>;
template struct BitmaskWords<std::int8_t>;
}  // namespace tulle::spmv
