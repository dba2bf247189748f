// The specification in code, and what runs where the CPU has no instruction for the type. Clear, never fast.
#include <cmath>

#include "core/bfloat16.hpp"
#include "kernels/narrow/words.hpp"
#include "kernels/pointwise/scalar.hpp"

namespace tulle::narrow {
namespace {
/// Values `place` of a word: the type's own arithmetic.
struct Pairs {
  using Sum = float;
  static constexpr int kValues = 2;
  static float half(float word, int place) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(word);
    return std::bit_cast<float>(place ? bits & 0xffff0000u : bits << 16);
  }
  /// A half that is 0 counts as absent: this kernel pads nothing.
  static Sum product(float a, float b, int place) {
    return half(a, place) == 0 ? 0 : half(a, place) * half(b, place);
  }
};
struct Quads {
  using Sum = std::int32_t;
  static constexpr int kValues = 4;
  static std::uint32_t byte(float word, int place) {
    return std::bit_cast<std::uint32_t>(word) >> (8 * place) & 0xff;
  }
  static Sum product(float a, float b, int place) {
    return static_cast<std::int8_t>(byte(a, place)) * static_cast<Sum>(byte(b, place));
  }
};

template <class Type>
class Plain final : public Prepared {
  using Sum = typename Type::Sum;

 public:
  explicit Plain(const Problem& p)
      : words_(pack_words(p.a, p.dtype)),
        bias_(p.bias.begin(), p.bias.end()),
        scales_(scales_of(p)),
        c_stride_(p.c_stride),
        r_stride_(p.r_stride),
        residual_(p.residual),
        mask_(p.mask),
        activation_(p.activation) {
    bias_.resize(static_cast<std::size_t>(p.a.rows), 0);
    if constexpr (std::is_integral_v<Sum>) first_ = first_sums(p);
  }
  Index blocks() const override { return words_.rows; }
  std::size_t bytes() const override {
    return words_.offsets.size() * sizeof(Index) + words_.values.size() * 8 + bias_.size() * 8;
  }
  void run(std::span<const Tile> tiles, Index first, Index last, const float* b, float* c,
           const float* r) const noexcept override {
    for (const Tile& tile : tiles)
      for (Index i = first; i < last; ++i) row(tile, i, b, c + tile.c + i * c_stride_, r);
  }

 private:
  void row(const Tile& tile, Index i, const float* b, float* c, const float* r) const {
    const auto at = static_cast<std::size_t>(i);
    for (Index lane = 0; lane < kLanes; ++lane) {
      float x = scaled(sum(i, b + tile.b + lane), at);
      if (residual_) x += r[tile.r + i * r_stride_ + lane];
      const bool real = !mask_ || (tile.lanes >> lane & 1);
      c[lane] = real ? static_cast<float>(pointwise::activate(activation_, x)) : 0;
    }
  }
  Sum sum(Index i, const float* b) const {
    Sum total = std::is_integral_v<Sum> ? static_cast<Sum>(first_[static_cast<std::size_t>(i)]) : Sum{0};
    for (Index e = words_.offsets[i]; e < words_.offsets[i + 1]; ++e)
      for (int place = 0; place < Type::kValues; ++place)
        total += Type::product(words_.values[e], b[words_.columns[e] * kLanes], place);
    return total;
  }
  float scaled(Sum sum, std::size_t i) const {
    if constexpr (std::is_integral_v<Sum>)
      return std::fma(static_cast<float>(sum), scales_[i], bias_[i]);
    else
      return sum + bias_[i];
  }

  Csr words_;
  std::vector<float> bias_, scales_;
  std::vector<std::int32_t> first_;  ///< of integers
  Index c_stride_, r_stride_;
  bool residual_, mask_;
  Activation activation_;
};

double cost_us(const Problem& p) {
  return static_cast<double>(p.a.nnz() * p.tiles * kLanes) / 400;
}
template <class Type>
std::unique_ptr<Prepared> prepare(const Problem& p) {
  return std::make_unique<Plain<Type>>(p);
}
}  // namespace

extern constinit const Kernel reference_bf16{"narrow/reference/bf16", DType::bf16, Features::none, true,
                                             refuse_values,           cost_us,     prepare<Pairs>};
extern constinit const Kernel reference_i8{"narrow/reference/i8", DType::i8, Features::none, true,
                                           refuse_values,         cost_us,   prepare<Quads>};
}  // namespace tulle::narrow
