#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/kernel_product.hpp"
#include "cli/output.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "core/buffer.hpp"
#include "lab/report.hpp"
#include "lab/walls.hpp"
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

NamedMatrix matrix(const Arguments& a) {
  return read_or_make("kernel spmm", a.matrix, a.random, a.tensor, a.seed);
}

DenseOrder order_of(const std::string& text) {
  if (text == "tokens") return DenseOrder::tokens;
  return text == "panels" ? DenseOrder::panels : DenseOrder::row_major;
}

double flops(const Csr& a, Index n) {
  return 2 * static_cast<double>(a.values.size()) * static_cast<double>(n);
}
double gflops(const Csr& a, Index n, double us) {
  return us > 0 ? flops(a, n) / us / 1e3 : 0;
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
double time_of_a_call(const SpmmPlan& plan, const NamedMatrix& m, const Arguments& a) {
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

Table table_of(const Answer& found, const NamedMatrix& m, Index n) {
  using enum Table::Align;
  Table table({{"kernel", left},
               {"us", right},
               {"GFLOP/s", right},
               {"% of peak", right},
               {"x dense", right},
               {"model us", right, 0, false},
               {"prepare us", right, 0, false},
               {"KB", right, 0, false}});
  const double dense_us = best_dense_us(found.plan.candidates());
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

void print(const Answer& found, const NamedMatrix& m, const Arguments& a) {
  fmt::print("{}: {} x {}, {} entries, {:.1f} % zeros; n {}, {}, {}, {} thread{}{}\n", printable(m.name),
             m.a.rows, m.a.cols, m.a.values.size(), 100 * m.zeros(), a.n, a.dtype, a.order, found.threads,
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

nlohmann::json json_of(const Answer& found, const NamedMatrix& m, const Arguments& a) {
  nlohmann::json j{{"op", "spmm"},
                   {"matrix", m.name},
                   {"rows", m.a.rows},
                   {"cols", m.a.cols},
                   {"nnz", m.a.values.size()},
                   {"sparsity", m.zeros()},
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
                   {"candidates", candidates_json(found.plan.candidates(), flops(m.a, a.n), found.peak)}};
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
Answer answer(const Arguments& a, const NamedMatrix& m, std::span<const float> scales, int threads) {
  const SpmmPlan quick = plan_spmm(m.a.view(), a.n, options_of(a, scales, threads, false));
  return {.plan = plan_spmm(m.a.view(), a.n, options_of(a, scales, threads, true)),
          .threads = threads,
          .peak = lab::fma_gflops(threads),
          .planning_us = quick.planning_us(),
          .call_us = time_of_a_call(quick, m, a),
          .picked = std::string(quick.kernel())};
}

void spmm(const Arguments& a) {
  NamedMatrix m = matrix(a);
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
  add_spmv_kernel(*c);
  add_masked_kernels(*c);
}
}  // namespace tulle::cli
