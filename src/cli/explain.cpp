#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <map>
#include <memory>
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/session.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "io/file.hpp"
#include "lab/advice.hpp"
#include "lab/compare.hpp"
#include "lab/report.hpp"
#include "lab/weights.hpp"

namespace tulle::cli {
namespace {
constexpr int kProfileRuns = 20;
constexpr Index kLargestReport = Index{256} << 20;

struct Arguments {
  SessionArguments session;
  std::string json, trace, before;
  bool brief = false;
};

std::string ratio(const plan::Layer& l) {
  if (l.dense_us <= 0 || l.time_us <= 0) return "";
  return fmt::format("{:.2f}", l.dense_us / l.time_us);
}

// "asked: linear/jit/avx512 27.1 us, linear/avx512/dense 98.0 us; not timed, modelled slower: linear/avx2/rows (60 us);
// refused: spmv/avx512/bitmask (n = 49 is more than 8)"
std::string candidates(const plan::Layer& l) {
  std::string timed, modelled, refused;
  const auto append = [](std::string& list, const std::string& item) { list += (list.empty() ? "" : ", ") + item; };
  for (const plan::Candidate& c : l.candidates) {
    if (!c.refusal.empty())
      append(refused, fmt::format("{} ({})", c.name, c.refusal));
    else if (c.time_us > 0)
      append(timed, fmt::format("{} {:.1f} us", c.name, c.time_us));
    else
      append(modelled, fmt::format("{} ({:.0f} us)", c.name, c.cost_us));
  }
  std::string text = "asked: " + timed;
  if (!modelled.empty()) text += "; not timed, modelled slower: " + modelled;
  if (!refused.empty()) text += "; refused: " + refused;
  return text;
}

Table layer_table(const runtime::Prepared& p, const lab::Profile& profile, bool brief) {
  using enum Table::Align;
  Table table({{"layer", left, 16}, {"op", left, 10}, {"output", left, 0, false}, {"zeros", right}, {"layout", left, 0, false},
               {"kernel", left}, {"ms", right}, {"dense ms", right}, {"x", right, 0, false}});
  const std::map<std::string, Pattern> patterns = lab::patterns(p.graph);
  std::map<std::string, std::string> told;  // candidates, and the layer that they were told for
  for (std::size_t i = 0; i < p.plan->layers.size(); ++i) {
    const plan::Layer& l = p.plan->layers[i];
    table.add({l.name, l.op, l.shape, l.product ? fmt::format("{:.0f} %", 100 * l.zeros) : "", l.layout, l.kernel,
               milliseconds(profile.layer_us[i] / 1e3), l.dense_us > 0 ? milliseconds(profile.slices * l.dense_us / 1e3) : "", ratio(l)});
    if (brief) continue;
    const auto pattern = patterns.find(l.name);
    const bool known = pattern != patterns.end() && l.product;
    if (!l.reason.empty()) table.note(known ? pattern->second.name + ", " + l.reason : l.reason);
    if (l.candidates.empty()) continue;
    const auto [before, first] = told.emplace(candidates(l), l.name);
    table.note(first ? before->first : "asked: as for " + before->second);
  }
  return table;
}

// Conversions between layouts are no layers; what they cost is told apart.
void print_conversions(const plan::Plan& plan, const lab::Profile& profile) {
  std::map<std::string, std::pair<int, double>> moves;
  double total = 0;
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    total += profile.step_us[s];
    const std::string& label = plan.steps[s].label;
    if (!label.starts_with("convert") && !label.starts_with("phases") && !label.starts_with("copy")) continue;
    auto& [count, us] = moves[label];
    ++count;
    us += profile.step_us[s];
  }
  for (const auto& [label, cost] : moves)
    fmt::print("layout: {}, {}: {} ms\n", printable(label), cost.first == 1 ? "once" : fmt::format("{} times", cost.first), milliseconds(cost.second / 1e3));
  fmt::print("all steps: {} ms\n", milliseconds(total / 1e3));
}

void print(const Arguments& a, const runtime::Prepared& p, const lab::Profile& profile) {
  const std::size_t most = terminal_width();
  fmt::print("{}\n", layer_table(p, profile, a.brief).text(most));
  print_conversions(*p.plan, profile);
  if (p.slices > 1) fmt::print("The batch runs in {} slices, so that activations stay in cache; ms are of all slices, us of one.\n", p.slices);
  fmt::print("memory: {:.1f} MB of activations, {:.1f} MB of packed weights{}\n\n", static_cast<double>(p.plan->arena_bytes) / 1e6,
             static_cast<double>(p.plan->weight_bytes) / 1e6, p.plan->from_cache ? "; the plan came from the cache" : "");
  fmt::print("where the time goes, and what would make it less:\n");
  for (const std::string& sentence : lab::advice(*p.plan, profile)) fmt::print("{}", wrapped(printable(sentence), std::min<std::size_t>(most, 120), 2, 7));
}

void print(const lab::Comparison& c, const std::string& before) {
  using enum Table::Align;
  Table table({{"layer", left, 16}, {"kernel before", left, 16}, {"kernel now", left, 16}, {"ms before", right}, {"ms now", right}, {"x", right}});
  for (const lab::Change& change : c.changes) {
    const bool both = change.ms_before > 0 && change.ms_now > 0;
    table.add({change.layer, change.kernel_before.empty() ? "(no such layer)" : change.kernel_before,
               change.kernel_now.empty() ? "(no such layer)" : change.kernel_now == change.kernel_before ? "the same" : change.kernel_now,
               milliseconds(change.ms_before), milliseconds(change.ms_now), both ? fmt::format("{:.2f}", change.ms_before / change.ms_now) : ""});
  }
  fmt::print("\nagainst {}:\n", printable(before));
  if (!table.empty()) fmt::print("{}", table.text(terminal_width()));
  fmt::print("{} layers with another kernel or time, {} as before; all layers {} ms before, {} ms now\n", c.changes.size(), c.same,
             milliseconds(c.ms_before), milliseconds(c.ms_now));
}

nlohmann::json read_report(const std::string& path) {
  const std::vector<std::byte> bytes = io::read_file(path, kLargestReport);
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  nlohmann::json report = nlohmann::json::parse(text, text + bytes.size(), nullptr, false);
  if (report.is_discarded()) throw Error(path, "is no JSON");
  return report;
}

void explain(const Arguments& a) {
  const nlohmann::json before = a.before.empty() ? nlohmann::json() : read_report(a.before);
  const Model model = load_model(a.session);
  Session session(model, session_options(a.session));
  const lab::Inputs inputs = lab::random_inputs(model, lab::parse_shapes(a.session.shapes));
  const runtime::Prepared& p = about(a.session.model, [&]() -> const runtime::Prepared& { return lab::prepared(session, inputs); });
  if (!p.plan) throw Error(a.session.model, "its shapes depend on data: it runs node by node on the reference operators, and there is no plan to explain");
  const lab::Profile profile = about(a.session.model, [&] { return lab::profile(p, model, inputs, a.session.threads, kProfileRuns); });
  const nlohmann::json report{{"model", a.session.model}, {"threads", a.session.threads}, {"machine", lab::machine_json()},
                              {"layers", lab::layers_json(p, profile)}, {"passes", p.notes}, {"slices", p.slices},
                              {"advice", lab::advice(*p.plan, profile)}};
  std::optional<lab::Comparison> comparison;
  if (!a.before.empty()) comparison = lab::compare(before, report, a.before);
  if (!a.trace.empty()) write_json(a.trace, lab::trace_json(*p.plan, profile));
  if (!a.json.empty()) write_json(a.json, report);
  if (a.json == "-" || a.trace == "-") return;
  print(a, p, profile);
  if (comparison) print(*comparison, a.before);
}
}  // namespace

void add_explain(CLI::App& app) {
  auto a = std::make_shared<Arguments>();
  CLI::App* c = app.add_subcommand("explain", "Show for every layer which kernels were asked, who won, and why.");
  add_session_options(*c, a->session);
  add_shapes_option(*c, a->session);
  c->add_flag("--brief", a->brief, "The table alone, without reasons and refusals");
  c->add_option("--against-plan", a->before, "An older report (--json): list the layers whose kernel or time changed");
  c->add_option("--json", a->json, "Write the layers as JSON to this file; '-': to standard output, alone");
  c->add_option("--trace", a->trace, "Write one run as a trace that Perfetto (ui.perfetto.dev) opens");
  c->footer("Examples: tulle explain model.onnx --shapes x:1x3x224x224\n"
            "          tulle explain model.onnx --shapes x:1x3x224x224 --json today.json --against-plan yesterday.json");
  c->callback([a] { explain(*a); });
}
}  // namespace tulle::cli
