#pragma once
#include <memory>
#include <string_view>
#include "lab/expected.hpp"
#include "lab/job.hpp"
#include "lab/suite.hpp"

namespace tulle::lab {
/// One case made concrete: what all contenders are given, and what they must find.
struct Question {
  Operands operands;
  Expected expected;
  double flops = 0;        ///< useful ones
  double dense_flops = 0;  ///< of a contender that multiplies zeros too
};

/// What the lab can time: a file in lab/operations and a line in its list.cpp.
struct Operation {
  std::string_view name;
  std::string_view n;  ///< what the n of a case is, or "" where it has none
  std::vector<DType> dtypes{DType::f32};
  std::vector<std::string_view> orders{"row_major"};  ///< of dense operands; the first unless told
  Parameters parameters;                              ///< further keys of a case, with the values they have unless told
  /// The matrix has values of the type.
  Question (*ask)(const Case&, const CsrView&);
  std::vector<std::string> (*kernels)(DType);  ///< Tulle's, by the names of the public API
  /// One of those, or "plan": what Tulle picks itself.
  std::unique_ptr<Contender> (*prepare)(const Job&);
};

std::span<const Operation> operations();
/// Throws Error that lists what there is.
const Operation& find_operation(std::string_view name);
}  // namespace tulle::lab
