#pragma once
// The instruction sets of a function, set by attribute and never by a compiler flag for a file: a flag would let
// the linker keep a standard-library function compiled for AVX-512 and hand it to code that runs everywhere.
#define TULLE_AVX2 __attribute__((target("avx2,fma,f16c,bmi,bmi2")))
#define TULLE_AVX512 __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma,f16c,bmi,bmi2")))
#define TULLE_AVX512_BF16 \
  __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512bf16,fma,f16c,bmi,bmi2")))
#define TULLE_AMX                                                                                              \
  __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,amx-tile,amx-bf16,amx-int8,fma,f16c,bmi,bmi2")))
#define TULLE_AVX512_VNNI \
  __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512vnni,fma,f16c,bmi,bmi2")))
