#pragma once
#include "tulle/activation.hpp"

namespace tulle::test {
/// One of each kind, with parameters that are not their defaults.
inline constexpr Activation kActivations[] = {{ActivationKind::none},
                                              {ActivationKind::relu},
                                              {ActivationKind::clip, -0.5f, 0.75f},
                                              {ActivationKind::leaky_relu, 0.1f},
                                              {ActivationKind::gelu},
                                              {ActivationKind::gelu_tanh},
                                              {ActivationKind::sigmoid},
                                              {ActivationKind::silu},
                                              {ActivationKind::hard_sigmoid, 0.2f, 0.5f},
                                              {ActivationKind::hard_swish},
                                              {ActivationKind::tanh},
                                              {ActivationKind::elu, 1.0f}};
}  // namespace tulle::test
