// narrow_bench TYPE M K ZEROS[,ZEROS..] N [BLOCK]: microseconds and useful Gop/s of every kernel for bf16 or
// i8 on C = A B, one thread, warm, panels; the minimum of interleaved rounds over a second. BLOCK 32x32:
// whole aligned blocks of A are zero or full; else single values are.
#include <fmt/core.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <sstream>
#include <string>

#include "blocky_matrix.hpp"
#include "core/buffer.hpp"
#include "kernels/narrow/words.hpp"

using namespace tulle;

namespace {
double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Contender {
  const narrow::Kernel* kernel;
  std::unique_ptr<narrow::Prepared> weight;
  double prepare_s, best_s = 1e9;
};

void measure(DType type, const Csr& a, Index n, double zeros) {
  const Index tiles_n = (n + kLanes - 1) / kLanes, words = narrow::words_of(type, a.cols);
  narrow::Problem problem{.a = a.view(), .dtype = type, .tiles = tiles_n};
  std::vector<narrow::Tile> tiles;
  for (Index t = 0; t < tiles_n; ++t) tiles.push_back({t * words * kLanes, t * a.rows * kLanes, 0});
  const Buffer<float> b(static_cast<std::size_t>(tiles_n * words * kLanes)),
      c(static_cast<std::size_t>(tiles_n * a.rows * kLanes));
  std::vector<Contender> contenders;
  for (const narrow::Kernel* kernel : narrow::kernels()) {
    if (kernel->dtype != type || !contains(cpu_features(), kernel->needs) || kernel->needs == Features::none)
      continue;
    if (const auto why = kernel->refuse(problem)) {
      fmt::print("{:28} refuses: {}\n", kernel->name, *why);
      continue;
    }
    const double start = now_s();
    auto weight = kernel->prepare(problem);
    contenders.push_back({kernel, std::move(weight), now_s() - start});
  }
  for (const double end = now_s() + 1; now_s() < end;)
    for (Contender& x : contenders)
      for (int i = 0; i < 4; ++i) {
        const double start = now_s();
        x.weight->run(tiles, 0, x.weight->blocks(), b.data(), c.data(), nullptr);
        if (i) x.best_s = std::min(x.best_s, now_s() - start);
      }
  for (const Contender& x : contenders)
    fmt::print(
        "{:4.0f} %  {:28} {:9.2f} us {:7.1f} Gop/s  model {:8.1f} us  prepare {:8.1f} us  {:8} bytes\n",
        100 * zeros, x.kernel->name, x.best_s * 1e6,
        2e-9 * static_cast<double>(a.view().nnz() * n) / x.best_s, x.kernel->cost_us(problem),
        x.prepare_s * 1e6, x.weight->bytes());
}
}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    fmt::print(stderr, "narrow_bench bf16|i8 M K ZEROS[,ZEROS..] N [BLOCK, as 32x32]\n");
    return 2;
  }
  const Block block = argc > 6 ? block_of(argv[6]) : Block{};
  const DType type = std::string(argv[1]) == "i8" ? DType::i8 : DType::bf16;
  std::istringstream list(argv[4]);
  for (std::string zeros; std::getline(list, zeros, ',');)
    measure(type, blocky_matrix(std::atol(argv[2]), std::atol(argv[3]), std::stod(zeros), block),
            std::atol(argv[5]), std::stod(zeros));
}
