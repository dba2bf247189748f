// linear_bench M K ZEROS N [KERNEL [BLOCK]]: useful GFLOP/s of every kernel of the linear family on C = A B,
// one thread, warm, panels, uniform zeros (0 to 1); the minimum of the runs of a quarter of a second. Several
// N may be joined by commas; BLOCK 4x1: whole aligned blocks of A are zero or full.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <sstream>
#include <string>

#include "blocky_matrix.hpp"
#include "core/buffer.hpp"
#include "kernels/linear/kernel.hpp"

using namespace tulle;

namespace {
double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double best_run_s(const linear::Prepared& weight, std::span<const linear::Tile> tiles, const float* b,
                  float* c) {
  double best = std::numeric_limits<double>::infinity();
  for (const double end = now_s() + 0.25; now_s() < end;) {
    const double start = now_s();
    weight.run(tiles, 0, weight.blocks(), b, c, nullptr);
    best = std::min(best, now_s() - start);
  }
  return best;
}

void measure(const linear::Kernel& kernel, const Csr& a, Index n) {
  const Index tiles = (n + kLanes - 1) / kLanes;
  std::vector<std::int32_t> offsets;
  for (Index k = 0; k < a.cols; ++k) offsets.push_back(static_cast<std::int32_t>(k * kLanes));
  linear::Problem problem;
  problem.a = a.view();
  problem.b_offsets = offsets;
  problem.tiles = tiles;
  if (const auto why = kernel.refuse(problem)) {
    fmt::print("  {:24} refuses: {}\n", kernel.name, *why);
    return;
  }
  const std::clock_t start = std::clock();
  const auto weight = kernel.prepare(problem);
  const double prepare_ms = static_cast<double>(std::clock() - start) * 1e3 / CLOCKS_PER_SEC;
  const Buffer<float> b(static_cast<std::size_t>(tiles * a.cols * kLanes)),
      c(static_cast<std::size_t>(tiles * a.rows * kLanes));
  std::vector<linear::Tile> list;
  for (Index t = 0; t < tiles; ++t) list.push_back({t * a.cols * kLanes, t * a.rows * kLanes, 0});
  const double run_s = best_run_s(*weight, list, b.data(), c.data());
  fmt::print(
      "  {:24} {:7.1f} GFLOP/s {:9.1f} us (model {:9.1f}), prepared in {:6.1f} ms, {:5.1f} bytes a nonzero\n",
      kernel.name, 2e-9 * static_cast<double>(a.view().nnz() * tiles * kLanes) / run_s, run_s * 1e6,
      kernel.cost_us(problem), prepare_ms,
      static_cast<double>(weight->bytes()) / static_cast<double>(std::max<Index>(1, a.view().nnz())));
}
}  // namespace

int main(int count, char** words) {
  if (count < 5) {
    fmt::print("usage: linear_bench M K ZEROS N[,N...] [KERNEL [BLOCK]]\n");
    return 1;
  }
  const Csr a = blocky_matrix(std::atol(words[1]), std::atol(words[2]), std::atof(words[3]),
                              count > 6 ? block_of(words[6]) : Block{});
  std::stringstream sizes(words[4]);
  for (std::string n; std::getline(sizes, n, ',');) {
    fmt::print("{} x {}, {:.0f} % zeros, N = {}\n", words[1], words[2], 100 * std::atof(words[3]), n);
    for (const linear::Kernel* kernel : linear::kernels())
      if (contains(cpu_features(), kernel->needs) &&
          (count < 6 || kernel->name.find(words[5]) != kernel->name.npos))
        measure(*kernel, a, std::atol(n.c_str()));
  }
}
