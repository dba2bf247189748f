// The specification in code: Gustavson's row-wise product (ACM TOMS 4(3), 1978) with a choice of what
// becomes of a row's terms. Clear, never fast.
#include "kernels/aggregate/prepared.hpp"

namespace tulle::aggregate {
namespace {
class Plain final : public PreparedPieces {
 public:
  explicit Plain(const Problem& p) : PreparedPieces(p, Order::as_given) {}
  Index units() const override { return pieces_.blocks(); }
  Index own_floats() const override { return 0; }
  void run(Index first, Index last, const Operands& o, float*) const noexcept override {
    for (Index p = pieces_.block_begins[static_cast<std::size_t>(first)];
         p < pieces_.block_begins[static_cast<std::size_t>(last)]; ++p) {
      const Index to = pieces_.to[static_cast<std::size_t>(p)];
      float* const c = to < 0 ? o.parts + (-1 - to) * n_ : o.c + to * o.c_stride;
      for (Index j = 0; j < n_; ++j) c[j] = element(p, to >= 0, o, j);
    }
  }

 private:
  float element(Index piece, bool whole, const Operands& o, Index j) const {
    const Index first = pieces_.begins[static_cast<std::size_t>(piece)],
                last = pieces_.begins[static_cast<std::size_t>(piece) + 1];
    if (first == last) return 0;
    const bool max = reduction_ == Reduction::max;
    float c = max ? -std::numeric_limits<float>::infinity() : 0;
    for (Index e = first; e < last; ++e) {
      const float x = o.b[pieces_.columns[static_cast<std::size_t>(e)] * o.b_stride + j];
      const float term = pieces_.values.empty() ? x : pieces_.values[static_cast<std::size_t>(e)] * x;
      c = max ? larger(c, term) : c + term;
    }
    return whole && reduction_ == Reduction::mean ? c / static_cast<float>(last - first) : c;
  }
};

std::optional<std::string> refuse(const Problem&) {
  return std::nullopt;
}
double cost_us(const Problem& p) {
  return static_cast<double>(p.a.columns.size()) * static_cast<double>(p.n) / 400;
}
std::unique_ptr<Prepared> prepare(const Problem& p) {
  return std::make_unique<Plain>(p);
}
}  // namespace

extern constinit const Kernel reference{"aggregate/reference", Features::none, refuse, cost_us, prepare};
}  // namespace tulle::aggregate
