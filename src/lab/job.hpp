#pragma once
#include <map>
#include <string>
#include "core/tensor.hpp"
#include "tulle/sparse.hpp"

namespace tulle::lab {
/// Dense operands of an operation by the names that it gives them: "b".
using Operands = std::map<std::string, Tensor>;
/// What an operation wants to know beside the matrix and n, by name: "heads".
using Parameters = std::map<std::string, double, std::less<>>;

/// What a contender is to compute over and over. The matrix and the operands live as long as the contender.
struct Job {
  std::string op, kernel;
  CsrView a;          ///< m x k; of a narrower type the values are exact in it
  Operands operands;  ///< as f32, whatever the type
  Index n = 0;
  DType dtype = DType::f32;
  std::string order;  ///< one of the operation's
  int threads = 1;
  bool cold = false;
  Parameters parameters;

  /// Throws Error where the job has none of that name.
  const float* operand(const std::string& name) const;
  double parameter(std::string_view name) const;
  bool tokens() const { return order == "tokens"; }
};

/// One way to compute it, prepared: constructors pack, run() computes. Errors say why it cannot take part.
class Contender {
 public:
  virtual ~Contender() = default;
  virtual void run() = 0;
  /// What a run computed, in the shape that the operation wants, f32 or i32.
  virtual Tensor result() = 0;
  /// What the reader of a figure should know: the path that a library took.
  virtual std::string note() { return ""; }
};
}  // namespace tulle::lab
