// Masks of attention: which keys (columns) a query (row) sees.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "formats/generate.hpp"
#include "formats/random.hpp"

namespace tulle::generate {
namespace {
/// Row i sees key j where sees(i, j).
template <class Sees>
Csr mask(Index n, bool causal, std::uint64_t seed, const Sees& sees) {
  Csr a{n, n, {0}, {}, {}};
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < (causal ? i + 1 : n); ++j)
      if (sees(i, j)) a.columns.push_back(static_cast<std::int32_t>(j));
    a.offsets.push_back(static_cast<Index>(a.columns.size()));
  }
  a.values.resize(a.columns.size());
  fill_values(a.values, seed);
  return a;
}

std::vector<bool> chosen(Index count, Index of, Random& random) {
  std::vector<bool> set(static_cast<std::size_t>(of));
  for (const Index i : sample(std::min(count, of), of, random)) set[static_cast<std::size_t>(i)] = true;
  return set;
}

/// A square of bits, one for each block of a mask.
struct BlockBits {
  Index side;
  std::vector<bool> bits = std::vector<bool>(static_cast<std::size_t>(side * side));
  std::vector<bool>::reference at(Index i, Index j) { return bits[static_cast<std::size_t>(i * side + j)]; }
  bool get(Index i, Index j) const { return bits[static_cast<std::size_t>(i * side + j)]; }
};

Csr block_mask(Index n, Index block, bool causal, std::uint64_t seed, const BlockBits& bits) {
  return mask(n, causal, seed, [&](Index i, Index j) { return bits.get(i / block, j / block); });
}
}  // namespace

Csr causal(Index n, std::uint64_t seed) {
  return mask(n, true, seed, [](Index, Index) { return true; });
}
Csr local(Index n, Index window, bool causal, std::uint64_t seed) {
  return mask(n, causal, seed,
              [&](Index i, Index j) { return causal ? i - j < window : std::abs(i - j) <= window / 2; });
}
Csr strided(Index n, Index window, Index stride, std::uint64_t seed) {
  return mask(n, true, seed, [&](Index i, Index j) { return i - j < window || (i - j) % stride == 0; });
}
Csr fixed(Index n, Index span, Index last, std::uint64_t seed) {
  return mask(n, true, seed,
              [&](Index i, Index j) { return i / span == j / span || j % span >= span - last; });
}
Csr sinks(Index n, Index first, Index window, std::uint64_t seed) {
  return mask(n, true, seed, [&](Index i, Index j) { return j < first || i - j < window; });
}

Csr vertical_slash(Index n, Index verticals, Index slashes, Index window, std::uint64_t seed) {
  Random random(seed);
  const std::vector<bool> columns = chosen(verticals, n, random), diagonals = chosen(slashes, n, random);
  return mask(n, true, seed, [&](Index i, Index j) {
    return columns[static_cast<std::size_t>(j)] || diagonals[static_cast<std::size_t>(i - j)] ||
           i - j < window;
  });
}

Csr bigbird(Index n, Index block, Index globals, Index window, Index random_blocks, std::uint64_t seed) {
  Random random(seed);
  BlockBits bits{(n + block - 1) / block};
  for (Index i = 0; i < bits.side; ++i) {
    std::vector<Index> free;
    for (Index j = 0; j < bits.side; ++j) {
      bits.at(i, j) = std::abs(i - j) <= window / 2 || i < globals || j < globals;
      if (!bits.get(i, j)) free.push_back(j);
    }
    const Index count = std::min(random_blocks, std::ssize(free));
    for (const Index at : sample(count, std::ssize(free), random))
      bits.at(i, free[static_cast<std::size_t>(at)]) = true;
  }
  return block_mask(n, block, false, seed, bits);
}

Csr block_mask(Index n, Index block, double density, bool causal, std::uint64_t seed) {
  Random random(seed);
  BlockBits bits{(n + block - 1) / block};
  std::vector<std::pair<Index, Index>> free;
  for (Index i = 0; i < bits.side; ++i) {
    bits.at(i, i) = true;
    for (Index j = 0; j < (causal ? i : bits.side); ++j)
      if (i != j) free.emplace_back(i, j);
  }
  const double all = static_cast<double>(std::ssize(free) + bits.side);
  const Index count = static_cast<Index>(std::llround(all * density)) - bits.side;
  for (const Index at : sample(std::clamp(count, Index{0}, std::ssize(free)), std::ssize(free), random))
    bits.at(free[static_cast<std::size_t>(at)].first, free[static_cast<std::size_t>(at)].second) = true;
  return block_mask(n, block, causal, seed, bits);
}
}  // namespace tulle::generate
