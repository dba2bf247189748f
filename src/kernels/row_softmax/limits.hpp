#pragma once
#include <limits>

namespace tulle::row_softmax {
constexpr float kLowest = std::numeric_limits<float>::lowest();    // of a row without entries the largest score
constexpr float kAbsent = -std::numeric_limits<float>::infinity();  // the score of what is no entry
constexpr float kLog2E = 1.44269504f;
}  // namespace tulle::row_softmax
