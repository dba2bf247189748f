#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "core/buffer.hpp"
#include "formats/generate.hpp"
#include "lab/report.hpp"
#include "lab/walls.hpp"
#include "tulle/io.hpp"
#include "tulle/spmm.hpp"

namespace tulle::cli {
namespace {
struct Arguments {
  std::string matrix, random, tensor, order = "row-major", dtype = "f32", kernel, json;
  Index n = 128;
  std::vector<int> threads{1};
  bool cold = false, dense = false;
  std::uint64_t seed = 1;
};

struct Named {
  std::string name;
  Csr a;
};

/// "512x768:0.9": rows, columns and the fraction of zeros.
Named random_matrix(const std::string& text, std::uint64_t seed) {
  long long rows = 0, cols = 0;
  double zeros = 0;
  int used = 0;
  const int found = std::sscanf(text.c_str(), "%9lldx%9lld:%lf%n", &rows, &cols, &zeros, &used);
  if (found != 3 || used != static_cast<int>(text.size()) || rows < 0 || cols < 0)
    throw Error("--random", "'" + text + "'; want ROWSxCOLS:ZEROS, as in 512x768:0.9");
  const generate::Parameters p{{"rows", static_cast<double>(rows)},
                               {"cols", static_cast<double>(cols)},
                               {"sparsity", zeros},
                               {"seed", static_cast<double>(seed)}};
  return {"random " + text, generate::make("uniform", p)};
}

Named matrix(const Arguments& a) {
  if (a.matrix.empty() == a.random.empty())
    throw Error("kernel spmm", "wants a file or --random ROWSxCOLS:ZEROS, one of the two");
  if (!a.random.empty()) return random_matrix(a.random, a.seed);
  return {a.matrix, read_matrix(a.matrix, {.seed = a.seed, .tensor = a.tensor})};
}

DenseOrder order_of(const std::string& text) {
  if (text == "tokens") return DenseOrder::tokens;
  return text == "panels" ? DenseOrder::panels : DenseOrder::row_major;
}

/// Rows of whole numbers from -127 to 127, each with the scale that gives its values back.
struct Quantised {
  explicit Quantised(Csr& a) : scales(static_cast<std::size_t>(a.rows), 1) {
    constexpr float kMost = 127;
    for (std::size_t i = 0; i < scales.size(); ++i) {
      const auto begin = a.values.begin() + a.offsets[i], end = a.values.begin() + a.offsets[i + 1];
      float largest = 0;
      std::for_each(begin, end, [&](float x) { largest = std::max(largest, std::abs(x)); });
      if (largest > 0) scales[i] = largest / kMost;
      std::for_each(begin, end, [&](float& x) { x = std::round(x / scales[i]); });
    }
  }
  std::vector<float> scales;
};

DType dtype_of(const std::string& text) {
  if (text == "i8") return DType::i8;
  return text == "bf16" ? DType::bf16 : DType::f32;
}

double zeros_of(const Csr& a) {
  const double cells = static_cast<double>(a.rows) * static_cast<double>(a.cols);
  return cells > 0 ? 1 - static_cast<double>(a.values.size()) / cells : 0;
}

double gflops(const Csr& a, Index n, double us) {
  return us > 0 ? 2e-3 * static_cast<double>(a.values.size()) * static_cast<double>(n) / us : 0;
}

std::string number(double x, int digits) {
  return x > 0 ? fmt::format("{:.{}f}", x, digits) : "";
}

struct Answer {
  SpmmPlan plan;  ///< of which every candidate that comes near was timed
  int threads;
  double peak;         ///< GFLOP/s
  double planning_us;  ///< of a plan as programs make it
  double call_us;      ///< of that plan, as a program pays it
  std::string picked;  ///< by that plan
};

/// The fastest of several batches; short calls are batched, as reading the clock takes some 30 ns.
double time_of_a_call(const SpmmPlan& plan, const Named& m, const Arguments& a) {
  using Clock = std::chrono::steady_clock;
  constexpr double kBatch_us = 50, kAll_us = 50e3;
  const DenseOrder order = order_of(a.order);
  const Index ldb = natural_ld(order, m.a.cols, a.n), ldc = natural_ld(order, m.a.rows, a.n);
  const Buffer<float> b(static_cast<std::size_t>(extent(order, m.a.cols, a.n, ldb)));
  const Buffer<float> c(static_cast<std::size_t>(extent(order, m.a.rows, a.n, ldc)));
  const auto time = [&](int calls) {
    const auto start = Clock::now();
    for (int i = 0; i < calls; ++i)
      plan.run(DenseView{b.data(), m.a.cols, a.n, ldb}, {c.data(), m.a.rows, a.n, ldc});
    return std::chrono::duration<double, std::micro>(Clock::now() - start).count() / calls;
  };
  time(1);
  const int calls = static_cast<int>(std::clamp(kBatch_us / time(1), 1.0, 1000.0));
  double best = time(calls);
  for (double spent = best * calls; spent < kAll_us; spent += std::max(1.0, best * calls))
    best = std::min(best, time(calls));
  return best;
}

Table table_of(const Answer& found, const Named& m, Index n) {
  using enum Table::Align;
  Table table({{"kernel", left},
               {"us", right},
               {"GFLOP/s", right},
               {"% of peak", right},
               {"x dense", right},
               {"model us", right, 0, false},
               {"prepare us", right, 0, false},
               {"KB", right, 0, false}});
  double dense_us = 0;
  for (const KernelChoice& c : found.plan.candidates())
    if (!c.sparse && c.time_us > 0 && (dense_us == 0 || c.time_us < dense_us)) dense_us = c.time_us;
  for (const KernelChoice& c : found.plan.candidates()) {
    if (!c.refusal.empty()) continue;
    const double rate = gflops(m.a, n, c.time_us);
    table.add({c.name + (c.name == found.plan.kernel() ? " *" : ""), number(c.time_us, 1), number(rate, 1),
               number(found.peak > 0 ? 100 * rate / found.peak : 0, 0),
               number(c.time_us > 0 ? dense_us / c.time_us : 0, 2), number(c.cost_us, 1),
               number(c.prepare_us, 0), number(static_cast<double>(c.bytes) / 1e3, 0)});
  }
  return table;
}

/// "refused: a, b (why), c (why)": those with the same reason together.
std::string refusals(std::span<const KernelChoice> candidates) {
  std::vector<std::pair<std::string, std::string>> names_and_why;
  for (const KernelChoice& c : candidates) {
    if (c.refusal.empty()) continue;
    const auto same = std::find_if(names_and_why.begin(), names_and_why.end(),
                                   [&](const auto& known) { return known.second == c.refusal; });
    if (same == names_and_why.end())
      names_and_why.push_back({c.name, c.refusal});
    else
      same->first += ", " + c.name;
  }
  std::string text;
  for (const auto& [names, why] : names_and_why)
    text += (text.empty() ? "refused: " : "; ") + names + " (" + why + ")";
  return text;
}

void print(const Answer& found, const Named& m, const Arguments& a) {
  fmt::print("{}: {} x {}, {} entries, {:.1f} % zeros; n {}, {}, {}, {} thread{}{}\n", printable(m.name),
             m.a.rows, m.a.cols, m.a.values.size(), 100 * zeros_of(m.a), a.n, a.dtype, a.order, found.threads,
             found.threads == 1 ? "" : "s", a.cold ? ", A cold" : "");
  fmt::print("{}", table_of(found, m, a.n).text(terminal_width()));
  const std::size_t most = std::min<std::size_t>(terminal_width(), 120);
  fmt::print("{}", wrapped("* " + found.plan.why(), most, 0, 2));
  if (found.call_us > 0)
    fmt::print("{}",
               wrapped(fmt::format("a program's plan: {} after {:.2f} ms, as long as {:.0f} runs; then a "
                                   "call takes {:.2f} us, checks included",
                                   found.picked, found.planning_us / 1e3, found.planning_us / found.call_us,
                                   found.call_us),
                       most, 0, 2));
  if (const std::string refused = refusals(found.plan.candidates()); !refused.empty())
    fmt::print("{}", wrapped(refused, most, 0, 2));
}

nlohmann::json json_of(const Answer& found, const Named& m, const Arguments& a) {
  nlohmann::json j{{"op", "spmm"},
                   {"matrix", m.name},
                   {"rows", m.a.rows},
                   {"cols", m.a.cols},
                   {"nnz", m.a.values.size()},
                   {"sparsity", zeros_of(m.a)},
                   {"n", a.n},
                   {"dtype", a.dtype},
                   {"threads", found.threads},
                   {"cold", a.cold},
                   {"order", a.order},
                   {"kernel", found.plan.kernel()},
                   {"why", found.plan.why()},
                   {"pays_from_sparsity", found.plan.break_even()},
                   {"planning_us", found.planning_us},
                   {"call_us", found.call_us},
                   {"picked", found.picked},
                   {"peak_gflops", found.peak},
                   {"machine", lab::machine_json()},
                   {"candidates", nlohmann::json::array()}};
  for (const KernelChoice& c : found.plan.candidates()) {
    nlohmann::json line{{"kernel", c.name}};
    if (!c.refusal.empty()) line["refusal"] = c.refusal;
    if (c.refusal.empty()) line["cost_us"] = c.cost_us;
    if (c.time_us > 0) {
      const double rate = gflops(m.a, a.n, c.time_us);
      line.update({{"time_us", c.time_us},
                   {"gflops", rate},
                   {"peak_share", found.peak > 0 ? rate / found.peak : 0},
                   {"prepare_us", c.prepare_us},
                   {"bytes", c.bytes}});
    }
    j["candidates"].push_back(std::move(line));
  }
  return j;
}

SpmmOptions options_of(const Arguments& a, std::span<const float> scales, int threads, bool thorough) {
  const DenseOrder order = order_of(a.order);
  return {.threads = threads,
          .dtype = dtype_of(a.dtype),
          .scales = scales,
          .b_order = order,
          .c_order = order,
          .cold = a.cold,
          .sparse = !a.dense,
          .thorough = thorough,
          .kernel = a.kernel};
}

/// A plan as programs make it, and one that timed more, for the table.
Answer answer(const Arguments& a, const Named& m, std::span<const float> scales, int threads) {
  const SpmmPlan quick = plan_spmm(m.a.view(), a.n, options_of(a, scales, threads, false));
  return {.plan = plan_spmm(m.a.view(), a.n, options_of(a, scales, threads, true)),
          .threads = threads,
          .peak = lab::fma_gflops(threads),
          .planning_us = quick.planning_us(),
          .call_us = time_of_a_call(quick, m, a),
          .picked = std::string(quick.kernel())};
}

void spmm(const Arguments& a) {
  Named m = matrix(a);
  std::vector<float> scales;
  if (a.dtype == "i8") scales = Quantised(m.a).scales;
  nlohmann::json all = nlohmann::json::array();
  for (const int threads : a.threads) {
    const Answer found = answer(a, m, scales, threads);
    if (!a.json.empty()) all.push_back(json_of(found, m, a));
    if (a.json != "-") print(found, m, a);
  }
  if (!a.json.empty()) write_json(a.json, all.size() == 1 ? all.front() : all);
}

void add_spmm(CLI::App& kernel) {
  auto a = std::make_shared<Arguments>();
  CLI::App* c =
      kernel.add_subcommand("spmm", "C = A B with a sparse A: who was asked, the times, who won and why.");
  c->add_option("matrix", a->matrix, "File of A: .smtx or .mtx (.gz, .xz), .npz, .npy, .safetensors, edges");
  c->add_option("--tensor", a->tensor, "Which array of a file that holds several");
  c->add_option("--random", a->random, "Entries at random: ROWSxCOLS:ZEROS, as in 512x768:0.9");
  c->add_option("--seed", a->seed, "Of --random, and of the values that a file has not")
      ->capture_default_str();
  c->add_option("--n", a->n, "Columns of B and C")->capture_default_str();
  c->add_option("--dtype", a->dtype, "Of A and B (bf16: A is rounded; i8: its rows are quantised); C is f32")
      ->check(CLI::IsMember({"f32", "bf16", "i8"}))
      ->capture_default_str();
  c->add_option("--order", a->order, "Of B and C in memory")
      ->check(CLI::IsMember({"row-major", "tokens", "panels"}))
      ->capture_default_str();
  c->add_option("--threads", a->threads, "Threads of one run; several, as in 1,2: a table for each")
      ->delimiter(',')
      ->capture_default_str();
  c->add_flag("--cold", a->cold, "Time with A out of the cache before each run");
  c->add_flag("--dense", a->dense, "Ask dense kernels only");
  c->add_option("--kernel", a->kernel, "This kernel and no other, untimed");
  c->add_option("--json", a->json, "The same as JSON to this file; '-': to standard output, alone");
  c->footer(
      "Examples: tulle kernel spmm matrix.smtx --n 128\n          tulle kernel spmm --random 512x512:0.9 "
      "--order tokens");
  c->callback([a] { spmm(*a); });
}
}  // namespace

void add_kernel(CLI::App& app) {
  CLI::App* c =
      app.add_subcommand("kernel", "Plan one operation on one matrix, and say which kernel won and why.");
  c->require_subcommand(1);
  add_spmm(*c);
  add_masked_kernels(*c);
}
}  // namespace tulle::cli
