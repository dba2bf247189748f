// The specification in code: row by row, in f64. Clear, never fast.
#include "core/bfloat16.hpp"
#include "kernels/pointwise/scalar.hpp"
#include "kernels/sparse_input/rows.hpp"

namespace tulle::sparse_input {
namespace {
template <class Value>
class Plain final : public Prepared {
 public:
  explicit Plain(const Problem& p)
      : offsets_(p.a.offsets.begin(), p.a.offsets.end()),
        columns_(p.a.columns.begin(), p.a.columns.end()),
        bias_(p.bias.begin(), p.bias.end()),
        scales_(p.scales.begin(), p.scales.end()),
        activation_(p.activation) {
    for (const float value : p.a.values) values_.push_back(static_cast<float>(Value(value)));
    bias_.resize(static_cast<std::size_t>(p.a.rows), 0);
    scales_.resize(static_cast<std::size_t>(p.a.rows), 1);
  }
  Index blocks() const override { return std::ssize(bias_); }
  std::size_t bytes() const override {
    return offsets_.size() * sizeof(Index) + values_.size() * 8 + bias_.size() * 8;
  }
  void run(Index first, Index last, std::span<const Nonzero> x, float* y) const noexcept override {
    for (Index i = first; i < last; ++i) {
      const auto row = static_cast<std::size_t>(i);
      const double sum = double{scales_[row]} * dot(row, x) + bias_[row];
      y[i] = static_cast<float>(pointwise::activate(activation_, sum));
    }
  }

 private:
  /// Both lists rise in their columns.
  double dot(std::size_t row, std::span<const Nonzero> x) const {
    double sum = 0;
    std::size_t at = 0;
    for (auto e = static_cast<std::size_t>(offsets_[row]); e < static_cast<std::size_t>(offsets_[row + 1]);
         ++e) {
      while (at < x.size() && x[at].column < columns_[e]) ++at;
      if (at < x.size() && x[at].column == columns_[e]) sum += double{values_[e]} * x[at].value;
    }
    return sum;
  }
  std::vector<Index> offsets_;
  std::vector<std::int32_t> columns_;
  std::vector<float> values_, bias_, scales_;
  Activation activation_;
};

std::optional<std::string> accept(const Problem&) {
  return std::nullopt;
}
double cost_us(const Problem& p) {
  return static_cast<double>(p.a.nnz()) / 400;
}
template <class Value>
std::unique_ptr<Prepared> prepare(const Problem& p) {
  return std::make_unique<Plain<Value>>(p);
}
}  // namespace
extern constinit const Kernel reference{
    "sparse_input/reference", DType::f32, Features::none, true, accept, cost_us, prepare<float>};
extern constinit const Kernel reference_bf16{
    "sparse_input/reference/bf16", DType::bf16, Features::none, true, accept, cost_us, prepare<BFloat16>};
extern constinit const Kernel reference_i8{
    "sparse_input/reference/i8", DType::i8, Features::none, true, refuse_values, cost_us,
    prepare<std::int8_t>};
}  // namespace tulle::sparse_input
