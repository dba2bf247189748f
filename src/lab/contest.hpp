#pragma once
#include <functional>
#include "lab/programs.hpp"
#include "lab/record.hpp"
#include "lab/suite.hpp"

namespace tulle::lab {
struct ContestOptions {
  Suite suite;
  std::vector<std::string> peers;      ///< programs beside Tulle: "mkl", "onednn"
  std::vector<std::string> kernels;    ///< patterns of Tulle's kernels ("plan", "spmm/avx512/*"); none: the suite's
  std::filesystem::path out;           ///< folder of results
  ProgramPaths paths;
  std::string command;                 ///< that asked for this, kept in DIR/commands.txt
  std::function<void(const std::string&)> say;  ///< a line that stays: who is absent, what was wrong
  std::function<void(Index done, Index total, const std::string& what)> progress;
  double load_seconds = 300, run_seconds = 120;  ///< a contender that takes longer has failed
};

struct ContestSummary {
  Index cases = 0, measured = 0, kept = 0, refused = 0, wrong = 0, failed = 0;  ///< lines but for `cases`
  std::vector<std::string> absent;
};

/// Times every contender on every case of the suite, each in a process of its own, interleaved in rounds, after its
/// result was compared with f64. One line of results each; lines that are there already are kept.
ContestSummary run_contest(const ContestOptions&);
}  // namespace tulle::lab
