#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <iostream>
#include <memory>
#include "cli/commands.hpp"
#include "cli/paths.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "lab/contest.hpp"
#include "lab/figures.hpp"
#include "lab/own_kernels.hpp"
#include "lab/record.hpp"
#include "lab/serve.hpp"
#include "lab/shifts.hpp"
#include "lab/standings.hpp"

namespace tulle::cli {
namespace {
constexpr std::size_t kMostChanges = 15;
using enum Table::Align;

std::string microseconds(double us) { return milliseconds(us / 1e3) + " ms"; }
std::string ratio(double r) { return r > 0 ? fmt::format("{:.2f}", r) : "-"; }

struct RunArguments {
  std::string suite, out, python, dlmc;
  std::vector<std::string> peers, kernels;
  std::vector<int> threads;
  int rounds = 0;
  double round_ms = 0;
};

// What the lines of the folder say, one row for each contender and number of threads.
void print_standings(const std::filesystem::path& folder) {
  Table table({{"kernel", left, 24}, {"threads", right}, {"cases", right}, {"GFLOP/s", right}, {"over best dense", right},
               {"over best peer", right}, {"fastest in", right}, {"refused", right, 0, false}, {"wrong", right, 0, false}, {"failed", right, 0, false}});
  for (const lab::Standing& s : lab::standings(lab::read_records(folder)))
    table.add({s.kernel, std::to_string(s.threads), std::to_string(s.cases), s.cases ? fmt::format("{:.1f}", s.gflops) : "-", ratio(s.over_dense),
               ratio(s.over_peer), std::to_string(s.fastest), std::to_string(s.refused), std::to_string(s.wrong), std::to_string(s.failed)});
  if (!table.empty()) fmt::print("{}GFLOP/s and ratios: geometric means of the fastest runs; useful operations, of dense products all\n", table.text(terminal_width()));
}

// As another shell would take it.
std::string command_of(const RunArguments& a) {
  std::string text = fmt::format("tulle lab run {}", a.suite);
  if (!a.peers.empty()) text += fmt::format(" --peers {}", fmt::join(a.peers, ","));
  if (!a.threads.empty()) text += fmt::format(" --threads {}", fmt::join(a.threads, ","));
  if (!a.kernels.empty()) text += fmt::format(" --kernels '{}'", fmt::join(a.kernels, ","));
  if (!a.dlmc.empty()) text += fmt::format(" --dlmc {}", a.dlmc);
  if (a.rounds > 0) text += fmt::format(" --rounds {}", a.rounds);
  if (a.round_ms > 0) text += fmt::format(" --round-ms {}", a.round_ms);
  return text + fmt::format(" --out {}", a.out);
}

// A file, or the name of a suite that comes with Tulle.
std::filesystem::path suite_file(const std::string& suite) {
  const std::filesystem::path shipped = suites_folder() / (suite + ".toml");
  return suite.find('/') == suite.npos && std::filesystem::exists(shipped) && !std::filesystem::exists(suite) ? shipped : std::filesystem::path(suite);
}

void run(const RunArguments& a) {
  ProgressLine bar("measuring");
  lab::Suite suite = lab::read_suite(suite_file(a.suite), {.threads = a.threads, .dlmc = a.dlmc});
  if (a.rounds > 0) suite.rounds = a.rounds;
  if (a.round_ms > 0) suite.round_ms = a.round_ms;
  const lab::ContestOptions o{.suite = std::move(suite), .peers = a.peers, .kernels = a.kernels,
                              .out = a.out, .paths = program_paths(a.python), .command = command_of(a),
                              .say = [&](const std::string& line) { bar.say(line); },
                              .progress = [&](Index done, Index total, const std::string& what) { bar.show(done, total, what); }};
  const lab::ContestSummary s = lab::run_contest(o);
  print_standings(a.out);
  fmt::print("{} cases: {} lines measured, {} there already, {} refused, {} wrong, {} failed; {}\n", s.cases, s.measured, s.kept, s.refused, s.wrong,
             s.failed, printable(a.out + "/results.jsonl"));
}

void report(const std::string& folder, const std::string& html, const std::string& python) {
  const lab::Drawn drawn = lab::draw(folder, html, program_paths(python));
  for (const std::string& file : drawn.written) fmt::print("{}\n", printable(file));
  if (!drawn.missing.empty()) fmt::print("left out: {}\n", printable(drawn.missing));
}

void compare(const std::string& before, const std::string& now) {
  const lab::Shifts p = lab::shifts_between(lab::read_records(before), lab::read_records(now));
  Table table({{"kernel", left, 24}, {"cases", right}, {"times as fast", right}, {"faster", right}, {"slower", right}, {"within noise", right}});
  for (const auto& [kernel, t] : p.kernels)
    table.add({kernel, std::to_string(t.cases), fmt::format("{:.3f}", t.speedup), std::to_string(t.faster), std::to_string(t.slower), std::to_string(t.cases - t.faster - t.slower)});
  fmt::print("{}", table.text(terminal_width()));
  if (!p.changes.empty()) {
    Table changes({{"change", right}, {"kernel", left, 24}, {"case", left, 30}, {"before", right}, {"now", right}});
    for (std::size_t i = 0; i < std::min(kMostChanges, p.changes.size()); ++i) {
      const lab::Shift& c = p.changes[i];
      changes.add({fmt::format("{:.2f}x", c.us_before / c.us_now), c.kernel, c.what, microseconds(c.us_before), microseconds(c.us_now)});
    }
    fmt::print("\nLargest of {} changes beyond the noise; above 1 is faster:\n{}", p.changes.size(), changes.text(terminal_width()));
  }
  fmt::print("{} measurements in both, {} only in {}, {} only in {}\n", p.matched, p.only_before, printable(before), p.only_now, printable(now));
}

// "mkl_csr (spmm, spgemm)"
std::vector<std::string> contenders(const lab::Program& p) {
  std::map<std::string, std::string> ops;
  for (const lab::Contribution& c : p.offers) ops[c.kernel] += (ops[c.kernel].empty() ? "" : ", ") + c.op;
  std::vector<std::string> all;
  for (const auto& [kernel, listed] : ops) all.push_back(fmt::format("{} ({})", kernel, listed));
  return all;
}

void peers(const std::string& python) {
  const lab::ProgramPaths paths = program_paths(python);
  for (const std::string& name : lab::known_peers(paths)) {
    try {
      const lab::Program p = lab::find_program(name, paths, 60);
      fmt::print("{:<12}{}: {}\n", name, printable(p.version), printable(fmt::format("{}", fmt::join(contenders(p), ", "))));
    } catch (const Error& e) {
      fmt::print("{:<12}{}\n", name, printable(e.what()));
    }
  }
}

void add_run_command(CLI::App& lab) {
  auto a = std::make_shared<RunArguments>();
  a->suite = "survey-mini";
  CLI::App* c = lab.add_subcommand("run", "Time kernels and peers on the cases of a suite; an interrupted run goes on where it was.");
  c->add_option("suite", a->suite, "Suite of cases: a TOML file, or the name of one of lab/suites")->capture_default_str();
  c->add_option("--peers", a->peers, "Programs beside Tulle, e.g. mkl,onednn,eigen; 'make peers' installs them")->delimiter(',');
  c->add_option("--threads", a->threads, "Numbers of threads, in place of the suite's")->delimiter(',')->check(CLI::Range(1, 1024));
  c->add_option("--kernels", a->kernels, "Patterns of Tulle's kernels, e.g. plan,spmm/avx512/*; all but the references unless told")->delimiter(',');
  c->add_option("--rounds", a->rounds, "Rounds, in place of the suite's")->check(CLI::Range(1, 1000));
  c->add_option("--round-ms", a->round_ms, "Milliseconds of each contender in a round, in place of the suite's")->check(CLI::Range(0.1, 60000.0));
  c->add_option("--dlmc", a->dlmc, "Folder with all of DLMC, used by suites that have a place for it")->check(CLI::ExistingDirectory);
  c->add_option("--out", a->out, "Folder of the results")->required();
  c->add_option("--peer-python", a->python, "Python that has the peers installed");
  c->footer("Example: tulle lab run dlmc --peers mkl,onednn,eigen --threads 1,2 --out results");
  c->callback([a] { run(*a); });
}

void add_report_command(CLI::App& lab) {
  auto folder = std::make_shared<std::string>(), html = std::make_shared<std::string>("report.html"), python = std::make_shared<std::string>();
  CLI::App* c = lab.add_subcommand("report", "Draw results: a page that stands alone, pictures and a table (CSV) beside it.");
  c->add_option("results", *folder, "Folder that 'lab run' wrote")->required()->check(CLI::ExistingDirectory);
  c->add_option("--html", *html, "The page")->capture_default_str();
  c->add_option("--peer-python", *python, "Python that has matplotlib");
  c->callback([=] { report(*folder, *html, *python); });
}

void add_compare_command(CLI::App& lab) {
  auto before = std::make_shared<std::string>(), now = std::make_shared<std::string>();
  CLI::App* c = lab.add_subcommand("compare", "Compare two folders of results: what got faster, what slower, beyond the noise.");
  c->add_option("before", *before, "Folder that 'lab run' wrote")->required()->check(CLI::ExistingDirectory);
  c->add_option("now", *now, "Another one")->required()->check(CLI::ExistingDirectory);
  c->callback([=] { compare(*before, *now); });
}
}  // namespace

void add_lab(CLI::App& app) {
  CLI::App* lab = app.add_subcommand("lab", "Set kernels beside what others offer: run, report, compare.");
  lab->require_subcommand(1);
  add_run_command(*lab);
  add_report_command(*lab);
  add_compare_command(*lab);
  auto python = std::make_shared<std::string>();
  CLI::App* p = lab->add_subcommand("peers", "Tell which peers are here, and how to get the others.");
  p->add_option("--peer-python", *python, "Python that has the peers installed");
  p->callback([python] { peers(*python); });
  CLI::App* serve = lab->add_subcommand("serve", "Speak the protocol of docs/lab.md on standard input and output.");
  serve->callback([] { lab::serve(lab::own_kernels(TULLE_VERSION), std::cin, std::cout); });
}
}  // namespace tulle::cli
