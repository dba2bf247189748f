#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/session.hpp"
#include "lab/weights.hpp"
#include "runtime/model.hpp"

namespace tulle::cli {
namespace {
struct Arguments {
  std::string model, json;
  bool follow_links = false;
};

std::string dims_text(const TensorInfo& info) {
  std::string text;
  for (std::size_t i = 0; i < info.shape.size(); ++i)
    text += (i ? ", " : "") + (info.shape[i] >= 0 ? std::to_string(info.shape[i]) : info.symbols[i].empty() ? "?" : info.symbols[i]);
  return fmt::format("{}: {}[{}]", info.name, name(info.dtype), text);
}

void inspect(const Arguments& a) {
  const Model model = Model::load(a.model, {.follow_links = a.follow_links});
  const graph::Graph& g = model.impl().graph;
  using enum Table::Align;
  Table table({{"layer", left, 16}, {"op", left}, {"weight", left}, {"zeros", right}, {"pattern", left}, {"empty rows", right, 0, false}, {"empty columns", right, 0, false}});
  nlohmann::json layers = nlohmann::json::array();
  Index nnz = 0, count = 0;
  for (const graph::Node& n : g.nodes) {
    const lab::Weight w = lab::weight_of(g, n);
    if (!w.tensor) continue;
    const Pattern p = find_pattern(w.tensor->as<float>().data(), w.rows, w.cols, w.transposed);
    nnz += p.nnz;
    count += w.tensor->count();
    table.add({n.name, n.op, to_string(w.tensor->shape()), fmt::format("{:.1f} %", 100 * p.zeros()), p.name,
               p.empty_rows ? std::to_string(p.empty_rows) : "", p.empty_cols ? std::to_string(p.empty_cols) : ""});
    layers.push_back({{"name", n.name}, {"op", n.op}, {"shape", w.tensor->shape()}, {"zeros", p.zeros()}, {"pattern", p.name},
                      {"empty_rows", p.empty_rows}, {"empty_columns", p.empty_cols}});
  }
  const double zeros = count ? 1 - static_cast<double>(nnz) / static_cast<double>(count) : 0;
  if (!a.json.empty()) {
    nlohmann::json j{{"model", a.model}, {"layers", layers}, {"weights", count}, {"zeros", zeros}, {"nodes", g.nodes.size()}};
    write_json(a.json, j);
    if (a.json == "-") return;
  }
  for (const TensorInfo& i : model.inputs()) fmt::print("input   {}\n", printable(dims_text(i)));
  for (const TensorInfo& o : model.outputs()) fmt::print("output  {}\n", printable(dims_text(o)));
  if (!table.empty()) fmt::print("\n{}", table.text(terminal_width()));
  fmt::print("{} nodes, {} weights in products, {:.1f} % of them zero\n", g.nodes.size(), count, 100 * zeros);
}
}  // namespace

void add_inspect(CLI::App& app) {
  auto a = std::make_shared<Arguments>();
  CLI::App* c = app.add_subcommand("inspect", "List the layers of a model with their zeros and the pattern of them.");
  c->add_option("model", a->model, "ONNX file")->required();
  c->add_option("--json", a->json, "Write the list as JSON to this file; '-': to standard output, alone");
  add_follow_links(*c, a->follow_links);
  c->footer("Example: tulle inspect model.onnx");
  c->callback([a] { inspect(*a); });
}
}  // namespace tulle::cli
