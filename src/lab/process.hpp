#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <sys/types.h>
#include <vector>

namespace tulle::lab {
/// A program that answers one JSON line to each JSON line. When it dies, says nonsense or takes too long, ask() throws
/// an Error that names it and how it ended; the program is killed by the destructor at the latest.
class Process {
 public:
  Process(std::string name, const std::vector<std::string>& command);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();
  nlohmann::json ask(const nlohmann::json& job, double seconds);

 private:
  std::string read_line(double seconds);
  [[noreturn]] void fail(const std::string& what);
  std::string name_, buffered_;
  pid_t pid_ = -1;
  int to_ = -1, from_ = -1;
};
}  // namespace tulle::lab
