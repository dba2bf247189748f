// C = A B with a sparse A: plan once, run often.
#include <cstdio>
#include <vector>
#include "tulle/spmm.hpp"

int main() try {
  const tulle::Index rows = 256, cols = 512, n = 64;
  std::vector<float> dense(rows * cols), b(cols * n, 1.0f), c(rows * n);
  for (std::size_t i = 0; i < dense.size(); i += 10) dense[i] = 0.5f;  // 90 % zeros
  const tulle::Csr a = tulle::csr_from_dense(dense.data(), rows, cols, cols);
  const tulle::SpmmPlan plan = tulle::plan_spmm(a.view(), n, {.threads = 1});
  plan.run(b.data(), c.data());
  std::fprintf(stderr, "%s\n", plan.why().c_str());  // which kernel won, and from how many zeros sparse pays
  std::printf("%g %g\n", c[0], c.back());
} catch (const tulle::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
