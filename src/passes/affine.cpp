// y -> y scale + shift with one constant for each output channel, after tulle.Linear or tulle.Conv: into W
// and bias. Neg, Add, Sub, Mul, Div by constants and BatchNormalization are all of this form; a
// BatchNormalization that follows something else becomes Mul and Add.
#include <algorithm>
#include <cmath>

#include "passes/activation.hpp"
#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
struct Affine {
  std::vector<float> scale, shift;
  bool scales() const {
    return std::ranges::any_of(scale, [](float s) { return s != 1; });
  }
};

using Channels = std::optional<std::vector<float>>;

Affine with_scale(std::vector<float> scale) {
  return {scale, std::vector<float>(scale.size(), 0)};
}
Affine with_shift(std::vector<float> shift) {
  return {std::vector<float>(shift.size(), 1), shift};
}

// gamma (x - mean) / sqrt(variance + epsilon) + beta, with running statistics.
std::optional<Affine> batch_norm(const Rewriter& r, const Node& node, const Shape& full) {
  const bool trains = node.int_attribute("training_mode", 0) != 0 || node.int_attribute("spatial", 1) == 0;
  if (trains || node.inputs.size() != 5 || full.size() < 2) return std::nullopt;
  std::span<const float> p[4];
  for (std::size_t i = 0; i < 4; ++i) {
    const Tensor t = r.constant_of(node.inputs[i + 1]);
    if (t.empty() || t.dtype() != DType::f32 || t.shape() != Shape{full[1]}) return std::nullopt;
    p[i] = t.as<float>();
  }
  Affine affine = with_scale(std::vector<float>(p[0].size()));
  for (std::size_t c = 0; c < p[0].size(); ++c) {
    const double scale = p[0][c] / std::sqrt(double(p[3][c]) + node.float_attribute("epsilon", 1e-5f));
    affine.scale[c] = static_cast<float>(scale);
    affine.shift[c] = static_cast<float>(p[1][c] - p[2][c] * scale);
  }
  return affine;
}

void negate(std::vector<float>& values) {
  for (float& v : values) v = -v;
}

// What node n does to its input y, channels along `axis`.
std::optional<Affine> affine_of(const Rewriter& r, const Node& node, ValueId y, std::size_t axis) {
  const Shape full = *r.f32_shape(y);
  if (node.op == "BatchNormalization") return axis == 1 ? batch_norm(r, node, full) : std::nullopt;
  if (node.op == "Neg") return with_scale(std::vector<float>(static_cast<std::size_t>(full[axis]), -1));
  const ValueId constant = other_of(node.inputs, y);
  const Channels c = per_channel(r.constant_of(constant), full, axis);
  if (!c || r.f32_shape(node.outputs[0]) != full) return std::nullopt;
  std::vector<float> values = *c;
  if (node.op == "Mul") return with_scale(values);
  if (node.op == "Add") return with_shift(values);
  const bool y_first = node.inputs[0] == y;
  if (node.op == "Sub") {
    if (y_first) negate(values);
    Affine affine = with_shift(values);
    if (!y_first) negate(affine.scale);
    return affine;
  }
  if (!y_first || std::ranges::find(values, 0.0f) != values.end()) return std::nullopt;
  for (float& v : values) v = 1 / v;
  return with_scale(values);
}

Tensor rows_scaled(const Tensor& w, const std::vector<float>& scale) {
  Tensor out(w.type());
  const std::size_t row = static_cast<std::size_t>(w.count()) / scale.size();
  const float* from = w.as<float>().data();
  float* to = out.as_mutable<float>().data();
  for (std::size_t i = 0; i < scale.size(); ++i)
    for (std::size_t k = 0; k < row; ++k, ++from, ++to) *to = *from * scale[i];
  return out;
}

Tensor columns_scaled(const Tensor& w, const std::vector<float>& scale) {
  Tensor out(w.type());
  const float* from = w.as<float>().data();
  float* to = out.as_mutable<float>().data();
  for (Index k = 0; k < w.shape()[0]; ++k)
    for (const float s : scale) *to++ = *from++ * s;
  return out;
}

Tensor weight_scaled(const Node& product, const Tensor& w, const std::vector<float>& scale) {
  return product.int_attribute("transposed", 0) ? columns_scaled(w, scale) : rows_scaled(w, scale);
}

Tensor bias_changed(const Tensor& bias, const Affine& affine) {
  Tensor out(TensorType{DType::f32, {static_cast<Index>(affine.scale.size())}});
  for (std::size_t i = 0; i < affine.scale.size(); ++i) {
    const double old = bias.empty() ? 0 : bias.as<float>()[i];
    out.as_mutable<float>()[i] = static_cast<float>(old * affine.scale[i] + affine.shift[i]);
  }
  return out;
}

// The Linear or Conv that makes `id` for this reader alone and takes an affine map after it.
int product_before(const Rewriter& r, ValueId id) {
  const int n = r.read_once(id) ? r.maker(id) : kNobody;
  const bool product = r.is(n, "Linear", "tulle") || r.is(n, "Conv", "tulle");
  if (!product || has_activation(r.node(n))) return kNobody;
  return input(r.node(n), 2) == kAbsent || r.is_constant(r.node(n).inputs[2]) ? n : kNobody;
}

bool fold_into(Rewriter& r, int n, ValueId y) {
  const int product = product_before(r, y);
  if (product == kNobody || !r.f32_shape(y) || std::ranges::count(r.node(n).inputs, y) != 1) return false;
  const std::size_t axis = r.node(product).op == "Conv" ? 1 : r.f32_shape(y)->size() - 1;
  const auto affine = affine_of(r, r.node(n), y, axis);
  if (!affine || affine->scale.empty()) return false;
  Node fused = r.node(product);
  if (affine->scales() && input(fused, 3) != kAbsent) return false;
  fused.inputs.resize(std::max<std::size_t>(fused.inputs.size(), 3), kAbsent);
  if (affine->scales())
    fused.inputs[1] = r.constant(fused.name + ".weight",
                                 weight_scaled(fused, r.constant_of(fused.inputs[1]), affine->scale));
  fused.inputs[2] = r.constant(fused.name + ".bias", bias_changed(r.constant_of(fused.inputs[2]), *affine));
  r.note(fused.name);
  r.replace(n, std::move(fused));
  return true;
}

bool is_affine(const Rewriter& r, int n) {
  return r.is(n, "Neg") || r.is(n, "Add") || r.is(n, "Sub") || r.is(n, "Mul") || r.is(n, "Div") ||
         r.is(n, "BatchNormalization");
}
}  // namespace

void fold_affine(Rewriter& r) {
  for (int n = 0; n < r.size(); ++n) {
    if (!is_affine(r, n)) continue;
    if (!fold_into(r, n, r.node(n).inputs[0]) && r.node(n).inputs.size() == 2)
      fold_into(r, n, r.node(n).inputs[1]);
  }
}

void split_batch_norm(Rewriter& r) {
  for (int n = 0; n < r.size(); ++n) {
    if (!r.is(n, "BatchNormalization")) continue;
    const ValueId x = r.node(n).inputs[0];
    const auto full = r.f32_shape(x);
    const auto affine = full ? batch_norm(r, r.node(n), *full) : std::nullopt;
    if (!affine) continue;
    Shape shape(full->size() - 1, 1);
    shape[0] = (*full)[1];
    const std::string name = r.node(n).name;
    const auto vector = [&](const char* what, const std::vector<float>& values) {
      return r.constant(name + what, Tensor::of<float>(DType::f32, shape, std::span(values)));
    };
    const ValueId product = r.insert_before(
        n,
        {.name = name + ".scale", .op = "Mul", .version = 13, .inputs = {x, vector(".gamma", affine->scale)}},
        {DType::f32, *full});
    r.note(name);
    r.replace(
        n, {.name = name, .op = "Add", .version = 13, .inputs = {product, vector(".beta", affine->shift)}});
  }
}
}  // namespace tulle::passes
