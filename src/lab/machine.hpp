#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>
#include "lab/walls.hpp"

namespace tulle::lab {
/// Names a kind of machine in records: the same for the same CPU, caches and instruction sets.
std::string machine_id();
/// The first `threads` of the CPUs that this process may use, from the last one down: interrupts favour the first.
std::vector<int> cpus_for(int threads);

/// DIR/machines.jsonl: facts and walls of each machine and number of threads that has results in the folder.
class Machines {
 public:
  explicit Machines(std::filesystem::path folder) : file_(std::move(folder) / "machines.jsonl") {}
  /// The f32 peak of this machine with so many threads, GFLOP/s; 0 where it was not measured.
  double peak(int threads) const;
  void add(int threads, const nlohmann::json& walls) const;

 private:
  std::filesystem::path file_;
};
}  // namespace tulle::lab
