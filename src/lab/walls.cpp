// Walls of the roofline (Williams, Waterman, Patterson, CACM 52(4), 2009), each the best of several tries. The compiler's
// vector types serve: one pair of loops, for two widths of registers.
#include "lab/walls.hpp"
#include <algorithm>
#include <chrono>
#include "core/buffer.hpp"
#include "core/cpu.hpp"
#include "core/target.hpp"
#include "core/threads.hpp"

namespace tulle::lab {
namespace {
using Clock = std::chrono::steady_clock;
constexpr int kTries = 9, kSums = 12;
constexpr Index kSteps = 200'000;          // of kSums multiply-adds: about a millisecond
constexpr long kReadBytes = 32L << 20;     // of one thread in one try, at least
constexpr long kMostMemory = 512L << 20;

#define WALL_ISA TULLE_AVX512
#define WALL_BYTES 64
#define WALL_NAMESPACE wide
#include "lab/walls_body.inc"
#undef WALL_ISA
#undef WALL_BYTES
#undef WALL_NAMESPACE
#define WALL_ISA TULLE_AVX2
#define WALL_BYTES 32
#define WALL_NAMESPACE narrow
#include "lab/walls_body.inc"

struct Loops {
  void (*multiply_add)(Index) noexcept;
  void (*read)(const float*, Index) noexcept;
  int lanes;
};

Loops loops_here() {
  if (contains(cpu_features(), Features::avx512)) return {wide::multiply_add, wide::read, 16};
  return {narrow::multiply_add, narrow::read, 8};
}

template <class Body> double best_seconds(int threads, const Body& body) {
  double best = 1e30;
  for (int t = 0; t < kTries; ++t) {
    const Clock::time_point start = Clock::now();
    parallel_for(threads, threads, [&](Index first, Index last) {
      for (Index i = first; i < last; ++i) body(i);
    });
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

// GB/s of all threads together, each with a piece of its own of this size.
double read_gbs(const Loops& loops, int threads, long bytes_each) {
  constexpr long kStep = 256;
  const long bytes = bytes_each / kStep * kStep;
  const Index floats = bytes / 4, rounds = std::max(1L, kReadBytes / bytes);
  const Buffer<float> data(static_cast<std::size_t>(floats) * static_cast<std::size_t>(threads));
  const double seconds = best_seconds(threads, [&](Index thread) {
    for (Index r = 0; r < rounds; ++r) loops.read(data.data() + thread * floats, floats);
  });
  return static_cast<double>(bytes * rounds * threads) / seconds / 1e9;
}
}  // namespace

double fma_gflops(int threads) {
  if (!contains(cpu_features(), Features::avx2)) return 0;  // scalar code is not what these walls are about
  const Loops loops = loops_here();
  const double flops = 2.0 * kSums * static_cast<double>(kSteps) * loops.lanes * threads;
  return flops / best_seconds(threads, [&](Index) { loops.multiply_add(kSteps); }) / 1e9;
}

Walls measure_walls(int threads) {
  if (!contains(cpu_features(), Features::avx2)) return {};
  const Loops loops = loops_here();
  const CpuInfo cpu = cpu_info();
  Walls w{.fma_gflops = fma_gflops(threads)};
  w.l1_gbs = read_gbs(loops, threads, cpu.l1d_bytes / 2);
  w.l2_gbs = read_gbs(loops, threads, cpu.l2_bytes / 2);
  const long l3_each = std::min(cpu.l3_bytes / 4 / threads, 4 * cpu.l2_bytes);
  if (l3_each >= 2 * cpu.l2_bytes) w.l3_gbs = read_gbs(loops, threads, l3_each);
  w.memory_gbs = read_gbs(loops, threads, std::min(2 * cpu.l3_bytes, kMostMemory) / threads);
  return w;
}

nlohmann::json to_json(const Walls& w) {
  return {{"fma_gflops", w.fma_gflops}, {"l1_gbs", w.l1_gbs}, {"l2_gbs", w.l2_gbs}, {"l3_gbs", w.l3_gbs}, {"memory_gbs", w.memory_gbs}};
}
}  // namespace tulle::lab
