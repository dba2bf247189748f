#include <algorithm>
#include <array>
#include <cmath>
#include "kernels/pointwise/kernel.hpp"
#include "plan/lowering.hpp"
#include "library/parts.hpp"
#include "plan/product.hpp"

namespace tulle::plan {
using pointwise::BinaryKind;
using pointwise::PerFeature;

namespace {
/// act(x * scale[f] + shift[f]), PRelu's slope; with a scale of its own for each group when `scales` is a buffer.
class PerFeatureStep final : public Step {
 public:
  PerFeatureStep(Form x, Form y, std::vector<float> scale, std::vector<float> shift, std::vector<float> slope, Activation act)
      : x_(x), y_(y), scale_(std::move(scale)), shift_(std::move(shift)), slope_(std::move(slope)), activation_(act) {}
  PerFeatureStep(Form x, Form y, BufferId group_scales) : x_(x), y_(y), group_scales_(group_scales) {}

  void run(const Frame& f) const override {
    library::for_parts(x_.layout, f.threads, [&](Part part) {
      PerFeature p{pointer(scale_), pointer(shift_), pointer(slope_), activation_};
      if (group_scales_ < 0) return kernel_.per_feature(p, x_.layout, f.at(x_.buffer, x_.offset), f.at(y_.buffer, y_.offset), part);
      for (Index g = part.first_group; g < part.last_group; ++g) {
        p.scale = f.at(group_scales_, g * x_.layout.features);
        kernel_.per_feature(p, x_.layout, f.at(x_.buffer, x_.offset), f.at(y_.buffer, y_.offset), {g, g + 1, part.first_tile, part.last_tile});
      }
    });
  }

 private:
  static const float* pointer(const std::vector<float>& v) { return v.empty() ? nullptr : v.data(); }
  Form x_, y_;
  std::vector<float> scale_, shift_, slope_;
  Activation activation_;
  BufferId group_scales_ = -1;
  const pointwise::Kernel& kernel_ = pointwise::best(cpu_features());
};

/// Two activations of the same layout, in one sweep over their memory.
class BinaryStep final : public Step {
 public:
  BinaryStep(BinaryKind kind, Form a, Form b, Form y) : kind_(kind), a_(a), b_(b), y_(y) {}
  void run(const Frame& f) const override {
    constexpr Index kGrain = 1024;
    const Index count = floats(y_.layout) - kLanes;
    parallel_for((count + kGrain - 1) / kGrain, f.threads, [&](Index first, Index last) {
      const Index from = first * kGrain, size = std::min(count, last * kGrain) - from;
      kernel_.binary(kind_, f.at(a_.buffer, a_.offset + from), 1, f.at(b_.buffer, b_.offset + from), 1, {},
                     f.at(y_.buffer, y_.offset + from), size);
    });
  }

 private:
  BinaryKind kind_;
  Form a_, b_, y_;
  const pointwise::Kernel& kernel_ = pointwise::best(cpu_features());
};

/// An operand in row-major order that begins again after `period` floats; step 0: one number.
struct Repeated {
  BufferId buffer;
  Index period, step;
};

/// Two row-major tensors, one of them repeated along leading dimensions if need be.
class RowsBinaryStep final : public Step {
 public:
  RowsBinaryStep(BinaryKind kind, Repeated a, Repeated b, BufferId y, Index count) : kind_(kind), a_(a), b_(b), y_(y), count_(count) {}
  void run(const Frame& f) const override {
    constexpr Index kGrain = 4096;
    parallel_for((count_ + kGrain - 1) / kGrain, f.threads, [&](Index first, Index last) {
      for (Index i = first * kGrain, end = std::min(count_, last * kGrain), size = 0; i < end; i += size) {
        const Index ia = i % a_.period, ib = i % b_.period;
        size = std::min({end - i, a_.period - ia, b_.period - ib});
        kernel_.binary(kind_, f.at(a_.buffer, ia * a_.step), a_.step, f.at(b_.buffer, ib * b_.step), b_.step, {}, f.at(y_, i), size);
      }
    });
  }

 private:
  BinaryKind kind_;
  Repeated a_, b_;
  BufferId y_;
  Index count_;
  const pointwise::Kernel& kernel_ = pointwise::best(cpu_features());
};

/// An activation of a row-major tensor.
class RowsActivationStep final : public Step {
 public:
  RowsActivationStep(Activation activation, BufferId x, BufferId y, Index count) : activation_(activation), x_(x), y_(y), count_(count) {}
  void run(const Frame& f) const override {
    constexpr Index kGrain = 4096;
    parallel_for((count_ + kGrain - 1) / kGrain, f.threads, [&](Index first, Index last) {
      const Index from = first * kGrain;
      kernel_.unary(activation_, f.at(x_, from), f.at(y_, from), std::min(count_, last * kGrain) - from);
    });
  }

 private:
  Activation activation_;
  BufferId x_, y_;
  Index count_;
  const pointwise::Kernel& kernel_ = pointwise::best(cpu_features());
};

std::optional<BinaryKind> binary_kind(const std::string& op) {
  constexpr std::pair<std::string_view, BinaryKind> kKinds[] = {{"Add", BinaryKind::add}, {"Sub", BinaryKind::sub},
                                                                {"Mul", BinaryKind::mul}, {"Div", BinaryKind::div},
                                                                {"Min", BinaryKind::min}, {"Max", BinaryKind::max}};
  for (const auto& [name, kind] : kKinds)
    if (op == name) return kind;
  return std::nullopt;
}

// Panels or planes that fill their buffer, so that one sweep meets every element and nothing else.
bool contiguous(const Form& f) {
  const Layout& l = f.layout;
  if (f.offset != 0 || l.lane_stride != 1) return false;
  return l.zero_padded || (l.tile_stride == l.features * kLanes && l.group_stride == l.tiles() * l.tile_stride);
}

Form output_form(Builder& b, graph::ValueId x, const Form& in, graph::ValueId y) {
  if (!b.dies_here(x, in)) return b.make(y, in.axes, in.layout);
  b.alias(y, in);
  return in;
}

void emit_per_feature(Builder& b, graph::ValueId x, graph::ValueId y, PerFeature p, std::size_t features) {
  const auto copy = [&](const float* data) { return data ? std::vector<float>(data, data + features) : std::vector<float>(); };
  const Form in = *b.find(x);
  Form out = output_form(b, x, in, y);
  b.layer().kernel = pointwise::best(cpu_features()).name;
  b.layer().layout = describe(out.layout);
  if (!(out.layout == in.layout)) throw Error("plan", "'" + b.node().name + "' cannot change its layout");
  b.emit(std::make_unique<PerFeatureStep>(in, out, copy(p.scale), copy(p.shift), copy(p.slope), p.activation), {in.buffer, out.buffer},
         std::string(b.layer().kernel));
}

// One value for each feature: [C] or [1, C] against tokens, [C, 1, 1] or [1, C, 1, 1] against images.
bool is_per_feature(const Shape& s, const Form& x, std::size_t rank) {
  const std::size_t axis = x.axes == Axes::tokens ? rank - 1 : 1;
  if (s.size() > rank) return false;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const std::size_t at = rank - s.size() + i;
    if (s[i] != (at == axis ? x.layout.features : 1)) return false;
  }
  return rank - s.size() <= axis;
}

// Then x / v and x * (1 / v) have the same bits, and so has the answer whichever form x lies in.
bool is_power_of_2(float v) {
  int exponent;
  return std::isnormal(v) && std::isnormal(1 / v) && std::abs(std::frexp(v, &exponent)) == 0.5f;
}

bool lower_with_constant(Builder& b, const graph::Node& n, BinaryKind kind, std::size_t constant) {
  const graph::ValueId x = n.inputs[1 - constant];
  const Form* in = b.find(x);
  const Tensor& t = b.graph().value(n.inputs[constant]).constant;
  if (!in || kind == BinaryKind::min || kind == BinaryKind::max || b.shape(x) != b.shape(n.outputs[0])) return false;
  if (t.count() != 1 && !is_per_feature(t.shape(), *in, b.shape(x).size())) return false;
  const auto features = static_cast<std::size_t>(in->layout.features);
  std::vector<float> values(features);
  for (std::size_t f = 0; f < features; ++f) values[f] = t.as<float>()[t.count() == 1 ? 0 : f];
  std::vector<float> scale(features, 1), shift(features, -0.0f);
  for (std::size_t f = 0; f < features; ++f) {
    if (kind == BinaryKind::add) shift[f] = values[f];
    if (kind == BinaryKind::sub) shift[f] = constant == 1 ? -values[f] : values[f], scale[f] = constant == 1 ? 1 : -1.0f;
    if (kind == BinaryKind::mul) scale[f] = values[f];
    if (kind == BinaryKind::div) scale[f] = 1 / values[f];
  }
  if (kind == BinaryKind::div && (constant == 0 || !std::all_of(values.begin(), values.end(), is_power_of_2))) return false;
  emit_per_feature(b, x, n.outputs[0], {scale.data(), shift.data(), nullptr, {}}, features);
  return true;
}

// x[N, C, H, W] * s[N, C, 1, 1], as squeeze-and-excitation blocks end.
bool lower_gate(Builder& b, const graph::Node& n, std::size_t gate) {
  const graph::ValueId x = n.inputs[1 - gate], s = n.inputs[gate];
  const Form* in = b.find(x, Axes::image);
  if (!in || n.op != "Mul" || b.shape(x).size() != 4 || b.shape(s) != Shape{b.shape(x)[0], b.shape(x)[1], 1, 1}) return false;
  if (b.shape(n.outputs[0]) != b.shape(x) || b.shape(s) == b.shape(x)) return false;
  const Form from = *in;
  const BufferId scales = b.rows(s);
  const Form out = output_form(b, x, from, n.outputs[0]);
  b.layer().kernel = pointwise::best(cpu_features()).name;
  b.layer().layout = describe(out.layout);
  b.emit(std::make_unique<PerFeatureStep>(from, out, scales), {from.buffer, out.buffer, scales}, b.layer().kernel);
  return true;
}

bool lower_binary(Builder& b, const graph::Node& n, BinaryKind kind) {
  if (n.inputs.size() != 2 || b.dtype(n.inputs[0]) != DType::f32) return false;
  for (std::size_t i = 0; i < 2; ++i)
    if (b.is_constant(n.inputs[i]) && lower_with_constant(b, n, kind, i)) return true;
  for (std::size_t i = 0; i < 2; ++i)
    if (lower_gate(b, n, i)) return true;
  const graph::ValueId a = n.inputs[0], c = n.inputs[1], y = n.outputs[0];
  if (b.shape(a) != b.shape(c) || b.shape(a) != b.shape(y) || a == c) return false;
  const Form* lead = b.find(a) ? b.find(a) : b.find(c);
  if (!lead || !contiguous(*lead)) return false;
  const Axes axes = lead->axes;
  const Builder::Want want = lead->layout.zero_padded ? Builder::Want::planes : Builder::Want::panels;
  const bool divides = kind == BinaryKind::div && lead->layout.zero_padded;  // 0 / 0 in the padding
  if (divides) return false;
  const Form fa = axes == Axes::tokens ? b.tokens(a) : b.image(a, want);
  const Form fc = axes == Axes::tokens ? b.tokens(c) : b.image(c, want);
  if (!(fa.layout == fc.layout) || !contiguous(fa) || !contiguous(fc)) return false;
  const Form out = b.dies_here(a, fa) ? output_form(b, a, fa, y) : output_form(b, c, fc, y);
  b.layer().kernel = pointwise::best(cpu_features()).name;
  b.layer().layout = describe(out.layout);
  b.emit(std::make_unique<BinaryStep>(kind, fa, fc, out), {fa.buffer, fc.buffer, out.buffer}, b.layer().kernel);
  return true;
}
// The last dimensions of y are those of x, leading ones apart: x is then read once or again and again.
bool repeats(Shape x, const Shape& y) {
  x.erase(x.begin(), std::find_if(x.begin(), x.end(), [](Index d) { return d != 1; }));
  return x.size() <= y.size() && std::equal(x.rbegin(), x.rend(), y.rbegin());
}

bool lower_binary_rows(Builder& b, const graph::Node& n, BinaryKind kind) {
  const graph::ValueId y = n.outputs[0];
  const Index count = element_count(b.shape(y));
  if (n.inputs.size() != 2 || count == 0) return false;
  for (graph::ValueId id : n.inputs)
    if (b.dtype(id) != DType::f32 || !repeats(b.shape(id), b.shape(y))) return false;
  const auto operand = [&](graph::ValueId id) {
    const Index own = element_count(b.shape(id));
    return own == 1 ? Repeated{b.rows(id), count, 0} : Repeated{b.rows(id), own, 1};
  };
  const Repeated a = operand(n.inputs[0]), c = operand(n.inputs[1]);
  const BufferId to = b.make_rows(y);
  b.layer().kernel = pointwise::best(cpu_features()).name;
  b.layer().layout = "rows";
  b.emit(std::make_unique<RowsBinaryStep>(kind, a, c, to, count), {a.buffer, c.buffer, to}, b.layer().kernel);
  return true;
}

bool lower_activation_rows(Builder& b, const graph::Node& n) {
  const graph::ValueId x = n.inputs[0], y = n.outputs[0];
  const Index count = element_count(b.shape(x));
  if (b.dtype(x) != DType::f32 || count == 0) return false;
  const BufferId from = b.rows(x), to = b.make_rows(y);
  b.layer().kernel = pointwise::best(cpu_features()).name;
  b.layer().layout = "rows";
  b.emit(std::make_unique<RowsActivationStep>(activation_of(n), from, to, count), {from, to}, b.layer().kernel);
  return true;
}
}  // namespace

bool lower_pointwise(Builder& b, const graph::Node& n) {
  if (n.domain == "tulle" && n.op == "Activation") {
    if (!b.find(n.inputs[0])) return lower_activation_rows(b, n);
    emit_per_feature(b, n.inputs[0], n.outputs[0], {nullptr, nullptr, nullptr, activation_of(n)}, 0);
    return true;
  }
  if (!n.domain.empty()) return false;
  if (n.op == "PRelu") {
    const Form* in = b.find(n.inputs[0]);
    if (!in || !b.is_constant(n.inputs[1]) || !is_per_feature(b.shape(n.inputs[1]), *in, b.shape(n.inputs[0]).size())) return false;
    emit_per_feature(b, n.inputs[0], n.outputs[0], {nullptr, nullptr, b.graph().value(n.inputs[1]).constant.as<float>().data(), {}},
                     static_cast<std::size_t>(in->layout.features));
    return true;
  }
  const auto kind = binary_kind(n.op);
  return kind && (lower_binary(b, n, *kind) || lower_binary_rows(b, n, *kind));
}
}  // namespace tulle::plan
