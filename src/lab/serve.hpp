#pragma once
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>
#include "lab/job.hpp"

namespace tulle::lab {
/// One thing that a program can compute: a contender by its name in records ("mkl_csr") in one operation.
struct Offer {
  std::string op, kernel;
  std::function<std::unique_ptr<Contender>(const Job&)> prepare;
  std::vector<DType> dtypes{DType::f32};
};
struct Served {
  std::string version;
  std::vector<Offer> offers;
};

/// Answers each JSON line of `in` with one of `out` until the end; docs/lab.md has the protocol.
void serve(const Served&, std::istream& in, std::ostream& out);
}  // namespace tulle::lab
