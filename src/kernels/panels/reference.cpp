#include "formats/layout.hpp"
#include "kernels/panels/kernel.hpp"

namespace tulle::panels {
namespace {
/// Element (i, j) lies at i * row + j * column.
void from(const float* src, Index row, Index column, Index rows, Index columns, float* dst,
          Index panel_stride) {
  for (Index p = 0; p * kLanes < columns; ++p)
    for (Index i = 0; i < rows; ++i)
      for (Index lane = 0; lane < kLanes; ++lane) {
        const Index j = p * kLanes + lane;
        dst[p * panel_stride + i * kLanes + lane] = j < columns ? src[i * row + j * column] : 0;
      }
}
void to(const float* src, Index panel_stride, Index rows, Index columns, float* dst, Index row,
        Index column) {
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j)
      dst[i * row + j * column] = src[j / kLanes * panel_stride + i * kLanes + j % kLanes];
}
void from_rows(const float* src, Index ld, Index rows, Index columns, float* dst,
               Index panel_stride) noexcept {
  from(src, ld, 1, rows, columns, dst, panel_stride);
}
void from_tokens(const float* src, Index ld, Index rows, Index columns, float* dst,
                 Index panel_stride) noexcept {
  from(src, 1, ld, rows, columns, dst, panel_stride);
}
void to_rows(const float* src, Index panel_stride, Index rows, Index columns, float* dst, Index ld) noexcept {
  to(src, panel_stride, rows, columns, dst, ld, 1);
}
void to_tokens(const float* src, Index panel_stride, Index rows, Index columns, float* dst,
               Index ld) noexcept {
  to(src, panel_stride, rows, columns, dst, 1, ld);
}
}  // namespace
extern constinit const Kernel reference{"panels/reference", Features::none, from_rows,
                                        from_tokens,        to_rows,        to_tokens};
}  // namespace tulle::panels
