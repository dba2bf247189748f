#pragma once
#include <array>

#include "kernels/spmv/slices.hpp"

namespace tulle::spmv {
constexpr Index kLookup = 32;         ///< elements of x that one step can reach
constexpr std::uint8_t kBusy = 0x80;  ///< marks a lane that has an entry in a step

/// The entries of each slice in steps: a step has a base column and, for each lane, the lane's next entry if
/// it lies in columns base .. base + 31. The base is the least next column of all lanes, so every step moves
/// the lane that is furthest behind, and lanes ahead wait: 1.45 slots for each entry at 90 % zeros, 1.2 at 80
/// %, against 2.2 and 1.6 when lanes are filled up block by block. The slices of a block take turns, a step
/// each, as long as they have any.
struct LookupSteps {
  static constexpr int kGroup = 4;
  /// The slices of a block, those with more steps first.
  struct Block {
    Index first = 0;  ///< step
    std::array<Index, kGroup> slices{}, steps{};
  };
  LookupSteps(const Problem&, Features isa);
  std::size_t bytes() const;
  Index slice(Index block, int i) const {
    return blocks[static_cast<std::size_t>(block)].slices[static_cast<std::size_t>(i)];
  }

  Slices slices;
  std::vector<Block> blocks;
  Buffer<std::uint16_t> base;
  Buffer<std::uint8_t> index;  ///< step * 16 + lane -> kBusy + column - base, or 0
  Buffer<float> values;        ///< step * 16 + lane; zero where there is no entry
};

std::optional<std::string> refuse_lookup(const Problem&);
double lookup_cost_us(const Problem&);
}  // namespace tulle::spmv
