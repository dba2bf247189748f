#pragma once
#include "kernels/spmv/dense_words.hpp"

namespace tulle::spmv {
template <class Value>
struct MaskOf;
template <>
struct MaskOf<float> {
  using Mask = std::uint16_t;
};
template <>
struct MaskOf<BFloat16> {
  using Mask = std::uint32_t;
};
template <>
struct MaskOf<std::int8_t> {
  using Mask = std::uint64_t;
};

/// A bit for each element, values of nonzeros only, in the order of DenseWords: a mask has one bit for each
/// value of a word in all lanes of a slice. Four slices go side by side: they share what is read of x.
template <class Value>
struct BitmaskWords {
  using Mask = typename MaskOf<Value>::Mask;
  static constexpr int kGroup = 4;
  BitmaskWords(const Problem&, Features isa);
  std::size_t bytes() const { return masks.size() * sizeof(Mask) + values.size() * sizeof(Value); }
  static Index slice(Index block, int i) { return block * kGroup + i; }
  const Mask* mask(Index block) const { return masks.data() + block * words * kGroup; }
  const Value* value(Index block) const { return values.data() + first[static_cast<std::size_t>(block)]; }

  Slices slices;
  Index cols, words;
  Index ahead;               ///< how many masks ahead to fetch
  Buffer<Mask> masks;        ///< [block][word][slice]
  Buffer<Value> values;      ///< and a vector more: each slice loads a whole one
  std::vector<Index> first;  ///< of the values of a block

 private:
  void set_masks(const CsrView&);
  Index fill(const CsrView&, Index block, Index at);
};
extern template struct BitmaskWords<float>;
extern template struct BitmaskWords<BFloat16>;
extern template struct BitmaskWords<std::int8_t>;
}  // namespace tulle::spmv
