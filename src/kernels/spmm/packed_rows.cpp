#include "kernels/spmm/packed_rows.hpp"

#include <algorithm>

namespace tulle::spmm {
namespace {
/// A row without entries costs about as much as this many.
constexpr Index kRowInEntries = 4;
constexpr Index kBlocks = 128;

std::vector<Index> cut(const CsrView& a) {
  const Index work = a.nnz() + kRowInEntries * a.rows,
              share = std::max<Index>(1, (work + kBlocks - 1) / kBlocks);
  std::vector<Index> first{0};
  Index done = 0;
  for (Index i = 0; i < a.rows; ++i) {
    done += a.offsets[i + 1] - a.offsets[i] + kRowInEntries;
    if (done < share && i + 1 < a.rows) continue;
    first.push_back(i + 1);
    done = 0;
  }
  return first;
}
}  // namespace

PackedRows::PackedRows(const Problem& p)
    : n(p.n),
      offsets(p.a.offsets.begin(), p.a.offsets.end()),
      first_rows(cut(p.a)),
      columns(p.a.columns.begin(), p.a.columns.end()),
      values(p.a.values.begin(), p.a.values.end()),
      bias(p.bias.begin(), p.bias.end()),
      residual(p.residual),
      activation(p.activation) {
  columns.insert(columns.end(), kAhead, columns.empty() ? 0 : columns.back());
}

std::size_t PackedRows::bytes() const {
  return (offsets.size() + first_rows.size()) * sizeof(Index) + columns.size() * sizeof(std::int32_t) +
         (values.size() + bias.size()) * sizeof(float);
}
}  // namespace tulle::spmm
