#include "lab/serve.hpp"
#include <sched.h>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>
#include "core/cpu.hpp"
#include "core/threads.hpp"
#include "io/npz.hpp"
#include "lab/exchange.hpp"
#include "lab/walls.hpp"

namespace tulle::lab {
namespace {
using nlohmann::json;
using Clock = std::chrono::steady_clock;
constexpr double kShort_us = 20;  // shorter calls are timed several at once: reading the clock costs 20 to 50 ns
constexpr std::size_t kMostTimes = 100'000, kFewestTimes = 3;
constexpr long kLeastEvicted = 64L << 20, kMostEvicted = 512L << 20;

double us_since(Clock::time_point start) { return std::chrono::duration<double, std::micro>(Clock::now() - start).count(); }

// Every thread of this process: libraries start theirs while they are loaded.
void pin(const json& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const json& c : cpus)
    if (c.get<unsigned>() < CPU_SETSIZE) CPU_SET(c.get<unsigned>(), &set);
  if (CPU_COUNT(&set) == 0) return;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task"))
    sched_setaffinity(std::stoi(task.path().filename().string()), sizeof set, &set);
}

// Weights out of the caches, operands back in: layers find their inputs where the layer before left them.
class Evicter {
 public:
  explicit Evicter(int threads) : threads_(threads) {
    const long bytes = std::clamp(2 * cpu_info().l3_bytes, kLeastEvicted, kMostEvicted);
    lines_.assign(static_cast<std::size_t>(bytes) / sizeof(Line), Line{});
  }
  void evict(const Operands& operands) {
    parallel_for(static_cast<Index>(lines_.size()), threads_, [&](Index first, Index last) {
      for (Index i = first; i < last; ++i) ++lines_[static_cast<std::size_t>(i)].count;
    });
    volatile float seen = 0;
    for (const auto& [name, operand] : operands)
      for (std::size_t i = 0; i < operand.as<float>().size(); i += 16) seen = operand.as<float>()[i];
    static_cast<void>(seen);
  }

 private:
  struct alignas(64) Line {
    long count = 0;
  };
  int threads_;
  std::vector<Line> lines_;
};

class Server {
 public:
  explicit Server(const Served& served) : served_(served) {}

  json answer(const json& job) {
    const std::string cmd = job.at("cmd");
    if (cmd == "hello") return hello();
    if (cmd == "load") return load(job);
    if (cmd == "run") return run(job);
    if (cmd == "walls") return walls(job);
    if (cmd == "end") return json::object();
    throw Error("contender", "no command '" + cmd + "'");
  }

 private:
  json walls(const json& job) {
    pin(job.value("cpus", json::array()));
    return to_json(measure_walls(job.value("threads", 1)));
  }

  json hello() const {
    json offers = json::array();
    for (const Offer& o : served_.offers) {
      json dtypes = json::array();
      for (const DType d : o.dtypes) dtypes.push_back(name(d));
      offers.push_back({{"op", o.op}, {"kernel", o.kernel}, {"dtypes", dtypes}});
    }
    return {{"version", served_.version}, {"offers", offers}};
  }

  const Offer& offer(const std::string& op, const std::string& kernel) const {
    for (const Offer& o : served_.offers)
      if (o.op == op && o.kernel == kernel) return o;
    throw Error(kernel, "is not offered for " + op);
  }

  json load(const json& job) {
    pin(job.value("cpus", json::array()));
    contender_.reset();
    evicter_.reset();
    a_ = read_csr(job.at("a").get<std::string>());
    job_ = {.op = job.at("op"), .kernel = job.at("kernel"), .a = a_.view(), .operands = {}, .n = job.at("n"), .dtype = dtype_of(job.at("dtype")),
            .order = job.at("order"), .threads = job.value("threads", 1), .cold = job.value("cold", false),
            .parameters = job.value("parameters", Parameters{})};
    for (const auto& [operand, file] : job.at("operands").items()) job_.operands[operand] = io::read_npy(file.get<std::string>());
    const Offer& wanted = offer(job_.op, job_.kernel);
    const Clock::time_point start = Clock::now();
    try {
      contender_ = wanted.prepare(job_);
    } catch (const Error& refusal) {
      return {{"refused", refusal.what()}};
    }
    const double prepare_us = us_since(start);
    contender_->run();
    io::write_npy(job.at("result").get<std::string>(), contender_->result());
    if (job_.cold) evicter_ = std::make_unique<Evicter>(job_.threads);
    return {{"prepare_us", prepare_us}, {"note", contender_->note()}, {"version", served_.version}};
  }

  double time(int calls) {
    const Clock::time_point start = Clock::now();
    for (int i = 0; i < calls; ++i) contender_->run();
    return us_since(start) / calls;
  }

  json run(const json& job) {
    if (!contender_) throw Error("contender", "'run' before 'load'");
    const double budget_us = 1e3 * job.at("ms").get<double>();
    contender_->run();
    const int calls = evicter_ ? 1 : static_cast<int>(std::clamp(kShort_us / time(1), 1.0, 1e4));
    json times = json::array();
    const Clock::time_point start = Clock::now();
    while (times.size() < kFewestTimes || (us_since(start) < budget_us && times.size() < kMostTimes)) {
      if (evicter_) evicter_->evict(job_.operands);
      times.push_back(time(calls));
    }
    return {{"us", times}};
  }

  const Served& served_;
  Csr a_;
  Job job_;
  std::unique_ptr<Contender> contender_;  // after what it looks at
  std::unique_ptr<Evicter> evicter_;
};
}  // namespace

void serve(const Served& served, std::istream& in, std::ostream& out) {
  Server server(served);
  for (std::string line; std::getline(in, line);) {
    json answer;
    bool end = false;
    try {
      const json job = json::parse(line);
      end = job.value("cmd", "") == "end";
      answer = server.answer(job);
    } catch (const std::exception& e) {
      answer = {{"error", e.what()}};
    }
    out << answer.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
    if (end) return;
  }
}
}  // namespace tulle::lab
