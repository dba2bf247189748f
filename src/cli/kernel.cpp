#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
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
  int threads = 1;
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

Table table_of(const SpmmPlan& plan, const Named& m, Index n, double peak) {
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
  for (const KernelChoice& c : plan.candidates())
    if (!c.sparse && c.time_us > 0 && (dense_us == 0 || c.time_us < dense_us)) dense_us = c.time_us;
  for (const KernelChoice& c : plan.candidates()) {
    if (!c.refusal.empty()) continue;
    table.add({c.name + (c.name == plan.kernel() ? " *" : ""), number(c.time_us, 1),
               number(gflops(m.a, n, c.time_us), 1),
               number(peak > 0 ? 100 * gflops(m.a, n, c.time_us) / peak : 0, 0),
               number(c.time_us > 0 ? dense_us / c.time_us : 0, 2), number(c.cost_us, 1),
               number(c.prepare_us, 0), number(static_cast<double>(c.bytes) / 1e3, 0)});
  }
  return table;
}

void print(const SpmmPlan& plan, const Named& m, const Arguments& a, double peak) {
  fmt::print("{}: {} x {}, {} entries, {:.1f} % zeros; n {}, {}, {}, {} thread{}{}\n", printable(m.name),
             m.a.rows, m.a.cols, m.a.values.size(), 100 * zeros_of(m.a), a.n, a.dtype, a.order, a.threads,
             a.threads == 1 ? "" : "s", a.cold ? ", A cold" : "");
  fmt::print("{}", table_of(plan, m, a.n, peak).text(terminal_width()));
  std::string refused;
  for (const KernelChoice& c : plan.candidates())
    if (!c.refusal.empty())
      refused += (refused.empty() ? "refused: " : ", ") + c.name + " (" + c.refusal + ")";
  const std::size_t most = std::min<std::size_t>(terminal_width(), 120);
  fmt::print("{}", wrapped("* " + plan.why(), most, 0, 2));
  if (!refused.empty()) fmt::print("{}", wrapped(refused, most, 0, 2));
}

nlohmann::json json_of(const SpmmPlan& plan, const Named& m, const Arguments& a, double peak) {
  nlohmann::json j{{"op", "spmm"},
                   {"matrix", m.name},
                   {"rows", m.a.rows},
                   {"cols", m.a.cols},
                   {"nnz", m.a.values.size()},
                   {"sparsity", zeros_of(m.a)},
                   {"n", a.n},
                   {"dtype", a.dtype},
                   {"threads", a.threads},
                   {"cold", a.cold},
                   {"order", a.order},
                   {"kernel", plan.kernel()},
                   {"why", plan.why()},
                   {"pays_from_sparsity", plan.break_even()},
                   {"planning_us", plan.planning_us()},
                   {"peak_gflops", peak},
                   {"machine", lab::machine_json()},
                   {"candidates", nlohmann::json::array()}};
  for (const KernelChoice& c : plan.candidates()) {
    nlohmann::json line{{"kernel", c.name}};
    if (!c.refusal.empty()) line["refusal"] = c.refusal;
    if (c.refusal.empty()) line["cost_us"] = c.cost_us;
    if (c.time_us > 0) {
      line.update({{"time_us", c.time_us},
                   {"gflops", gflops(m.a, a.n, c.time_us)},
                   {"peak_share", peak > 0 ? gflops(m.a, a.n, c.time_us) / peak : 0},
                   {"prepare_us", c.prepare_us},
                   {"bytes", c.bytes}});
    }
    j["candidates"].push_back(std::move(line));
  }
  return j;
}

void spmm(const Arguments& a) {
  const Named m = matrix(a);
  const DenseOrder order = order_of(a.order);
  const SpmmPlan plan = plan_spmm(m.a.view(), a.n,
                                  {.threads = a.threads,
                                   .dtype = a.dtype == "bf16" ? DType::bf16 : DType::f32,
                                   .b_order = order,
                                   .c_order = order,
                                   .cold = a.cold,
                                   .sparse = !a.dense,
                                   .kernel = a.kernel});
  const double peak = lab::fma_gflops(a.threads);
  if (!a.json.empty()) write_json(a.json, json_of(plan, m, a, peak));
  if (a.json != "-") print(plan, m, a, peak);
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
  c->add_option("--dtype", a->dtype, "Of A and B (bf16: A is rounded); C is f32")
      ->check(CLI::IsMember({"f32", "bf16"}))
      ->capture_default_str();
  c->add_option("--order", a->order, "Of B and C in memory")
      ->check(CLI::IsMember({"row-major", "tokens", "panels"}))
      ->capture_default_str();
  c->add_option("--threads", a->threads, "Threads of one run")->capture_default_str();
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
