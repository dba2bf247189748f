#include "lab/contest.hpp"
#include <fmt/format.h>
#include <fnmatch.h>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include "io/npz.hpp"
#include "lab/exchange.hpp"
#include "lab/machine.hpp"
#include "lab/matrix.hpp"
#include "lab/operation.hpp"
#include "lab/scratch.hpp"
#include "lab/standings.hpp"
#include "lab/values.hpp"

namespace tulle::lab {
namespace {
using nlohmann::json;
constexpr const char* kResult = "result.npy";
constexpr double kHelloSeconds = 60, kWallSeconds = 120;

/// One contender's part in one case.
struct Entry {
  const Program* program;
  std::string kernel, name;  // as its program and as records call it
  json record;
  std::vector<double> us, round_minima;
  bool timed = true;  // loaded, right, not failed
};

bool chosen(const std::string& name, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return name.find("/reference") == std::string::npos;  // they specify, and are slow
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& p) {
    return fnmatch(p.c_str(), name.c_str(), 0) == 0;
  });
}

class Contest {
 public:
  explicit Contest(const ContestOptions& o) : o_(o), records_(o.out), machines_(o.out), machine_(machine_id()) {
    if (records_.dropped_bytes() > 0) o_.say(fmt::format("a line that was cut short by a kill ({} bytes) is dropped and measured again", records_.dropped_bytes()));
    find_programs();
    std::ofstream(o.out / "commands.txt", std::ios::app) << o.command << "\n";
  }

  ContestSummary run() {
    const auto total = static_cast<Index>(o_.suite.cases.size());
    for (const Case& c : o_.suite.cases) {
      o_.progress(summary_.cases, total, fmt::format("{} {} n={}", c.op, c.matrix.name, c.n));
      run_case(c);
      ++summary_.cases;
    }
    o_.progress(total, total, "");
    return summary_;
  }

 private:
  void find_programs() {
    std::vector<std::string> names = o_.peers;
    names.insert(names.begin(), "tulle");
    for (const std::string& name : names) {
      try {
        programs_.push_back(find_program(name, o_.paths, kHelloSeconds));
      } catch (const Error& e) {
        if (name == "tulle") throw;
        summary_.absent.push_back(name);
        o_.say(e.what());
      }
    }
  }

  // A process computes with one contender and one number of threads; it lives until either changes.
  Process& process(const Entry& e) {
    std::unique_ptr<Process>& at = processes_[e.name];
    if (!at) at = std::make_unique<Process>(e.name, e.program->command);
    return *at;
  }

  void use_threads(int threads) {
    if (threads == threads_) return;
    processes_.clear();
    threads_ = threads;
    if (machines_.peak(threads) == 0) {
      o_.progress(summary_.cases, static_cast<Index>(o_.suite.cases.size()), "measuring the walls of the machine");
      Process walls("walls", programs_[0].command);
      machines_.add(threads, walls.ask({{"cmd", "walls"}, {"threads", threads}, {"cpus", cpus_for(threads)}}, kWallSeconds));
    }
    peak_ = machines_.peak(threads);
  }

  json record_of(const Case& c, const std::string& contender, const Program& p) const {
    json record{{"op", c.op}, {"matrix", c.matrix.name}, {"n", c.n}, {"dtype", name(c.dtype)}, {"threads", c.threads}, {"cold", c.cold},
                {"order", c.order}, {"kernel", contender}, {"machine", machine_}, {"version", p.version}, {"suite", o_.suite.name}};
    if (!c.parameters.empty()) record["parameters"] = c.parameters;
    return record;
  }

  std::vector<Entry> entries(const Case& c) {
    std::vector<Entry> wanted;
    for (const Program& p : programs_)
      for (const Contribution& offer : p.offers) {
        if (offer.op != c.op || std::count(offer.dtypes.begin(), offer.dtypes.end(), name(c.dtype)) == 0) continue;
        const bool own = p.name == "tulle";
        if (own && !chosen(offer.kernel, o_.kernels.empty() ? o_.suite.kernels : o_.kernels)) continue;
        Entry e{.program = &p, .kernel = offer.kernel, .name = own ? "tulle/" + offer.kernel : offer.kernel};
        e.record = record_of(c, e.name, p);
        if (records_.has(e.record))
          ++summary_.kept;
        else
          wanted.push_back(std::move(e));
      }
    return wanted;
  }

  void prepare(const Case& c) {
    const std::string wanted = fmt::format("{} {}", c.matrix.name, name(c.dtype));
    if (wanted != matrix_) {
      a_ = load_matrix(c.matrix);
      narrow(a_.values, c.dtype);
      write_csr(scratch_.path / "a.npz", a_.view());
      matrix_ = wanted;
    }
    question_ = find_operation(c.op).ask(c, a_.view());
    for (const auto& [operand, values] : question_.operands) io::write_npy(scratch_.path / (operand + ".npy"), values);
  }

  json job(const Entry& e, const Case& c) const {
    json operands = json::object();
    for (const auto& [operand, values] : question_.operands) operands[operand] = scratch_.path / (operand + ".npy");
    const bool own = e.program->name == "tulle";
    return {{"cmd", "load"}, {"op", c.op}, {"kernel", e.kernel}, {"a", scratch_.path / "a.npz"}, {"operands", operands},
            {"result", scratch_.path / kResult}, {"n", c.n}, {"dtype", name(c.dtype)}, {"order", own || c.order != "panels" ? c.order : "row_major"},
            {"threads", c.threads}, {"cold", c.cold}, {"cpus", cpus_for(c.threads)}, {"parameters", c.parameters}};
  }

  // Failures of one contender are its line; the others go on.
  template <class Body> void attempt(Entry& e, const Body& body) {
    try {
      body();
      return;
    } catch (const Error& error) {
      e.record["failed"] = error.what();
    } catch (const json::exception&) {
      e.record["failed"] = "peer '" + e.name + "': answered what the protocol does not know";
    }
    e.timed = false;
    processes_.erase(e.name);
    ++summary_.failed;
    o_.say(e.record["failed"].get<std::string>());
  }

  void load(Entry& e, const Case& c) {
    std::filesystem::remove(scratch_.path / kResult);
    const json answer = process(e).ask(job(e, c), o_.load_seconds);
    if (answer.contains("refused")) {
      e.record["refused"] = answer["refused"];
      e.timed = false;
      ++summary_.refused;
      return;
    }
    e.record["prepare_us"] = answer.at("prepare_us").get<double>();
    if (const std::string note = answer.value("note", ""); !note.empty()) e.record["note"] = note;
    const Expected::Verdict v = question_.expected.check(io::read_npy(scratch_.path / kResult));
    e.record["error"] = std::isfinite(v.error) ? json(v.error) : json();
    if (v.wrong.empty()) return;
    e.record["wrong"] = v.wrong;
    e.timed = false;
    ++summary_.wrong;
    o_.say(fmt::format("{} is wrong on {}, n={}: {}", e.name, c.matrix.name, c.n, v.wrong));
  }

  void time(Entry& e) {
    const json answer = process(e).ask({{"cmd", "run"}, {"ms", o_.suite.round_ms}}, o_.run_seconds);
    const auto us = answer.at("us").get<std::vector<double>>();
    if (us.empty() || !std::all_of(us.begin(), us.end(), [](double t) { return t > 0 && std::isfinite(t); }))
      throw Error("peer '" + e.name + "'", "gave no times");
    e.round_minima.push_back(*std::min_element(us.begin(), us.end()));
    e.us.insert(e.us.end(), us.begin(), us.end());
  }

  // Each operand and the result once: CSR with columns of 4 bytes, dense operands in the type, results of 4 bytes.
  double bytes_of(DType dtype) const {
    const auto value = static_cast<double>(size_bytes(dtype));
    double dense = 0;
    for (const auto& [operand, values] : question_.operands) dense += static_cast<double>(values.as<float>().size());
    return (value + 4) * static_cast<double>(a_.values.size()) + 8 * static_cast<double>(a_.rows + 1) + value * dense +
           4 * static_cast<double>(question_.expected.values.size());
  }

  void finish(Entry& e, const Case& c) {
    json& r = e.record;
    const double entries = static_cast<double>(a_.values.size()), size = static_cast<double>(a_.rows) * static_cast<double>(a_.cols);
    r.update({{"rows", a_.rows}, {"cols", a_.cols}, {"nnz", a_.values.size()}, {"sparsity", size > 0 ? 1 - entries / size : 0}});
    if (e.timed) {
      std::sort(e.us.begin(), e.us.end());
      const double gflops = (is_dense(e.name) ? question_.dense_flops : question_.flops) / e.us.front() / 1e3;
      r.update({{"us_min", e.us.front()}, {"us_median", e.us[e.us.size() / 2]}, {"us_rounds", e.round_minima}, {"runs", e.us.size()},
                {"gflops", gflops}, {"flops", question_.flops}, {"bytes", bytes_of(c.dtype)}, {"peak_share", peak_ > 0 ? json(gflops / peak_) : json()}});
      ++summary_.measured;
    }
    records_.add(r);
  }

  void run_case(const Case& c) {
    std::vector<Entry> all = entries(c);
    if (all.empty()) return;
    use_threads(c.threads);
    prepare(c);
    for (Entry& e : all) attempt(e, [&] { load(e, c); });
    for (int round = 0; round < o_.suite.rounds; ++round)
      for (Entry& e : all)
        if (e.timed) attempt(e, [&] { time(e); });
    for (Entry& e : all) finish(e, c);
  }

  const ContestOptions& o_;
  Records records_;
  Machines machines_;
  std::string machine_, matrix_;
  std::vector<Program> programs_;
  std::map<std::string, std::unique_ptr<Process>> processes_;
  const Scratch scratch_{"tulle-lab"};
  Csr a_;
  Question question_;
  ContestSummary summary_;
  int threads_ = 0;
  double peak_ = 0;
};
}  // namespace

ContestSummary run_contest(const ContestOptions& o) { return Contest(o).run(); }
}  // namespace tulle::lab
