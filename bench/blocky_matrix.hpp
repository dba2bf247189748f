#pragma once
#include <random>
#include <string>

#include "formats/csr.hpp"

namespace tulle {
struct Block {
  Index rows = 1, cols = 1;
};
inline Block block_of(const std::string& text) {  // "4x1"
  return {std::stol(text), std::stol(text.substr(text.find('x') + 1))};
}

/// Aligned blocks that are full, of whole numbers from -127 to 127, or with the probability `zeros` empty.
inline Csr blocky_matrix(Index rows, Index cols, double zeros, Block block) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> real(0, 1);
  Csr a{rows, cols, {0}, {}, {}};
  std::vector<bool> there(static_cast<std::size_t>(cols));
  for (Index i = 0; i < rows; ++i) {
    for (Index k = 0; i % block.rows == 0 && k < cols; ++k)
      there[static_cast<std::size_t>(k)] =
          k % block.cols ? there[static_cast<std::size_t>(k - 1)] : real(random) >= zeros;
    for (Index k = 0; k < cols; ++k)
      if (there[static_cast<std::size_t>(k)]) {
        a.columns.push_back(static_cast<std::int32_t>(k));
        a.values.push_back(static_cast<float>(static_cast<int>(random() % 255) - 127));
      }
    a.offsets.push_back(std::ssize(a.values));
  }
  return a;
}
}  // namespace tulle
