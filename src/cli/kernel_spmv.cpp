// tulle kernel spmv: one vector, which may itself be mostly zeros.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/kernel_product.hpp"
#include "cli/output.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "lab/report.hpp"
#include "tulle/sparse_input.hpp"
#include "tulle/spmv.hpp"

namespace tulle::cli {
namespace {
struct Arguments {
  std::string matrix, random, tensor, dtype = "f32", kernel, json;
  double x_zeros = -1;  ///< below 0: x is taken to have none
  int threads = 1;
  bool cold = false, dense = false;
  std::uint64_t seed = 1;
};

/// What a plan says, whichever it is.
struct Answer {
  template <class Plan>
  explicit Answer(const Plan& plan)
      : kernel(plan.kernel()),
        why(plan.why()),
        candidates(plan.candidates().begin(), plan.candidates().end()),
        break_even(plan.break_even()),
        planning_us(plan.planning_us()) {}
  std::string kernel, why;
  std::vector<KernelChoice> candidates;
  double break_even, planning_us;
};

double gflops(const NamedMatrix& m, double us) {
  return us > 0 ? 2e-3 * static_cast<double>(m.a.values.size()) / us : 0;
}

/// GB/s of A count where all of it is read.
Table table_of(const Answer& answer, const NamedMatrix& m, bool all) {
  using enum Table::Align;
  Table table({{"kernel", left},
               {"us", right},
               {"GFLOP/s", right},
               {"GB/s of A", right},
               {"x dense", right},
               {"model us", right, 0, false},
               {"prepare us", right, 0, false},
               {"KB", right, 0, false}});
  const double dense_us = best_dense_us(answer.candidates);
  for (const KernelChoice& c : answer.candidates) {
    if (!c.refusal.empty()) continue;
    const double read = c.time_us > 0 ? static_cast<double>(c.bytes) / 1e3 / c.time_us : 0;
    table.add({c.name + (c.name == answer.kernel ? " *" : ""), number(c.time_us, 1),
               number(gflops(m, c.time_us), 1), all || !c.sparse ? number(read, 1) : "",
               number(c.time_us > 0 ? dense_us / c.time_us : 0, 2), number(c.cost_us, 1),
               number(c.prepare_us, 0), number(static_cast<double>(c.bytes) / 1e3, 0)});
  }
  return table;
}

void print(const Answer& answer, const NamedMatrix& m, const Arguments& a) {
  fmt::print("{}: {} x {}, {} entries, {:.1f} % zeros; {}{}, {} thread{}{}\n", printable(m.name), m.a.rows,
             m.a.cols, m.a.values.size(), 100 * m.zeros(), a.dtype,
             a.x_zeros < 0 ? "" : fmt::format(", {:.0f} % zeros in x", 100 * a.x_zeros), a.threads,
             a.threads == 1 ? "" : "s", a.cold ? ", A cold" : "");
  fmt::print("{}", table_of(answer, m, a.x_zeros < 0).text(terminal_width()));
  const std::size_t most = std::min<std::size_t>(terminal_width(), 120);
  fmt::print("{}", wrapped("* " + answer.why, most, 0, 2));
  if (const std::string refused = refusals(answer.candidates); !refused.empty())
    fmt::print("{}", wrapped(refused, most, 0, 2));
}

nlohmann::json json_of(const Answer& answer, const NamedMatrix& m, const Arguments& a) {
  nlohmann::json j{
      {"op", a.x_zeros < 0 ? "spmv" : "sparse_input"},
      {"matrix", m.name},
      {"rows", m.a.rows},
      {"cols", m.a.cols},
      {"nnz", m.a.values.size()},
      {"sparsity", m.zeros()},
      {"n", 1},
      {"dtype", a.dtype},
      {"threads", a.threads},
      {"cold", a.cold},
      {"kernel", answer.kernel},
      {"why", answer.why},
      {"pays_from_sparsity", answer.break_even},
      {"planning_us", answer.planning_us},
      {"machine", lab::machine_json()},
      {"candidates", candidates_json(answer.candidates, 2.0 * static_cast<double>(m.a.values.size()))}};
  if (a.x_zeros >= 0) j["x_zeros"] = a.x_zeros;
  return j;
}

Answer answer_of(const Arguments& a, const CsrView& matrix, std::span<const float> scales) {
  if (a.x_zeros < 0)
    return Answer(plan_spmv(matrix, {.threads = a.threads,
                                     .dtype = dtype_of(a.dtype),
                                     .scales = scales,
                                     .cold = a.cold,
                                     .sparse = !a.dense,
                                     .kernel = a.kernel}));
  if (a.dense) throw Error("kernel spmv", "--dense and --x-zeros exclude each other");
  return Answer(plan_sparse_input(matrix, {.threads = a.threads,
                                           .zeros = a.x_zeros,
                                           .dtype = dtype_of(a.dtype),
                                           .scales = scales,
                                           .cold = a.cold,
                                           .kernel = a.kernel}));
}

void spmv(const Arguments& a) {
  NamedMatrix m = read_or_make("kernel spmv", a.matrix, a.random, a.tensor, a.seed);
  std::vector<float> scales;
  if (a.dtype == "i8") scales = Quantised(m.a).scales;
  const Answer answer = answer_of(a, m.a.view(), scales);
  if (!a.json.empty()) write_json(a.json, json_of(answer, m, a));
  if (a.json != "-") print(answer, m, a);
}
}  // namespace

void add_spmv_kernel(CLI::App& kernel) {
  auto a = std::make_shared<Arguments>();
  CLI::App* c =
      kernel.add_subcommand("spmv", "y = A x with a sparse A: who was asked, the times, who won and why.");
  c->add_option("matrix", a->matrix, "File of A: .smtx or .mtx (.gz, .xz), .npz, .npy, .safetensors, edges");
  c->add_option("--tensor", a->tensor, "Which array of a file that holds several");
  c->add_option("--random", a->random, "Entries at random: ROWSxCOLS:ZEROS, as in 512x768:0.9");
  c->add_option("--seed", a->seed, "Of --random, and of the values that a file has not")
      ->capture_default_str();
  c->add_option("--dtype", a->dtype, "Of A (bf16: rounded; i8: its rows are quantised); x and y are f32")
      ->check(CLI::IsMember({"f32", "bf16", "i8"}))
      ->capture_default_str();
  c->add_option("--x-zeros", a->x_zeros, "Share of x that is 0: columns opposite zeros need not be read")
      ->check(CLI::Range(0.0, 1.0));
  c->add_option("--threads", a->threads, "Threads of one run")->capture_default_str();
  c->add_flag("--cold", a->cold, "Time with A in memory, out of all caches, before each run");
  c->add_flag("--dense", a->dense, "Ask dense kernels only");
  c->add_option("--kernel", a->kernel, "This kernel and no other, untimed");
  c->add_option("--json", a->json, "The same as JSON to this file; '-': to standard output, alone");
  c->footer(
      "Examples: tulle kernel spmv matrix.smtx\n          tulle kernel spmv --random 4096x4096:0.8 --dtype "
      "bf16 "
      "--cold\n          tulle kernel spmv --random 4096x4096:0 --x-zeros 0.9");
  c->callback([a] { spmv(*a); });
}
}  // namespace tulle::cli
