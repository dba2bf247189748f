// The specification in code, in f64.
#include <cmath>

#include "kernels/recurrent/kernel.hpp"

namespace tulle::recurrent {
namespace {
double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}
double gate(const Step& s, Index part, Index i) {
  const Index at = part * s.hidden + i;
  return static_cast<double>(s.x[at]) + s.r[at];
}
double peephole(const Step& s, Index part, Index i, double state) {
  return s.peepholes ? s.peepholes[part * s.hidden + i] * state : 0;
}

void lstm(const Step& s, float* c, float* h) noexcept {
  for (Index i = 0; i < s.hidden; ++i) {
    const double in = sigmoid(gate(s, 0, i) + peephole(s, 0, i, c[i]));
    const double forget = sigmoid(gate(s, 2, i) + peephole(s, 2, i, c[i]));
    const double now = forget * c[i] + in * std::tanh(gate(s, 3, i));
    const double out = sigmoid(gate(s, 1, i) + peephole(s, 1, i, now));
    c[i] = static_cast<float>(now);
    h[i] = static_cast<float>(out * std::tanh(now));
  }
}

void gru(const Step& s, const float* before, float* h) noexcept {
  for (Index i = 0; i < s.hidden; ++i) {
    const double update = sigmoid(gate(s, 0, i)), reset = sigmoid(gate(s, 1, i));
    const Index at = 2 * s.hidden + i;
    const double fresh = std::tanh(s.x[at] + reset * s.r[at]);
    h[i] = static_cast<float>((1 - update) * fresh + update * before[i]);
  }
}
}  // namespace

extern constinit const Kernel reference{"recurrent/reference", Features::none, lstm, gru};
}  // namespace tulle::recurrent
