#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "tulle/sparse.hpp"

namespace tulle::generate {
/// Seeded matrices for tests and the lab: the same arguments give the same matrix on every machine. Values
/// are uniform in [-1, 1) and never 0.
Csr uniform(Index rows, Index cols, double sparsity,
            std::uint64_t seed);  ///< round((1 - sparsity) rows cols) entries
/// Row lengths fall as rank^-alpha, in random order; columns are drawn with weights that fall as
/// rank^-column_alpha.
Csr power_law(Index rows, Index cols, double sparsity, double alpha, double column_alpha, std::uint64_t seed);
/// Diagonals -lower .. upper beside the (scaled) main one, each entry kept with probability `fill`.
Csr banded(Index rows, Index cols, Index lower, Index upper, double fill, std::uint64_t seed);
/// round((1 - sparsity) blocks) blocks of block_rows x block_cols, cut off at the edges of the matrix.
Csr blocks(Index rows, Index cols, Index block_rows, Index block_cols, double sparsity, std::uint64_t seed);
Csr n_of_m(Index rows, Index cols, Index n, Index m,
           std::uint64_t seed);  ///< along rows; the last group may be short

/// Layer 1, 2, ... of a RadiX-Net (Robinett and Kepner, HPEC 2019) of radix 2 with n = fan * 2^k neurons: a
/// butterfly on n / fan nodes, Kronecker ones(fan, fan), every value 1 / fan. With n 1024 and fan 16, layers
/// 1 to 6 are those of the Sparse DNN Graph Challenge; each later group of k layers is the first with its
/// rows permuted.
Csr radixnet(Index n, Index layer, Index fan, std::uint64_t seed);

/// Attention masks over n queries x n keys.
Csr causal(Index n, std::uint64_t seed);
Csr local(Index n, Index window, bool causal,
          std::uint64_t seed);  ///< |i - j| <= window / 2, or the last `window` keys
Csr strided(Index n, Index window, Index stride,
            std::uint64_t seed);  ///< causal: near keys, and every stride-th
Csr fixed(Index n, Index span, Index last,
          std::uint64_t seed);  ///< causal: own span, and the last keys of each
Csr sinks(Index n, Index first, Index window,
          std::uint64_t seed);  ///< causal: the first keys and the last ones
Csr vertical_slash(Index n, Index verticals, Index slashes, Index window, std::uint64_t seed);  ///< causal
/// BigBird (arXiv 2007.14062) in blocks: the first `globals` rows and columns, a window of blocks, random
/// ones.
Csr bigbird(Index n, Index block, Index globals, Index window, Index random, std::uint64_t seed);
Csr block_mask(Index n, Index block, double density, bool causal, std::uint64_t seed);  ///< with the diagonal

/// Uniform in [-1, 1), never 0.
void fill_values(std::span<float>, std::uint64_t seed);

using Parameters = std::map<std::string, double, std::less<>>;
class Arguments;
struct Kind {
  std::string_view name;
  Csr (*make)(const Arguments&);
  Parameters defaults;  ///< every parameter that it takes, with its value when it is not given
};
std::span<const Kind> kinds();
/// A matrix by name, as suites of the lab have it: {"power_law", {{"rows", 4096}, {"seed", 3}}}. Throws Error
/// for an unknown kind or parameter, and for values that make no matrix or one of over 2^28 entries.
Csr make(std::string_view kind, const Parameters&);
}  // namespace tulle::generate
