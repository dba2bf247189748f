#pragma once
#include <gtest/gtest.h>
#include "support/program.hpp"

namespace tulle::test {
using Words = std::vector<std::string>;

inline const std::string kModels = TULLE_SOURCE_DIR "/models/";

/// tulle with these words.
inline Program::End command(Words words, const Words& environment = {}) {
  words.insert(words.begin(), TULLE_PROGRAM);
  return Program(words, environment).wait();
}

/// Exit code 2, one to three printable lines on standard error, nothing on standard output.
inline void expect_refusal(const Program::End& end, const std::string& says) {
  EXPECT_EQ(end.exit_code, 2) << "signal " << end.signal << ": " << end.err;
  EXPECT_EQ(end.out, "");
  EXPECT_SAYS(end.err, says);
  const auto lines = std::count(end.err.begin(), end.err.end(), '\n');
  EXPECT_GE(lines, 1);
  EXPECT_LE(lines, 3);
  for (const char c : end.err) EXPECT_TRUE(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)) << end.err;
}
}  // namespace tulle::test
