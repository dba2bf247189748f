#include "tulle/attention_mask.hpp"

#include <algorithm>
#include <limits>
#include <random>

#include "core/checked.hpp"

namespace tulle {
namespace {
constexpr Index kLargest = std::numeric_limits<std::int32_t>::max();

void expect_size(Index size, const char* what) {
  if (size < 0 || size > kLargest)
    throw Error("attention mask", std::to_string(size) + " " + what + "; 0 to " + std::to_string(kLargest));
}

void expect_same_size(const AttentionMask& a, const AttentionMask& b) {
  if (a.queries() != b.queries() || a.keys() != b.keys())
    throw Error("attention mask", std::to_string(a.queries()) + " x " + std::to_string(a.keys()) + " and " +
                                      std::to_string(b.queries()) + " x " + std::to_string(b.keys()));
}
}  // namespace

AttentionMask::AttentionMask(Index queries, Index keys) : keys_(keys) {
  expect_size(queries, "queries");
  expect_size(keys, "keys");
  offsets_.reserve(static_cast<std::size_t>(queries) + 1);
}

void AttentionMask::add(Index first, Index last) {
  first = std::max(first, Index{0});
  last = std::min(last, keys_);
  if (first >= last) return;
  const bool begun = static_cast<Index>(ranges_.size()) > offsets_.back();
  if (begun && first <= ranges_.back().last) {
    first = ranges_.back().last;
    if (first >= last) return;
    ranges_.back().last = static_cast<std::int32_t>(last);
  } else {
    ranges_.push_back({static_cast<std::int32_t>(first), static_cast<std::int32_t>(last)});
  }
  entries_ += last - first;
}

void AttentionMask::end_row() {
  offsets_.push_back(static_cast<Index>(ranges_.size()));
}

double AttentionMask::density() const {
  const double pairs = static_cast<double>(queries()) * static_cast<double>(keys_);
  return pairs > 0 ? static_cast<double>(entries_) / pairs : 0;
}

AttentionMask AttentionMask::full(Index queries, Index keys) {
  AttentionMask mask(queries, keys);
  for (Index i = 0; i < queries; ++i) mask.add(0, keys), mask.end_row();
  return mask;
}

AttentionMask AttentionMask::causal(Index queries, Index keys, Index first) {
  return window(queries, keys, kLargest, 0, first);
}

AttentionMask AttentionMask::window(Index queries, Index keys, Index before, Index after, Index first) {
  expect_size(before, "keys before");
  expect_size(after, "keys after");
  if (first < -kLargest || first > kLargest)
    throw Error("attention mask", "first position " + std::to_string(first));
  AttentionMask mask(queries, keys);
  for (Index i = 0; i < queries; ++i) mask.add(first + i - before, first + i + after + 1), mask.end_row();
  return mask;
}

AttentionMask AttentionMask::blocks(Index queries, Index keys, Index block_queries, Index block_keys,
                                    std::span<const std::uint8_t> kept) {
  AttentionMask mask(queries, keys);
  if (block_queries < 1 || block_keys < 1)
    throw Error("attention mask",
                "blocks of " + std::to_string(block_queries) + " x " + std::to_string(block_keys));
  const Index across = (keys + block_keys - 1) / block_keys,
              down = (queries + block_queries - 1) / block_queries;
  if (static_cast<Index>(kept.size()) != checked_mul(across, down))
    throw Error("attention mask", std::to_string(kept.size()) + " blocks, want " + std::to_string(down) +
                                      " x " + std::to_string(across));
  for (Index i = 0; i < queries; ++i) {
    const auto row = kept.subspan(static_cast<std::size_t>(i / block_queries * across));
    for (Index b = 0; b < across; ++b)
      if (row[static_cast<std::size_t>(b)]) mask.add(b * block_keys, (b + 1) * block_keys);
    mask.end_row();
  }
  return mask;
}

AttentionMask AttentionMask::bigbird(Index tokens, const BigBird& o) {
  expect_size(tokens, "tokens");
  if (o.block < 1 || o.window < 0 || o.global < 0 || o.random < 0)
    throw Error("attention mask", "BigBird with blocks of " + std::to_string(o.block) + ", window " +
                                      std::to_string(o.window) + ", global " + std::to_string(o.global) +
                                      ", random " + std::to_string(o.random));
  const Index count = (tokens + o.block - 1) / o.block;
  std::vector<std::uint8_t> kept(static_cast<std::size_t>(checked_mul(count, count)));
  std::mt19937 bits(o.seed);
  for (Index i = 0; i < count; ++i) {
    const auto row =
        std::span(kept).subspan(static_cast<std::size_t>(i * count), static_cast<std::size_t>(count));
    for (Index j = 0; j < count; ++j)
      row[static_cast<std::size_t>(j)] = i < o.global || j < o.global || std::abs(i - j) <= o.window / 2;
    for (Index r = 0; r < std::min(o.random, count); ++r) row[bits() % static_cast<std::size_t>(count)] = 1;
  }
  return blocks(tokens, tokens, o.block, o.block, kept);
}

AttentionMask AttentionMask::vertical_slash(Index tokens, std::span<const Index> verticals,
                                            std::span<const Index> slashes) {
  AttentionMask mask(tokens, tokens);
  std::vector<Index> down(verticals.begin(), verticals.end()), keys;
  std::sort(down.begin(), down.end());
  for (Index i = 0; i < tokens; ++i) {
    keys = down;
    for (const Index back : slashes) keys.push_back(i - back);
    std::sort(keys.begin(), keys.end());
    for (const Index key : keys)
      if (key >= 0 && key <= i) mask.add(key, key + 1);
    mask.end_row();
  }
  return mask;
}

AttentionMask AttentionMask::pattern(const CsrView& a) {
  check(a);
  AttentionMask mask(a.rows, a.cols);
  for (Index i = 0; i < a.rows; ++i) {
    for (Index p = a.offsets[static_cast<std::size_t>(i)]; p < a.offsets[static_cast<std::size_t>(i) + 1];
         ++p) {
      const Index key = a.columns[static_cast<std::size_t>(p)];
      mask.add(key, key + 1);
    }
    mask.end_row();
  }
  return mask;
}

AttentionMask AttentionMask::random(Index queries, Index keys, double density, unsigned seed) {
  if (!(density >= 0 && density <= 1)) throw Error("attention mask", "density " + std::to_string(density));
  AttentionMask mask(queries, keys);
  std::mt19937 bits(seed);
  const double limit = density * 4294967296.0;
  for (Index i = 0; i < queries; ++i) {
    for (Index j = 0; j < keys; ++j)
      if (bits() < limit) mask.add(j, j + 1);
    mask.end_row();
  }
  return mask;
}

Csr AttentionMask::to_csr() const {
  Csr csr{queries(), keys_, {0}, {}, {}};
  csr.columns.reserve(static_cast<std::size_t>(entries_));
  for (Index i = 0; i < queries(); ++i) {
    for (const KeyRange& range : row(i))
      for (std::int32_t j = range.first; j < range.last; ++j) csr.columns.push_back(j);
    csr.offsets.push_back(static_cast<Index>(csr.columns.size()));
  }
  csr.values.assign(csr.columns.size(), 1.0f);
  return csr;
}

AttentionMask operator&(const AttentionMask& a, const AttentionMask& b) {
  expect_same_size(a, b);
  AttentionMask both(a.queries(), a.keys());
  for (Index i = 0; i < a.queries(); ++i) {
    auto x = a.row(i), y = b.row(i);
    while (!x.empty() && !y.empty()) {
      both.add(std::max(x[0].first, y[0].first), std::min(x[0].last, y[0].last));
      (x[0].last < y[0].last ? x : y) = (x[0].last < y[0].last ? x : y).subspan(1);
    }
    both.end_row();
  }
  return both;
}

AttentionMask operator|(const AttentionMask& a, const AttentionMask& b) {
  expect_same_size(a, b);
  AttentionMask either(a.queries(), a.keys());
  for (Index i = 0; i < a.queries(); ++i) {
    auto x = a.row(i), y = b.row(i);
    while (!x.empty() || !y.empty()) {
      auto& next = y.empty() || (!x.empty() && x[0].first < y[0].first) ? x : y;
      either.add(next[0].first, next[0].last);
      next = next.subspan(1);
    }
    either.end_row();
  }
  return either;
}
}  // namespace tulle
