#pragma once
#include <nlohmann/json.hpp>

namespace tulle::lab {
/// What the machine gives at best with these threads: multiply-adds in registers, and reads from each cache and from
/// memory. 0: the cache is too small or too large to be told from its neighbours.
struct Walls {
  double fma_gflops = 0;  ///< f32, of the widest instruction set in use
  double l1_gbs = 0, l2_gbs = 0, l3_gbs = 0, memory_gbs = 0;
};
Walls measure_walls(int threads);
double fma_gflops(int threads);  ///< the first of them, in some 10 ms
nlohmann::json to_json(const Walls&);
}  // namespace tulle::lab
