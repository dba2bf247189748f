#pragma once
// What all kernels of the family share: pieces of rows, and how a long row becomes one again.
#include <limits>

#include "kernels/aggregate/pieces.hpp"

namespace tulle::aggregate {
/// NaN where one of the two is, in any order of what is compared.
inline float larger(float a, float b) {
  return a > b || a != a ? a : b;
}

class PreparedPieces : public Prepared {
 public:
  PreparedPieces(const Problem& p, Order order) : pieces_(p, order), reduction_(p.reduction), n_(p.n) {}
  Index parts() const override { return pieces_.parts; }
  Index long_rows() const override { return std::ssize(pieces_.long_rows); }
  std::size_t bytes() const override { return pieces_.bytes(); }
  void combine(Index first, Index last, const Operands& o) const noexcept override {
    for (Index k = first; k < last; ++k) combine(pieces_.long_rows[static_cast<std::size_t>(k)], o);
  }

 protected:
  Pieces pieces_;
  Reduction reduction_;
  Index n_;

 private:
  void combine(const Pieces::LongRow& row, const Operands& o) const noexcept {
    const float* const parts = o.parts + row.first_part * n_;
    for (Index j = 0; j < n_; ++j) {
      float c = parts[j];
      for (Index k = 1; k < row.parts; ++k)
        c = reduction_ == Reduction::max ? larger(c, parts[k * n_ + j]) : c + parts[k * n_ + j];
      o.c[row.row * o.c_stride + j] = reduction_ == Reduction::mean ? c / row.entries : c;
    }
  }
};
}  // namespace tulle::aggregate
