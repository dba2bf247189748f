#pragma once
// What every peer in C++ shares: main() over the lab's protocol, and products in Tulle's terms.
#include <iostream>
#include <memory>
#include "lab/serve.hpp"
#include "tulle/error.hpp"

namespace tulle::lab::peer {
/// A multiplied by vectors that lie row after row: C = A B, or for tokens C^T = B^T A^T. C is f32 and the base's.
class F32Product : public Contender {
 public:
  explicit F32Product(const Job& job)
      : p_(job), b_(job.operand("b")), c_(TensorType{DType::f32, job.tokens() ? Shape{job.n, job.a.rows} : Shape{job.a.rows, job.n}}) {}
  Tensor result() override { return c_; }

 protected:
  float* c() { return c_.as_mutable<float>().data(); }
  int m() const { return static_cast<int>(p_.a.rows); }
  int k() const { return static_cast<int>(p_.a.cols); }
  int n() const { return static_cast<int>(p_.n); }
  const Job& p_;
  const float* const b_;

 private:
  Tensor c_;
};

inline std::vector<float> dense(const CsrView& a) {
  std::vector<float> all(static_cast<std::size_t>(a.rows * a.cols));
  for (Index i = 0; i < a.rows; ++i)
    for (Index e = a.offsets[static_cast<std::size_t>(i)]; e < a.offsets[static_cast<std::size_t>(i + 1)]; ++e)
      all[static_cast<std::size_t>(i * a.cols + a.columns[static_cast<std::size_t>(e)])] = a.values[static_cast<std::size_t>(e)];
  return all;
}

/// Offsets for libraries that count in int.
inline std::vector<int> narrow_offsets(const CsrView& a) {
  if (a.nnz() > INT32_MAX) throw Error("offsets", "of " + std::to_string(a.nnz()) + " entries do not fit 32 bits");
  return {a.offsets.begin(), a.offsets.end()};
}

template <class T> std::unique_ptr<Contender> make(const Job& job) { return std::make_unique<T>(job); }

/// The same for the aggregation of graphs: a product where sums are asked.
template <class T> std::unique_ptr<Contender> make_sum(const Job& job) {
  if (job.parameter("reduction") != 0) throw Error(job.kernel, "knows sums only");
  return make<T>(job);
}

/// The whole of main().
inline int run(const Served& served) {
  serve(served, std::cin, std::cout);
  return 0;
}
}  // namespace tulle::lab::peer
