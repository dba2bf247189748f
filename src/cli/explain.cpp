#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/session.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "lab/report.hpp"

namespace tulle::cli {
namespace {
constexpr int kProfileRuns = 20;

struct Arguments {
  SessionArguments session;
  std::string json, trace;
  bool candidates = false;
};

std::string ratio(const plan::Layer& l) {
  if (l.dense_us <= 0 || l.time_us <= 0) return "";
  return fmt::format("{:.2f}", l.dense_us / l.time_us);
}

// "linear/jit/avx512 27.1 us; linear/packed/avx512 41 us; linear/avx512/dense 98 us; linear/jit/avx2 refused: ..."
std::string candidates(const plan::Layer& l) {
  std::string text;
  for (const plan::Candidate& c : l.candidates) {
    text += text.empty() ? "asked: " : "; ";
    if (!c.refusal.empty())
      text += c.kernel + " refused: " + c.refusal;
    else if (c.time_us > 0)
      text += fmt::format("{} {:.1f} us", c.kernel, c.time_us);
    else
      text += fmt::format("{} not timed (model {:.0f} us)", c.kernel, c.cost_us);
  }
  return text;
}

Table layer_table(const plan::Plan& plan, const lab::Profile& profile, bool with_candidates) {
  using enum Table::Align;
  Table table({{"layer", left, 36}, {"op", left}, {"output", left}, {"zeros", right}, {"layout", left}, {"kernel", left}, {"ms", right}, {"dense ms", right}, {"x", right}});
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    const plan::Layer& l = plan.layers[i];
    table.add({l.name, l.op, l.shape, l.product ? fmt::format("{:.0f} %", 100 * l.zeros) : "", l.layout, l.kernel,
               milliseconds(profile.layer_us[i] / 1e3), l.dense_us > 0 ? milliseconds(l.dense_us * profile.slices / 1e3) : "", ratio(l)});
    std::string note = l.reason;
    if (with_candidates && !l.candidates.empty()) note += (note.empty() ? "" : " | ") + candidates(l);
    if (!note.empty()) table.note(note);
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
    if (label.rfind("convert", 0) != 0 && label.rfind("phases", 0) != 0 && label.rfind("copy", 0) != 0) continue;
    auto& [count, us] = moves[label];
    ++count;
    us += profile.step_us[s];
  }
  for (const auto& [label, cost] : moves)
    fmt::print("layout: {} x{}: {} ms\n", label, cost.first, milliseconds(cost.second / 1e3));
  fmt::print("sum of all steps: {} ms\n", milliseconds(total / 1e3));
}

void explain(const Arguments& a) {
  const Model model = Model::load(a.session.model);
  Session session(model, session_options(a.session));
  const lab::Inputs inputs = lab::random_inputs(model, lab::parse_shapes(a.session.shapes));
  const runtime::Prepared& p = lab::prepared(session, inputs);
  if (!p.plan) throw Error(a.session.model, "its shapes depend on data: it runs node by node on the reference operators, and there is no plan to explain");
  const lab::Profile profile = lab::profile(p, model, inputs, a.session.threads, kProfileRuns);
  if (!a.trace.empty()) write_text(a.trace, lab::trace_json(*p.plan, profile).dump());
  if (!a.json.empty()) {
    nlohmann::json j{{"model", a.session.model}, {"threads", a.session.threads}, {"machine", lab::machine_json()},
                     {"layers", lab::layers_json(*p.plan, profile)}, {"passes", p.notes}, {"slices", p.slices}};
    write_text(a.json, j.dump(1));
    if (a.json == "-") return;
  }
  fmt::print("{}", layer_table(*p.plan, profile, a.candidates).text());
  print_conversions(*p.plan, profile);
  if (p.slices > 1) fmt::print("the batch runs in {} slices, so that activations stay in cache; times are of all slices\n", p.slices);
  fmt::print("memory: {:.1f} MB of activations, {:.1f} MB of packed weights\n", static_cast<double>(p.plan->arena_bytes) / 1e6,
             static_cast<double>(p.plan->weight_bytes) / 1e6);
}
}  // namespace

void add_explain(CLI::App& app) {
  auto a = std::make_shared<Arguments>();
  CLI::App* c = app.add_subcommand("explain", "Show for every layer which kernels were asked, who won, and why.");
  add_session_options(*c, a->session);
  c->add_option("--shapes", a->session.shapes, "Shapes of inputs, e.g. input_ids:1x128,attention_mask:1x128");
  c->add_flag("--candidates", a->candidates, "Also list every kernel that was asked, with its time or its refusal");
  c->add_option("--json", a->json, "Write the layers as JSON to this file; '-': to standard output, alone");
  c->add_option("--trace", a->trace, "Write one run as a trace that Perfetto (ui.perfetto.dev) opens");
  c->footer("Example: tulle explain model.onnx --shapes x:1x3x224x224 --candidates");
  c->callback([a] { explain(*a); });
}
}  // namespace tulle::cli
