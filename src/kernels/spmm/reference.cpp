// The specification in code: Gustavson's row-wise product (ACM TOMS 4(3), 1978). Clear, never fast.
#include "kernels/pointwise/scalar.hpp"
#include "kernels/spmm/packed_rows.hpp"

namespace tulle::spmm {
namespace {
class Plain final : public Prepared {
 public:
  explicit Plain(const Problem& p) : rows_(p) {}
  Index blocks() const override { return rows_.blocks(); }
  std::size_t bytes() const override { return rows_.bytes(); }
  void run(Index first, Index last, const Operands& o) const noexcept override {
    for (Index i = rows_.first_rows[first]; i < rows_.first_rows[last]; ++i)
      for (Index j = 0; j < rows_.n; ++j) {
        float sum = rows_.bias.empty() ? 0 : rows_.bias[i];
        if (rows_.residual) sum += o.r[i * o.r_stride + j];
        for (Index e = rows_.offsets[i]; e < rows_.offsets[i + 1]; ++e)
          sum += rows_.values[e] * o.b[rows_.columns[e] * o.b_stride + j];
        o.c[i * o.c_stride + j] = static_cast<float>(pointwise::activate(rows_.activation, sum));
      }
  }

 private:
  PackedRows rows_;
};

std::optional<std::string> refuse(const Problem&) {
  return std::nullopt;
}
double cost_us(const Problem& p) {
  return static_cast<double>(p.a.nnz() * p.n) / 500;
}
std::unique_ptr<Prepared> prepare(const Problem& p) {
  return std::make_unique<Plain>(p);
}
}  // namespace

extern constinit const Kernel reference{"spmm/reference", Features::none, true, refuse, cost_us, prepare};
}  // namespace tulle::spmm
