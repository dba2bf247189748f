#pragma once
#include <span>
#include <string_view>

#include "core/cpu.hpp"
#include "tulle/tensor.hpp"

namespace tulle::recurrent {
/// One step of a cell for one sequence, once both products are there. x: W x_t with its bias; r: R h_(t-1)
/// with its bias; both hold one part of `hidden` numbers for each gate, in ONNX's order.
struct Step {
  Index hidden = 0;
  const float* x = nullptr;
  const float* r = nullptr;
  const float* peepholes = nullptr;  ///< LSTM: parts i, o, f; or null
};

struct Kernel {
  std::string_view name;
  Features needs;
  /// Gates i, o, f, c (Hochreiter and Schmidhuber 1997 with forget gates; ONNX LSTM): renews the cell state c
  /// and writes h.
  void (*lstm)(const Step&, float* c, float* h) noexcept;
  /// Gates z, r, h with the reset gate after the product (ONNX GRU, linear_before_reset = 1; the form of
  /// cuDNN): writes h, which may not overlap `before`, the state of the step before.
  void (*gru)(const Step&, const float* before, float* h) noexcept;
};

std::span<const Kernel* const> kernels();  ///< best first; the last runs everywhere
const Kernel& best(Features have);
}  // namespace tulle::recurrent
