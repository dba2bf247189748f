#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tulle::lab {
/// How one contender did over the cases of a folder of results, for one number of threads. Ratios are geometric means
/// of the other's fastest run by this one's, over the cases that both have; 0: there are none.
struct Standing {
  std::string kernel;
  int threads = 1;
  std::size_t cases = 0, refused = 0, wrong = 0, failed = 0;
  std::size_t fastest = 0;              ///< cases in which nothing was faster
  double gflops = 0;                    ///< geometric mean
  double over_dense = 0, over_peer = 0;  ///< the best dense peer, else Tulle's own dense kernels; the best peer
};

/// By threads, then by speed over dense.
std::vector<Standing> standings(const std::vector<nlohmann::json>& records);
/// A peer that multiplies zeros too, by its name in records. Tulle's own dense kernels leave out columns without
/// entries, and so are none.
bool is_dense(const std::string& kernel);
}  // namespace tulle::lab
