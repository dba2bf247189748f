#pragma once
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "tulle/tensor.hpp"

namespace tulle {
/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): the same numbers from a seed on every machine, which the
/// distributions of the standard library do not promise.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  Index below(Index bound) {  ///< in [0, bound); the bias of at most bound / 2^63 is nothing here
    return static_cast<Index>(bits() % static_cast<std::uint64_t>(bound));
  }
  double real() { return static_cast<double>(bits() >> 11) * 0x1p-53; }  ///< in [0, 1)

 private:
  std::uint64_t state_;
};

/// `count` different numbers below `bound`, rising.
std::vector<Index> sample(Index count, Index bound, Random&);

template <class T>
void shuffle(std::span<T> items, Random& random) {
  for (std::size_t i = items.size(); i > 1; --i)
    std::swap(items[i - 1], items[static_cast<std::size_t>(random.below(static_cast<Index>(i)))]);
}
}  // namespace tulle
