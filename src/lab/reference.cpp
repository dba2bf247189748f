#include "lab/reference.hpp"
#include <fmt/format.h>
#include <bit>
#include <cmath>
#include "core/threads.hpp"
#include "tulle/error.hpp"

namespace tulle::lab {
namespace {
constexpr double kUnit = 0x1p-24, kNothing = 1e-37;  // the latter: products of small numbers may be flushed to 0

// A type of `bits` bits of significand, the hidden one among them, to nearest even; exponents are kept.
float rounded(float x, int bits) {
  const int dropped = 24 - bits;
  std::uint32_t u = std::bit_cast<std::uint32_t>(x);
  u += (1u << (dropped - 1)) - 1 + ((u >> dropped) & 1);
  return std::bit_cast<float>(u >> dropped << dropped);
}
}  // namespace

void narrow(std::span<float> values, DType dtype) {
  constexpr float kSpread = 40;  // a normal value times this is an int8 in 99.8 % of cases
  for (float& x : values) {
    if (dtype == DType::bf16) x = rounded(x, 8);
    if (dtype == DType::f16) x = rounded(x, 11);
    if (dtype == DType::i8) x = std::fmax(-127.0f, std::fmin(127.0f, std::round(kSpread * x)));
  }
}

Reference::Reference(const CsrView& a, std::span<const float> b, Index n, int threads)
    : rows_(a.rows), n_(n), sums_(static_cast<std::size_t>(a.rows * n)), sizes_(sums_.size()) {
  for (Index i = 0; i < a.rows; ++i) entries_.push_back(a.offsets[static_cast<std::size_t>(i + 1)] - a.offsets[static_cast<std::size_t>(i)]);
  parallel_for(a.rows, threads, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) {
      double *sum = sums_.data() + i * n, *size = sizes_.data() + i * n;
      for (Index p = a.offsets[static_cast<std::size_t>(i)]; p < a.offsets[static_cast<std::size_t>(i + 1)]; ++p) {
        const double value = a.values[static_cast<std::size_t>(p)];
        const float* row = b.data() + a.columns[static_cast<std::size_t>(p)] * n;
        for (Index j = 0; j < n; ++j) sum[j] += value * row[j], size[j] += std::abs(value * row[j]);
      }
    }
  });
}

Reference::Verdict Reference::check(const Tensor& c, bool tokens, DType dtype) const {
  const Shape want = tokens ? Shape{n_, rows_} : Shape{rows_, n_};
  if (c.shape() != want || (c.dtype() != DType::f32 && c.dtype() != DType::i32))
    return {INFINITY, fmt::format("its result is {} {}, wants f32 or i32 {}", name(c.dtype()), to_string(c.shape()), to_string(want))};
  Verdict verdict;
  const bool exact = c.dtype() == DType::i32;
  const double rounding = dtype == DType::bf16 ? 0x1p-8 : dtype == DType::f16 ? 0x1p-11 : 0;
  for (Index i = 0; i < rows_; ++i)
    for (Index j = 0; j < n_; ++j) {
      const auto at = static_cast<std::size_t>(i * n_ + j), there = static_cast<std::size_t>(tokens ? j * rows_ + i : i * n_ + j);
      const double got = exact ? c.as<std::int32_t>()[there] : static_cast<double>(c.as<float>()[there]), off = std::abs(got - sums_[at]);
      const double bound = exact ? 0 : static_cast<double>(entries_[static_cast<std::size_t>(i)] + 4) * kUnit * sizes_[at] + rounding * std::abs(sums_[at]) + kNothing;
      if (sizes_[at] > 0) verdict.error = std::max(verdict.error, off / (kUnit * sizes_[at]));
      if (!(off <= bound) && verdict.wrong.empty())
        verdict.wrong = fmt::format("row {}, column {} is {:.9g}, wants {:.9g} within {:.2g}", i, j, got, sums_[at], bound);
    }
  return verdict;
}
}  // namespace tulle::lab
