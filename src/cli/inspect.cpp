#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "formats/pattern.hpp"
#include "runtime/model.hpp"

namespace tulle::cli {
namespace {
struct Arguments {
  std::string model, json;
};

// The constant of a node that multiplies, as outputs x inputs.
struct Weight {
  const Tensor* tensor = nullptr;
  Index rows = 0, cols = 0;
  bool transposed = false;
};

Weight weight_of(const graph::Graph& g, const graph::Node& n) {
  for (std::size_t i = 0; i < n.inputs.size(); ++i) {
    const graph::ValueId id = n.inputs[i];
    if (!g.is_constant(id) || g.value(id).constant.dtype() != DType::f32) continue;
    const Tensor& t = g.value(id).constant;
    const Shape& s = t.shape();
    if (n.op == "Conv" && i == 1 && s.size() >= 3 && s[0] > 0) return {&t, s[0], t.count() / s[0], false};
    if (n.op == "MatMul" && s.size() == 2) return {&t, i == 1 ? s[1] : s[0], i == 1 ? s[0] : s[1], i == 1};
    if (n.op == "Gemm" && i == 1 && s.size() == 2) {
      const bool kept = n.int_attribute("transB", 0) != 0;
      return {&t, kept ? s[0] : s[1], kept ? s[1] : s[0], !kept};
    }
  }
  return {};
}

std::string dims_text(const TensorInfo& info) {
  std::string text;
  for (std::size_t i = 0; i < info.shape.size(); ++i)
    text += (i ? ", " : "") + (info.shape[i] >= 0 ? std::to_string(info.shape[i]) : info.symbols[i].empty() ? "?" : info.symbols[i]);
  return fmt::format("{}: {}[{}]", info.name, name(info.dtype), text);
}

void inspect(const Arguments& a) {
  const Model model = Model::load(a.model);
  const graph::Graph& g = model.impl().graph;
  using enum Table::Align;
  Table table({{"layer", left, 44}, {"op", left}, {"weight", left}, {"zeros", right}, {"pattern", left}, {"empty rows", right}, {"empty columns", right}});
  nlohmann::json layers = nlohmann::json::array();
  Index nnz = 0, count = 0;
  for (const graph::Node& n : g.nodes) {
    const Weight w = weight_of(g, n);
    if (!w.tensor || w.tensor->count() == 0) continue;
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
    write_text(a.json, j.dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
    if (a.json == "-") return;
  }
  for (const TensorInfo& i : model.inputs()) fmt::print("input   {}\n", printable(dims_text(i)));
  for (const TensorInfo& o : model.outputs()) fmt::print("output  {}\n", printable(dims_text(o)));
  fmt::print("\n{}", table.text());
  fmt::print("{} nodes, {} weights in products, {:.1f} % of them zero\n", g.nodes.size(), count, 100 * zeros);
}
}  // namespace

void add_inspect(CLI::App& app) {
  auto a = std::make_shared<Arguments>();
  CLI::App* c = app.add_subcommand("inspect", "List the layers of a model with their zeros and the pattern of them.");
  c->add_option("model", a->model, "ONNX file")->required();
  c->add_option("--json", a->json, "Write the list as JSON to this file; '-': to standard output, alone");
  c->footer("Example: tulle inspect model.onnx");
  c->callback([a] { inspect(*a); });
}
}  // namespace tulle::cli
