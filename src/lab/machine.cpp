#include "lab/machine.hpp"
#include <fmt/format.h>
#include <sched.h>
#include <ctime>
#include <fstream>
#include "core/cpu.hpp"
#include "io/file.hpp"
#include "lab/report.hpp"
#include "tulle/error.hpp"

namespace tulle::lab {
namespace {
using nlohmann::json;

std::string today() {
  char text[32];
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::strftime(text, sizeof text, "%Y-%m-%d", &utc);
  return text;
}
}  // namespace

std::string machine_id() {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : machine_json().dump()) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("{:08x}", hash >> 32);
}

std::vector<int> cpus_for(int threads) {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  std::vector<int> cpus;
  for (int c = CPU_SETSIZE; c-- > 0 && static_cast<int>(cpus.size()) < threads;)
    if (CPU_ISSET(static_cast<unsigned>(c), &set)) cpus.push_back(c);
  return cpus;
}

double Machines::peak(int threads) const {
  std::ifstream in(file_);
  const std::string id = machine_id();
  for (std::string line; std::getline(in, line);) {
    const json m = json::parse(line, nullptr, false);
    if (m.is_object() && m.value("machine", "") == id && m.value("threads", 0) == threads) return m.value("/walls/fma_gflops"_json_pointer, 0.0);
  }
  return 0;
}

void Machines::add(int threads, const json& walls) const {
  json m = machine_json();
  m.update({{"machine", machine_id()}, {"threads", threads}, {"cpus", cpus_for(threads)}, {"date", today()}, {"compiler", __VERSION__}, {"walls", walls}});
  std::ofstream out(file_, std::ios::app);
  if (!(out << m.dump() << std::endl)) throw Error(file_.string(), "cannot be written");
}
}  // namespace tulle::lab
