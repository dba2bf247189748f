#include <gtest/gtest.h>

#include <cmath>

#include "kernels/recurrent/kernel.hpp"
#include "support/guarded.hpp"
#include "support/kernel_list.hpp"

using namespace tulle;
using namespace tulle::recurrent;
using test::Guarded;

namespace {
class Recurrent : public test::EveryKernel<Kernel> {};
INSTANTIATE_TEST_SUITE_P(Kernels, Recurrent, testing::ValuesIn(kernels().begin(), kernels().end()));

constexpr double kBound = 1e-6;
double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}
}  // namespace

TEST_P(Recurrent, RenewsAnLstmCell) {
  for (const Index n : {1, 15, 16, 17, 100}) {
    Guarded x(4 * n), r(4 * n), p(3 * n), c(n), h(n);
    x.randomize(1, -4, 4), r.randomize(2, -4, 4), p.randomize(3);
    for (const bool peepholes : {false, true}) {
      c.randomize(4, -2, 2);
      const std::vector<float> before(c.data(), c.data() + n);
      kernel.lstm({n, x.data(), r.data(), peepholes ? p.data() : nullptr}, c.data(), h.data());
      for (Index i = 0; i < n; ++i) {
        const double old = before[static_cast<std::size_t>(i)];
        const auto gate = [&](Index k) { return double(x[k * n + i]) + r[k * n + i]; };
        const auto look = [&](Index k, double state) { return peepholes ? p[k * n + i] * state : 0; };
        const double in = sigmoid(gate(0) + look(0, old)), forget = sigmoid(gate(2) + look(2, old));
        const double now = forget * old + in * std::tanh(gate(3));
        ASSERT_NEAR(c[i], now, 3 * kBound) << n << " " << i;
        ASSERT_NEAR(h[i], sigmoid(gate(1) + look(1, now)) * std::tanh(now), 3 * kBound) << n << " " << i;
      }
    }
  }
}

TEST_P(Recurrent, RenewsAGru) {
  for (const Index n : {1, 15, 16, 17, 100}) {
    Guarded x(3 * n), r(3 * n), before(n), h(n);
    x.randomize(1, -4, 4), r.randomize(2, -4, 4), before.randomize(3);
    kernel.gru({n, x.data(), r.data()}, before.data(), h.data());
    for (Index i = 0; i < n; ++i) {
      const double update = sigmoid(double(x[i]) + r[i]), reset = sigmoid(double(x[n + i]) + r[n + i]);
      const double fresh = std::tanh(x[2 * n + i] + reset * r[2 * n + i]);
      ASSERT_NEAR(h[i], (1 - update) * fresh + update * before[i], 3 * kBound) << n << " " << i;
    }
  }
}
