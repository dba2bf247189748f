#include "formats/generate.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "formats/random.hpp"

namespace tulle {
std::vector<Index> sample(Index count, Index bound, Random& random) {
  std::vector<Index> found;
  if (count > bound / 2) {  // fewer are left out: draw those
    const std::vector<Index> out = sample(bound - count, bound, random);
    auto next = out.begin();
    for (Index i = 0; i < bound; ++i) {
      if (next != out.end() && *next == i)
        ++next;
      else
        found.push_back(i);
    }
    return found;
  }
  found.reserve(static_cast<std::size_t>(count));
  while (static_cast<Index>(found.size()) < count) {
    for (Index missing = count - static_cast<Index>(found.size()); missing > 0; --missing)
      found.push_back(random.below(bound));
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
  }
  return found;
}
}  // namespace tulle

namespace tulle::generate {
namespace {
Index kept_of(Index places, double sparsity) {
  return static_cast<Index>(std::llround(static_cast<double>(places) * (1 - sparsity)));
}

template <class Columns>
void add_row(Csr& a, const Columns& columns) {
  for (const Index j : columns) a.columns.push_back(static_cast<std::int32_t>(j));
  a.offsets.push_back(static_cast<Index>(a.columns.size()));
}

Csr with_values(Csr a, std::uint64_t seed) {
  a.values.resize(a.columns.size());
  fill_values(a.values, seed);
  return a;
}

/// rank^-alpha for ranks 1 .. count.
std::vector<double> falling_weights(Index count, double alpha) {
  std::vector<double> weights;
  for (Index rank = 1; rank <= count; ++rank) weights.push_back(std::pow(static_cast<double>(rank), -alpha));
  return weights;
}

/// Lengths of `rows` rows that fall as rank^-alpha, are at most cols and add up to nnz, or one less.
std::vector<Index> power_law_lengths(Index rows, Index cols, Index nnz, double alpha) {
  const std::vector<double> weights = falling_weights(rows, alpha);
  const auto length = [&](double scale, double weight) {
    return std::min(static_cast<double>(cols), scale * weight);
  };
  double low = 0, high = rows ? static_cast<double>(cols) / weights.back() + 1 : 0;
  for (int step = 0; step < 100; ++step) {
    const double scale = (low + high) / 2;
    double sum = 0;
    for (const double w : weights) sum += length(scale, w);
    (sum < static_cast<double>(nnz) ? low : high) = scale;
  }
  std::vector<Index> lengths;
  double wanted = 0, given = 0;  // what a length loses by rounding goes to the next
  for (const double w : weights) {
    wanted += length(high, w);
    lengths.push_back(std::min(cols, static_cast<Index>(std::floor(wanted - given + 1e-6))));
    given += static_cast<double>(lengths.back());
  }
  return lengths;
}

/// Draws columns without repetition, with weights.
class WeightedColumns {
 public:
  WeightedColumns(Index cols, double alpha, Random& random)
      : random_(random), weights_(falling_weights(cols, alpha)) {
    shuffle(std::span(weights_), random);
    sums_.resize(weights_.size());
    std::partial_sum(weights_.begin(), weights_.end(), sums_.begin());
  }

  std::vector<Index> draw(Index count) {
    std::vector<Index> found =
        count > static_cast<Index>(weights_.size()) / 8 ? largest_keys(count) : by_rejection(count);
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  /// Efraimidis and Spirakis (2006): the largest of u^(1/w) are a weighted sample without replacement.
  std::vector<Index> largest_keys(Index count) {
    std::vector<std::pair<double, Index>> keys;
    for (std::size_t j = 0; j < weights_.size(); ++j)
      keys.emplace_back(std::log(1 - random_.real()) / weights_[j], static_cast<Index>(j));
    std::nth_element(keys.begin(), keys.begin() + count, keys.end(), std::greater<>());
    std::vector<Index> found;
    for (Index k = 0; k < count; ++k) found.push_back(keys[static_cast<std::size_t>(k)].second);
    return found;
  }
  std::vector<Index> by_rejection(Index count) {
    std::vector<Index> found;
    while (static_cast<Index>(found.size()) < count) {
      const auto at =
          std::upper_bound(sums_.begin(), sums_.end(), random_.real() * sums_.back()) - sums_.begin();
      const Index j = std::min(at, std::ssize(sums_) - 1);
      if (const auto place = std::lower_bound(found.begin(), found.end(), j);
          place == found.end() || *place != j)
        found.insert(place, j);
    }
    return found;
  }

  Random& random_;
  std::vector<double> weights_, sums_;
};
}  // namespace

void fill_values(std::span<float> values, std::uint64_t seed) {
  Random random(seed ^ 0x76616c756573);
  for (float& x : values) {
    const float v = static_cast<float>(random.bits() >> 40) * 0x1p-23f - 1;  // 24 bits: exact, in [-1, 1)
    x = v != 0 ? v : 0x1p-24f;
  }
}

Csr uniform(Index rows, Index cols, double sparsity, std::uint64_t seed) {
  Random random(seed);
  Csr a{rows, cols, std::vector<Index>(static_cast<std::size_t>(rows) + 1), {}, {}};
  for (const Index at : sample(kept_of(rows * cols, sparsity), rows * cols, random)) {
    ++a.offsets[static_cast<std::size_t>(at / cols) + 1];
    a.columns.push_back(static_cast<std::int32_t>(at % cols));
  }
  std::partial_sum(a.offsets.begin(), a.offsets.end(), a.offsets.begin());
  return with_values(std::move(a), seed);
}

Csr power_law(Index rows, Index cols, double sparsity, double alpha, double column_alpha,
              std::uint64_t seed) {
  Random random(seed);
  std::vector<Index> lengths = power_law_lengths(rows, cols, kept_of(rows * cols, sparsity), alpha);
  shuffle(std::span(lengths), random);
  Csr a{rows, cols, {0}, {}, {}};
  if (column_alpha == 0) {
    for (const Index length : lengths) add_row(a, sample(length, cols, random));
  } else {
    WeightedColumns columns(cols, column_alpha, random);
    for (const Index length : lengths) add_row(a, columns.draw(length));
  }
  return with_values(std::move(a), seed);
}

Csr banded(Index rows, Index cols, Index lower, Index upper, double fill, std::uint64_t seed) {
  Random random(seed);
  Csr a{rows, cols, {0}, {}, {}};
  for (Index i = 0; i < rows; ++i) {
    std::vector<Index> row;
    const Index middle = i * cols / rows;
    for (Index j = std::max(Index{0}, middle - lower); j <= std::min(cols - 1, middle + upper); ++j)
      if (random.real() < fill) row.push_back(j);
    add_row(a, row);
  }
  return with_values(std::move(a), seed);
}

Csr blocks(Index rows, Index cols, Index block_rows, Index block_cols, double sparsity, std::uint64_t seed) {
  const Csr kept =
      uniform((rows + block_rows - 1) / block_rows, (cols + block_cols - 1) / block_cols, sparsity, seed);
  Csr a{rows, cols, {0}, {}, {}};
  for (Index i = 0; i < rows; ++i) {
    std::vector<Index> row;
    const auto block_row = static_cast<std::size_t>(i / block_rows);
    for (Index p = kept.offsets[block_row]; p < kept.offsets[block_row + 1]; ++p) {
      const Index first = kept.columns[static_cast<std::size_t>(p)] * block_cols;
      for (Index j = first; j < std::min(cols, first + block_cols); ++j) row.push_back(j);
    }
    add_row(a, row);
  }
  return with_values(std::move(a), seed);
}

Csr n_of_m(Index rows, Index cols, Index n, Index m, std::uint64_t seed) {
  Random random(seed);
  Csr a{rows, cols, {0}, {}, {}};
  for (Index i = 0; i < rows; ++i) {
    std::vector<Index> row;
    for (Index first = 0; first < cols; first += m) {
      const Index size = std::min(m, cols - first);
      for (const Index j : sample(std::min(n, size), size, random)) row.push_back(first + j);
    }
    add_row(a, row);
  }
  return with_values(std::move(a), seed);
}

Csr radixnet(Index n, Index layer, Index fan, std::uint64_t seed) {
  const Index base = n / fan;
  Index layers = 0;
  while (Index{1} << (layers + 1) <= base) ++layers;
  if (base < 2 || Index{1} << layers != base || base * fan != n)
    throw Error("radixnet", std::to_string(n) + " neurons with fan " + std::to_string(fan) +
                                "; fan times a power of two from 2 on is wanted");
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  const Index group = (layer - 1) / layers, place = Index{1} << (layer - 1) % layers;
  Random random(seed + static_cast<std::uint64_t>(group));
  if (group > 0) shuffle(std::span(order), random);
  Csr a{n, n, {0}, {}, {}};
  for (const Index i : order) {
    const Index r = i % base, other = (r + base - place) % base;
    std::vector<Index> row;
    for (Index copy = 0; copy < fan; ++copy)
      for (const Index c : {std::min(r, other), std::max(r, other)}) row.push_back(copy * base + c);
    add_row(a, row);
  }
  a.values.assign(a.columns.size(), 1.0f / static_cast<float>(fan));
  return a;
}
}  // namespace tulle::generate
