#pragma once
#include "tulle/tensor.hpp"

namespace tulle {
/// How a dense rows x cols matrix of a product lies in memory; element (i, j) at
///   row_major  data[i * ld + j], ld >= cols
///   tokens     data[j * ld + i], ld >= rows: one column after the other, as activations [tokens][features]
///   lie panels     data[j / 16 * ld + i * 16 + j % 16], ld >= 16 * rows: 16 columns at a time. The last
///   panel is whole:
///              its lanes behind the last column are read (as anything) and written (with anything).
enum class DenseOrder : std::uint8_t { row_major, tokens, panels };

/// A dense matrix owned by somebody else, who keeps it alive during the call. Alignment does not matter.
struct DenseView {
  const void* data = nullptr;
  Index rows = 0, cols = 0, ld = 0;
};
struct MutableDenseView {
  void* data = nullptr;
  Index rows = 0, cols = 0, ld = 0;
  operator DenseView() const { return {data, rows, cols, ld}; }
};

/// The ld of a matrix without gaps: cols, rows, or 16 * rows.
Index natural_ld(DenseOrder, Index rows, Index cols);
/// Elements from the first to behind the last of a matrix that lies so.
Index extent(DenseOrder, Index rows, Index cols, Index ld);
}  // namespace tulle
