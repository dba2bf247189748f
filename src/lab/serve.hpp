#pragma once
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>
#include "core/tensor.hpp"
#include "tulle/sparse.hpp"

namespace tulle::lab {
/// What a contender is to compute: C = A B over and over. The views live as long as the contender.
struct Product {
  std::string kernel;
  CsrView a;         ///< m x k; of a narrower type the values are exact in it
  const float* b;    ///< k x n row-major, or tokens: n x k row-major
  Index n = 0;
  DType dtype = DType::f32;
  std::string order;  ///< "row_major", "tokens", "panels" (B then lies row-major here)
  int threads = 1;
  bool cold = false;
  bool tokens() const { return order == "tokens"; }
};

/// One way to compute it, prepared: constructors pack, run() computes. Errors say why it cannot take part.
class Contender {
 public:
  virtual ~Contender() = default;
  virtual void run() = 0;
  /// C after a run, f32 or i32: m x n, or n x m for tokens.
  virtual Tensor result() = 0;
  /// What the reader of a figure should know: the path that a library took.
  virtual std::string note() { return ""; }
};

/// What a program computes with, by the names in records: "mkl_csr".
struct Served {
  std::vector<std::string> names;
  std::string version;
  std::function<std::unique_ptr<Contender>(const Product&)> prepare;
};

/// Answers each JSON line of `in` with one of `out` until the end; docs/lab.md has the protocol.
void serve(const Served&, std::istream& in, std::ostream& out);
}  // namespace tulle::lab
