// tulle kernel sddmm and tulle kernel attention: one operation over one mask.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/kernel_product.hpp"
#include "cli/output.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "lab/machine.hpp"
#include "lab/report.hpp"
#include "tulle/attention.hpp"
#include "tulle/sddmm.hpp"

namespace tulle::cli {
namespace {
struct Arguments {
  std::string mask = "causal", dtype = "f32", kernel, json;
  DType type() const { return dtype == "bf16" ? DType::bf16 : DType::f32; }
  Index tokens = 512, d = 64, heads = 1, blocks = 0;
  int threads = 1;
};

/// What a plan says, whichever it is; `flops` are those of one timed run.
struct Answer {
  std::string op, kernel, why;
  std::vector<KernelChoice> candidates;
  double flops = 0, peak = 0;
};

double gflops(const Answer& answer, double us) {
  return us > 0 ? 1e-3 * answer.flops / us : 0;
}

void print(const Answer& answer, const AttentionMask& mask, const Arguments& a) {
  using enum Table::Align;
  fmt::print("{} over {}: {} x {}, {} entries, {:.1f} % of all pairs; d {}, {}, {} thread{}\n", answer.op,
             printable(a.mask), mask.queries(), mask.keys(), mask.entries(), 100 * mask.density(), a.d,
             a.dtype, a.threads, a.threads == 1 ? "" : "s");
  Table table({{"kernel", left},
               {"us", right},
               {"GFLOP/s", right},
               {"% of peak", right},
               {"model us", right, 0, false},
               {"KB", right, 0, false}});
  std::string refused;
  for (const KernelChoice& c : answer.candidates) {
    if (!c.refusal.empty()) {
      refused += (refused.empty() ? "refused: " : ", ") + c.name + " (" + c.refusal + ")";
      continue;
    }
    const double rate = gflops(answer, c.time_us);
    table.add({c.name + (c.name == answer.kernel ? " *" : ""), number(c.time_us, 1), number(rate, 1),
               number(answer.peak > 0 ? 100 * rate / answer.peak : 0, 0), number(c.cost_us, 1),
               number(static_cast<double>(c.bytes) / 1e3, 0)});
  }
  const std::size_t most = std::min<std::size_t>(terminal_width(), 120);
  fmt::print("{}{}", table.text(terminal_width()), wrapped("* " + answer.why, most, 0, 2));
  if (!refused.empty()) fmt::print("{}", wrapped(refused, most, 0, 2));
}

nlohmann::json json_of(const Answer& answer, const AttentionMask& mask, const Arguments& a) {
  nlohmann::json j{{"op", answer.op},
                   {"matrix", a.mask},
                   {"rows", mask.queries()},
                   {"cols", mask.keys()},
                   {"nnz", mask.entries()},
                   {"sparsity", 1 - mask.density()},
                   {"d", a.d},
                   {"dtype", a.dtype},
                   {"threads", a.threads},
                   {"kernel", answer.kernel},
                   {"why", answer.why},
                   {"machine", lab::machine_json()},
                   {"peak_gflops", answer.peak},
                   {"candidates", candidates_json(answer.candidates, answer.flops, answer.peak)}};
  return j;
}

void show(const Answer& answer, const AttentionMask& mask, const Arguments& a) {
  if (!a.json.empty()) write_json(a.json, json_of(answer, mask, a));
  if (a.json != "-") print(answer, mask, a);
}

template <class Plan>
Answer answer_of(const char* op, const Plan& plan, double flops, int threads) {
  const auto candidates = plan.candidates();
  return {op,    std::string(plan.kernel()), plan.why(), {candidates.begin(), candidates.end()},
          flops, lab::fma_gflops(threads)};
}

void sddmm(const Arguments& a) {
  const AttentionMask mask = AttentionMask::named(a.mask, a.tokens, a.tokens);
  const SddmmPlan plan = plan_sddmm(mask, a.d,
                                    {.threads = a.threads,
                                     .dtype = a.type(),
                                     .block_rows = a.blocks,
                                     .block_cols = a.blocks,
                                     .kernel = a.kernel});
  show(answer_of("sddmm", plan, 2.0 * static_cast<double>(mask.entries() * a.d), a.threads), mask, a);
}

void attention(const Arguments& a) {
  const AttentionMask mask = AttentionMask::named(a.mask, a.tokens, a.tokens);
  const AttentionPlan plan = plan_attention(mask, a.d, a.d, a.heads, 1,
                                            {.threads = a.threads, .dtype = a.type(), .kernel = a.kernel});
  const double heads = static_cast<double>(std::min<Index>(a.heads, a.threads));  // that the plan times
  show(answer_of("attention", plan, 4.0 * heads * static_cast<double>(mask.entries() * a.d), a.threads), mask,
       a);
}

CLI::App* add(CLI::App& kernel, const char* name, const char* help, const std::shared_ptr<Arguments>& a) {
  constexpr Index kMostTokens = 32768, kMostNumbers = 4096;
  CLI::App* c = kernel.add_subcommand(name, help);
  c->add_option(
       "--mask", a->mask,
       "full, causal, band:N, window:BEFORE,AFTER, bigbird:BLOCK,WINDOW,GLOBAL,RANDOM, block:SIZE,DENSITY, "
       "slash:VERTICALS,SLASHES or random:DENSITY")
      ->capture_default_str();
  c->add_option("--tokens", a->tokens, "Queries, and keys")
      ->check(CLI::Range(Index{0}, kMostTokens))
      ->capture_default_str();
  c->add_option("--d", a->d, "Numbers in a query, key and value")
      ->check(CLI::Range(Index{1}, kMostNumbers))
      ->capture_default_str();
  c->add_option("--dtype", a->dtype, "f32, or bf16: operands may be rounded to it")
      ->check(CLI::IsMember({"f32", "bf16"}))
      ->capture_default_str();
  c->add_option("--threads", a->threads, "Threads of one run")->capture_default_str();
  c->add_option("--kernel", a->kernel, "This kernel and no other, untimed");
  c->add_option("--json", a->json, "The same as JSON to this file; '-': to standard output, alone");
  c->footer(fmt::format("Example: tulle kernel {} --mask band:64 --tokens 512 --d 64", name));
  return c;
}
}  // namespace

void add_masked_kernels(CLI::App& kernel) {
  auto a = std::make_shared<Arguments>();
  CLI::App* s = add(kernel, "sddmm",
                    "<q_i, k_j> at the entries of a mask: who was asked, the times, who won and why.", a);
  s->add_option("--blocks", a->blocks,
                "Values of whole blocks of this side that hold an entry, in the order of BSR")
      ->check(CLI::Range(1, 256));
  s->callback([a] { sddmm(*a); });
  CLI::App* c = add(kernel, "attention",
                    "Attention over the entries of a mask: who was asked, the times, who won and why.", a);
  c->add_option("--heads", a->heads, "Of each sequence; as many as threads are timed")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  c->callback([a] { attention(*a); });
}
}  // namespace tulle::cli
