#pragma once
#include <gtest/gtest.h>

#include <cctype>
#include <string>

namespace tulle::test {
/// A test of the public API for every kernel by its name. One that took none of its cases is skipped, not
/// passed.
class NamedKernel : public testing::TestWithParam<std::string> {
 protected:
  void TearDown() override {
    if (!accepted && !IsSkipped() && !HasFatalFailure()) GTEST_SKIP() << GetParam() << " refuses here";
  }
  int accepted = 0;
};

/// "spmm/avx512/rows" as names of tests have it.
inline std::string readable(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}
}  // namespace tulle::test
