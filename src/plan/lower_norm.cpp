#include "kernels/norm/kernel.hpp"
#include "kernels/softmax/kernel.hpp"
#include "plan/lowering.hpp"
#include "library/parts.hpp"

namespace tulle::plan {
namespace {
class NormStep final : public Step {
 public:
  NormStep(Form x, Form y, const Tensor& gamma, const Tensor& beta, float epsilon)
      : x_(std::move(x)), y_(std::move(y)), gamma_(gamma), beta_(beta), epsilon_(epsilon) {}
  void run(const Frame& f) const override {
    const norm::Problem p{data(gamma_), data(beta_), epsilon_, true};
    library::for_parts(y_.layout, f.threads, [&](Part part) {
      kernel_.run(p, x_.layout, f.at(x_.buffer, x_.offset), y_.layout, f.at(y_.buffer, y_.offset), part);
    });
  }

 private:
  static const float* data(const Tensor& t) { return t.empty() ? nullptr : t.as<float>().data(); }
  Form x_, y_;
  Tensor gamma_, beta_;
  float epsilon_;
  const norm::Kernel& kernel_ = norm::best(cpu_features());
};

class SoftmaxStep final : public Step {
 public:
  SoftmaxStep(bool logarithm, Form x, Form y) : logarithm_(logarithm), x_(std::move(x)), y_(std::move(y)) {}
  void run(const Frame& f) const override {
    library::for_parts(y_.layout, f.threads, [&](Part part) {
      kernel_.run(logarithm_, x_.layout, f.at(x_.buffer, x_.offset), y_.layout, f.at(y_.buffer, y_.offset), part);
    });
  }

 private:
  bool logarithm_;
  Form x_, y_;
  const softmax::Kernel& kernel_ = softmax::best(cpu_features());
};

// Panels where the input lies in panels or the output's readers will want them; else rows as they are.
struct Forms {
  Form x, y;
};
Forms token_forms(Builder& b, graph::ValueId x, graph::ValueId y, bool panels) {
  if (panels) {
    const Form in = b.tokens(x);
    if (!b.dies_here(x, in)) return {in, b.make(y, Axes::tokens, in.layout)};
    b.alias(y, in);
    return {in, in};
  }
  const Layout rows = row_major(b.shape(x), Axes::tokens, false);
  const BufferId in = b.rows(x);
  return {{Axes::tokens, rows, in, 0}, {Axes::tokens, rows, b.make_rows(y), 0}};
}

bool last_axis(const graph::Node& n, Index rank, Index otherwise) {
  const Index axis = n.int_attribute("axis", otherwise);
  return axis == -1 || axis == rank - 1;
}

/// A row-major tensor with the positions behind `axis` as columns.
Forms forms_across(Builder& b, graph::ValueId x, graph::ValueId y, Index axis) {
  const Shape& s = b.shape(x);
  Layout l{.features = s[static_cast<std::size_t>(axis)]};
  for (Index i = 0; i < axis; ++i) l.groups *= s[static_cast<std::size_t>(i)];
  for (std::size_t i = static_cast<std::size_t>(axis) + 1; i < s.size(); ++i) l.width *= s[i];
  l.pitch = l.feature_stride = l.width;
  l.group_stride = l.features * l.width;
  l.tile_stride = kLanes;
  const BufferId in = b.rows(x);
  return {{Axes::tokens, l, in, 0}, {Axes::tokens, l, b.make_rows(y), 0}};
}

std::optional<Forms> softmax_forms(Builder& b, const graph::Node& n) {
  const graph::ValueId x = n.inputs[0], y = n.outputs[0];
  const auto rank = static_cast<Index>(b.shape(x).size());
  constexpr int kOneAxis = 13;  // before it, Softmax ran over all dimensions from `axis` on
  if (rank == 0) return std::nullopt;
  if (last_axis(n, rank, n.version >= kOneAxis ? -1 : 1)) {
    const bool panels = b.find(x, Axes::tokens) != nullptr;
    if (!panels && b.find(x)) return std::nullopt;
    return token_forms(b, x, y, panels);
  }
  if (n.version < kOneAxis) return std::nullopt;
  const Index axis = n.int_attribute("axis", -1);
  return forms_across(b, x, y, axis < 0 ? axis + rank : axis);
}

bool lower_softmax(Builder& b, const graph::Node& n) {
  const std::optional<Forms> forms = softmax_forms(b, n);
  if (!forms) return false;
  const Forms& f = *forms;
  b.layer().kernel = softmax::best(cpu_features()).name;
  b.layer().layout = describe(f.y.layout);
  b.emit(std::make_unique<SoftmaxStep>(n.op == "LogSoftmax", f.x, f.y), {f.x.buffer, f.y.buffer}, b.layer().kernel);
  return true;
}
}  // namespace

bool lower_norm(Builder& b, const graph::Node& n) {
  if (!n.domain.empty() || n.inputs.empty() || b.dtype(n.inputs[0]) != DType::f32) return false;
  if (element_count(b.shape(n.inputs[0])) == 0) return false;
  if (n.op == "Softmax" || n.op == "LogSoftmax") return lower_softmax(b, n);
  if (n.op != "LayerNormalization" || b.shape(n.inputs[0]).size() < 2) return false;
  if (!last_axis(n, static_cast<Index>(b.shape(n.inputs[0]).size()), -1)) return false;
  for (std::size_t i = 1; i < n.outputs.size(); ++i)
    if (n.outputs[i] != graph::kAbsent) return false;
  const auto parameter = [&](std::size_t i) -> const Tensor* {
    static const Tensor none;
    if (i >= n.inputs.size() || n.inputs[i] == graph::kAbsent) return &none;
    return b.is_constant(n.inputs[i]) ? &b.graph().value(n.inputs[i]).constant : nullptr;
  };
  const Tensor *gamma = parameter(1), *beta = parameter(2);
  if (!gamma || !beta) return false;
  for (const Tensor* t : {gamma, beta})
    if (!t->empty() && t->count() != b.shape(n.inputs[0]).back()) return false;
  const Forms f = token_forms(b, n.inputs[0], n.outputs[0], true);
  b.layer().kernel = norm::best(cpu_features()).name;
  b.layer().layout = describe(f.y.layout);
  b.emit(std::make_unique<NormStep>(f.x, f.y, *gamma, *beta, n.float_attribute("epsilon", 1e-5f)), {f.x.buffer, f.y.buffer},
         b.layer().kernel);
  return true;
}
}  // namespace tulle::plan
