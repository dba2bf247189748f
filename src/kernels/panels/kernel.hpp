#pragma once
#include <span>
#include <string_view>

#include "core/cpu.hpp"
#include "tulle/tensor.hpp"

namespace tulle::panels {
/// Copies of a rows x columns matrix between panels of 16 columns (element (i, j) at j/16 * panel_stride +
/// i*16 + j%16) and row-major or token order (element (i, j) at i*ld + j, or j*ld + i). Exact. Into panels,
/// lanes behind the last column become zeros; out of panels, nothing but the rows x columns elements is
/// written. Serial.
struct Kernel {
  std::string_view name;
  Features needs;
  void (*from_rows)(const float* src, Index ld, Index rows, Index columns, float* dst,
                    Index panel_stride) noexcept;
  void (*from_tokens)(const float* src, Index ld, Index rows, Index columns, float* dst,
                      Index panel_stride) noexcept;
  void (*to_rows)(const float* src, Index panel_stride, Index rows, Index columns, float* dst,
                  Index ld) noexcept;
  void (*to_tokens)(const float* src, Index panel_stride, Index rows, Index columns, float* dst,
                    Index ld) noexcept;
};

std::span<const Kernel* const> kernels();  ///< best first; the last runs everywhere
const Kernel& best(Features have);
}  // namespace tulle::panels
