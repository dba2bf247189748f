#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include "lab/inputs.hpp"
#include "lab/profile.hpp"

namespace tulle::lab {
/// How to start the engines of a comparison.
struct PeerPaths {
  std::filesystem::path tulle;    ///< this program
  std::filesystem::path scripts;  ///< folder of <peer>.py
  std::filesystem::path python;   ///< with the engines installed
};

struct BenchOptions {
  std::filesystem::path model;
  std::vector<std::string> against;  ///< "onnxruntime", "openvino", "openvino:default", "tulle:dense"
  int threads = 1;
  int rounds = 5;            ///< each engine in turn, so that noise meets all alike
  double round_ms = 300;     ///< of each engine in each round
  std::filesystem::path plan_cache;
  bool dense = false;         ///< Tulle asks dense kernels only
  bool follow_links = false;  ///< as in LoadOptions
  std::function<void(const std::string&)> say;  ///< a line of progress
  double load_seconds = 600, run_seconds = 600;  ///< an engine that takes longer is left out
};

/// One engine's part. error: it could not take part, and why.
struct PeerResult {
  std::string name, version, error;
  Latencies latency_ms;
  double load_ms = 0, first_ms = 0, peak_rss_mb = 0;
  double difference = 0;  ///< largest, from Tulle's outputs, over the largest output
};

/// Runs Tulle and its peers, each in a process of its own, on the same inputs in interleaved rounds; outputs are
/// compared before anything is timed. The first result is Tulle's.
std::vector<PeerResult> bench(const BenchOptions&, const PeerPaths&, const Inputs&);
}  // namespace tulle::lab
