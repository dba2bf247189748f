#pragma once
#include <string>
#include <string_view>

namespace tulle {
/// Sets of CPU features that kernels ask for. avx2: with FMA, F16C, BMI; avx512: F, VL, BW and DQ together; amx:
/// tiles with BF16 and INT8, which the system has let this process use.
enum class Features : unsigned { none = 0, avx2 = 1, avx512 = 2, avx512_bf16 = 4, avx512_vnni = 8, amx = 16, jit = 32, avx512_vbmi2 = 64 };
constexpr Features operator|(Features a, Features b) { return Features(unsigned(a) | unsigned(b)); }
constexpr Features operator&(Features a, Features b) { return Features(unsigned(a) & unsigned(b)); }
constexpr bool contains(Features have, Features need) { return (have & need) == need; }
std::string to_string(Features);  ///< "avx2 avx512 jit", "none"

/// What this CPU has, lowered by the environment: TULLE_ISA=none|avx2|avx512|native caps the instruction sets (an
/// unknown name is an Error), TULLE_JIT=0 removes run-time code generation. Pure function of CPU and environment.
Features cpu_features();

struct CpuInfo {
  std::string model;          ///< "AMD EPYC 9B14", as the system names it
  int cores = 1;              ///< that this process may use
  long l1d_bytes = 32 << 10, l2_bytes = 1 << 20, l3_bytes = 32 << 20;
};
CpuInfo cpu_info();
}  // namespace tulle
