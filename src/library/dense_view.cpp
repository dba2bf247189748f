#include "tulle/dense_view.hpp"

#include "core/checked.hpp"
#include "formats/layout.hpp"

namespace tulle {
Index natural_ld(DenseOrder order, Index rows, Index cols) {
  if (order == DenseOrder::panels) return checked_mul(rows, kLanes, "panels");
  return order == DenseOrder::tokens ? rows : cols;
}

Index extent(DenseOrder order, Index rows, Index cols, Index ld) {
  if (rows == 0 || cols == 0) return 0;
  const auto last = [&](Index steps, Index length) {
    return checked_add(checked_mul(steps, ld, "dense matrix"), length, "dense matrix");
  };
  if (order == DenseOrder::panels) return last((cols - 1) / kLanes, checked_mul(rows, kLanes, "panels"));
  return order == DenseOrder::tokens ? last(cols - 1, rows) : last(rows - 1, cols);
}
}  // namespace tulle
