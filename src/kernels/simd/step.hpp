#pragma once
// A step of a kernel is a function of its own: inlined into one, g++ 12 spills addresses inside the loops and loses
// two thirds of the speed. Included after simd/avx2.hpp or simd/avx512.hpp.
#define TULLE_STEP __attribute__((noinline)) TULLE_ISA_ATTR
