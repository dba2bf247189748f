#include "lab/expected.hpp"
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cmath>

namespace tulle::lab {
namespace {
constexpr double kUnit = 0x1p-24, kNothing = 1e-37;  // the latter: products of small numbers may be flushed to 0

std::string place(Shape shape, std::size_t at) {
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const auto size = static_cast<std::size_t>(shape[axis]);
    shape[axis] = static_cast<Index>(at % size), at /= size;
  }
  return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ", "));
}
}  // namespace

double sum_bound(Index terms, double size, double value, DType dtype) {
  const double rounding = dtype == DType::bf16 ? 0x1p-8 : dtype == DType::f16 ? 0x1p-11 : 0;
  return static_cast<double>(terms + 4) * kUnit * size + rounding * std::abs(value) + kNothing;
}

Expected::Verdict Expected::check(const Tensor& got) const {
  if (got.shape() != shape || (got.dtype() != DType::f32 && got.dtype() != DType::i32))
    return {INFINITY, fmt::format("its result is {} {}, wants f32 or i32 {}", name(got.dtype()), to_string(got.shape()), to_string(shape))};
  Verdict verdict;
  const bool exact = got.dtype() == DType::i32;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = exact ? got.as<std::int32_t>()[i] : static_cast<double>(got.as<float>()[i]), off = std::abs(x - values[i]);
    const double bound = exact ? 0 : bounds[i];
    if (sizes[i] > 0) verdict.error = std::max(verdict.error, off / (kUnit * sizes[i]));
    if (!(off <= bound) && verdict.wrong.empty())
      verdict.wrong = fmt::format("element {} is {:.9g}, wants {:.9g} within {:.2g}", place(shape, i), x, values[i], bound);
  }
  return verdict;
}
}  // namespace tulle::lab
