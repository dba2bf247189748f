#include "core/cpu.hpp"
#include <cpuid.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cstdlib>
#include <fstream>
#include "tulle/error.hpp"

namespace tulle {
namespace {
struct Named {
  const char* name;
  Features feature;
};
constexpr Named kNames[] = {{"avx2", Features::avx2},           {"avx512", Features::avx512},
                            {"avx512_bf16", Features::avx512_bf16}, {"avx512_vnni", Features::avx512_vnni},
                            {"avx512_vbmi2", Features::avx512_vbmi2},
                            {"amx", Features::amx},             {"jit", Features::jit}};

/// Tiles are 8 KiB of state for each thread, which Linux saves only for processes that have asked (arch_prctl(2)).
bool may_use_tiles() {
  constexpr unsigned kTile = 1u << 24, kBf16 = 1u << 22, kInt8 = 1u << 25;  // CPUID 7, EDX
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return false;
  if ((edx & kTile) == 0 || (edx & kBf16) == 0 || (edx & kInt8) == 0) return false;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

Features hardware() {
  __builtin_cpu_init();
  Features have = Features::jit;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
    have = have | Features::avx2;
  if (contains(have, Features::avx2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
    have = have | Features::avx512;
  if (!contains(have, Features::avx512)) return have;
  if (__builtin_cpu_supports("avx512bf16")) have = have | Features::avx512_bf16;
  if (__builtin_cpu_supports("avx512vnni")) have = have | Features::avx512_vnni;
  if (__builtin_cpu_supports("avx512vbmi2")) have = have | Features::avx512_vbmi2;
  static const bool tiles = may_use_tiles();
  if (tiles) have = have | Features::amx;
  return have;
}

Features allowed_by(const std::string& isa) {
  if (isa.empty() || isa == "native") return Features(~0u);
  if (isa == "none") return Features::none;
  if (isa == "avx2") return Features::avx2 | Features::jit;
  if (isa == "avx512")
    return Features::avx2 | Features::avx512 | Features::avx512_bf16 | Features::avx512_vnni |
           Features::avx512_vbmi2 | Features::jit;
  throw Error("TULLE_ISA", "'" + isa + "' is no instruction set; want none, avx2, avx512 or native");
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

long cache_bytes(int which, long otherwise) {
  const long bytes = sysconf(which);
  return bytes > 0 ? bytes : otherwise;
}
}  // namespace

std::string to_string(Features features) {
  std::string text;
  for (const Named& n : kNames)
    if (contains(features, n.feature)) text += (text.empty() ? "" : " ") + std::string(n.name);
  return text.empty() ? "none" : text;
}

Features cpu_features() {
  Features have = hardware() & allowed_by(environment("TULLE_ISA"));
  if (environment("TULLE_JIT") == "0") have = Features(unsigned(have) & ~unsigned(Features::jit));
  return have;
}

namespace {
/// What stays as it is while the program runs: asking takes 100 us, as a virtual machine traps CPUID.
CpuInfo read_cpu_info() {
  CpuInfo info;
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line) && info.model.empty();)
    if (line.rfind("model name", 0) == 0) info.model = line.substr(line.find(':') + 2);
  if (info.model.empty()) info.model = "unknown CPU";
  info.l1d_bytes = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, info.l1d_bytes);
  info.l2_bytes = cache_bytes(_SC_LEVEL2_CACHE_SIZE, info.l2_bytes);
  info.l3_bytes = cache_bytes(_SC_LEVEL3_CACHE_SIZE, info.l3_bytes);
  return info;
}
}  // namespace

CpuInfo cpu_info() {
  static const CpuInfo fixed = read_cpu_info();
  CpuInfo info = fixed;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) info.cores = CPU_COUNT(&set);
  return info;
}
}  // namespace tulle
