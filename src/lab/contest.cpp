#include "lab/contest.hpp"
#include <fmt/format.h>
#include <fnmatch.h>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <random>
#include "core/cpu.hpp"
#include "io/npz.hpp"
#include "lab/exchange.hpp"
#include "lab/machine.hpp"
#include "lab/matrix.hpp"
#include "lab/reference.hpp"
#include "lab/scratch.hpp"
#include "lab/standings.hpp"

namespace tulle::lab {
namespace {
using nlohmann::json;
constexpr double kHelloSeconds = 60, kWallSeconds = 120;
constexpr unsigned kSeedOfB = 20251203;

/// One contender's part in one case.
struct Entry {
  std::string name;  // in records
  json record;
  std::vector<double> us, round_minima;
  bool timed = true;  // loaded, right, not failed
};

/// What all contenders of a case are given, and what they must find.
struct Inputs {
  Csr a;
  std::vector<float> b;  // k x n row-major
  std::unique_ptr<Reference> reference;
};

std::vector<float> normal(Index count, unsigned seed) {
  std::mt19937 bits(seed);
  std::normal_distribution<float> draw;
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& x : values) x = draw(bits);
  return values;
}

bool chosen(const std::string& name, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return !name.ends_with("/reference");  // they specify, and are slow
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
      o_.progress(summary_.cases, total, fmt::format("{} n={}", c.matrix.name, c.n));
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
  Process& process(const Program& p, const std::string& contender) {
    std::unique_ptr<Process>& at = processes_[contender];
    if (!at) at = std::make_unique<Process>(contender, p.command);
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
    return {{"op", c.op}, {"matrix", c.matrix.name}, {"n", c.n}, {"dtype", name(c.dtype)}, {"threads", c.threads}, {"cold", c.cold},
            {"order", c.order}, {"kernel", contender}, {"machine", machine_}, {"version", p.version}, {"suite", o_.suite.name}};
  }

  std::vector<Entry> entries(const Case& c) {
    std::vector<Entry> wanted;
    for (const Program& p : programs_)
      for (const std::string& contender : p.contenders) {
        const bool own = p.name == "tulle";
        const std::string name = own ? "tulle/" + contender : contender;
        if (own && !chosen(contender, o_.kernels.empty() ? o_.suite.kernels : o_.kernels)) continue;
        Entry e{.name = name, .record = record_of(c, name, p)};
        if (records_.has(e.record))
          ++summary_.kept;
        else
          wanted.push_back(std::move(e));
      }
    return wanted;
  }

  const Program& program_of(const std::string& contender) const {
    for (const Program& p : programs_)
      if (contender.starts_with("tulle/") ? p.name == "tulle" : std::count(p.contenders.begin(), p.contenders.end(), contender) > 0) return p;
    return programs_.front();
  }

  void prepare(const Case& c) {
    const std::string name = fmt::format("{} {}", c.matrix.name, tulle::name(c.dtype));
    if (name != matrix_) {
      inputs_.a = load_matrix(c.matrix);
      narrow(inputs_.a.values, c.dtype);
      write_csr(scratch_.path / "a.npz", inputs_.a.view());
      matrix_ = name;
    }
    const Csr& a = inputs_.a;
    inputs_.b = normal(checked_mul(a.cols, c.n, "B"), kSeedOfB);
    narrow(inputs_.b, c.dtype);
    Tensor rows(TensorType{DType::f32, {a.cols, c.n}}), tokens(TensorType{DType::f32, {c.n, a.cols}});
    std::copy(inputs_.b.begin(), inputs_.b.end(), rows.as_mutable<float>().begin());
    for (Index k = 0; k < a.cols; ++k)
      for (Index j = 0; j < c.n; ++j) tokens.as_mutable<float>()[static_cast<std::size_t>(j * a.cols + k)] = inputs_.b[static_cast<std::size_t>(k * c.n + j)];
    io::write_npy(scratch_.path / "b.npy", c.order == "tokens" ? tokens : rows);
    inputs_.reference = std::make_unique<Reference>(a.view(), inputs_.b, c.n, cpu_info().cores);
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
    const Program& p = program_of(e.name);
    const bool own = p.name == "tulle";
    const std::string order = own || c.order != "panels" ? c.order : "row_major";  // panels are Tulle's own
    const std::filesystem::path out = scratch_.path / "c.npy";
    std::filesystem::remove(out);
    const json answer = process(p, e.name).ask({{"cmd", "load"}, {"op", c.op}, {"kernel", own ? e.name.substr(6) : e.name}, {"a", scratch_.path / "a.npz"},
                                                {"b", scratch_.path / "b.npy"}, {"c", out}, {"n", c.n}, {"dtype", name(c.dtype)}, {"order", order},
                                                {"threads", c.threads}, {"cold", c.cold}, {"cpus", cpus_for(c.threads)}},
                                               o_.load_seconds);
    if (answer.contains("refused")) {
      e.record["refused"] = answer["refused"];
      e.timed = false;
      ++summary_.refused;
      return;
    }
    e.record["prepare_us"] = answer.at("prepare_us").get<double>();
    if (const std::string note = answer.value("note", ""); !note.empty()) e.record["note"] = note;
    const Reference::Verdict v = inputs_.reference->check(io::read_npy(out), order == "tokens", c.dtype);
    e.record["error"] = std::isfinite(v.error) ? json(v.error) : json();
    if (v.wrong.empty()) return;
    e.record["wrong"] = v.wrong;
    e.timed = false;
    ++summary_.wrong;
    o_.say(fmt::format("{} is wrong on {}, n={}: {}", e.name, c.matrix.name, c.n, v.wrong));
  }

  void time(Entry& e) {
    const json answer = process(program_of(e.name), e.name).ask({{"cmd", "run"}, {"ms", o_.suite.round_ms}}, o_.run_seconds);
    const auto us = answer.at("us").get<std::vector<double>>();
    if (us.empty() || !std::all_of(us.begin(), us.end(), [](double t) { return t > 0 && std::isfinite(t); }))
      throw Error("peer '" + e.name + "'", "gave no times");
    e.round_minima.push_back(*std::min_element(us.begin(), us.end()));
    e.us.insert(e.us.end(), us.begin(), us.end());
  }

  void finish(Entry& e, const Case& c) {
    const Csr& a = inputs_.a;
    json& r = e.record;
    const double entries = static_cast<double>(a.values.size()), size = static_cast<double>(a.rows) * static_cast<double>(a.cols);
    r.update({{"rows", a.rows}, {"cols", a.cols}, {"nnz", a.values.size()}, {"sparsity", size > 0 ? 1 - entries / size : 0}});
    if (e.timed) {
      std::sort(e.us.begin(), e.us.end());
      const double flops = 2 * static_cast<double>(c.n) * (is_dense(e.name) ? size : entries);
      const double gflops = flops / e.us.front() / 1e3;
      r.update({{"us_min", e.us.front()}, {"us_median", e.us[e.us.size() / 2]}, {"us_rounds", e.round_minima}, {"runs", e.us.size()},
                {"gflops", gflops}, {"peak_share", peak_ > 0 ? json(gflops / peak_) : json()}});
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
  Inputs inputs_;
  ContestSummary summary_;
  int threads_ = 0;
  double peak_ = 0;
};
}  // namespace

ContestSummary run_contest(const ContestOptions& o) { return Contest(o).run(); }
}  // namespace tulle::lab
