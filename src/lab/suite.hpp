#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>
#include "tulle/tensor.hpp"

namespace tulle::lab {
/// A matrix of formats/generate.hpp.
struct Generated {
  std::string kind;
  std::map<std::string, double, std::less<>> parameters;
};
/// Where a matrix comes from, and the name that records give it.
struct MatrixSource {
  std::string name;
  std::variant<std::filesystem::path, Generated> from;
};

/// One thing to time: an operation on one matrix in the given type and layout.
struct Case {
  std::string op;  ///< of operation.hpp: "spmm"
  MatrixSource matrix;
  Index n = 1;  ///< what it is, the operation says
  DType dtype = DType::f32;
  int threads = 1;
  bool cold = false;
  std::string order = "row_major";  ///< of dense operands
  std::map<std::string, double, std::less<>> parameters;  ///< of the operation
};

struct Suite {
  std::string name, about;
  int rounds = 0;       ///< each contender has its turn in each
  double round_ms = 0;  ///< of one contender in one round
  std::vector<std::string> kernels;  ///< patterns of Tulle's kernels; none: all but the references
  std::vector<Case> cases;
};

struct SuiteOptions {
  std::vector<int> threads;    ///< in place of what the suite says; none: the suite's
  std::filesystem::path dlmc;  ///< folder with all of DLMC, for the patterns under the key "dlmc"
};

/// A suite of cases as TOML; lab/suites holds those that come with Tulle, docs/lab.md describes the keys. Patterns are
/// relative to the suite. Throws Error that names file, line and key.
Suite read_suite(const std::filesystem::path&, const SuiteOptions& = {});

/// Files below `folder` whose path from there matches; sorted. * stands for any characters, / among them.
std::vector<std::filesystem::path> matching_files(const std::filesystem::path& folder, const std::string& pattern);
}  // namespace tulle::lab
