// ConvTranspose whose taps do not overlap (stride = kernel, no pads) -> tulle.Conv 1x1 with an output channel
// for each tap, and DepthToSpace: y[c][s y + i][s x + j] = sum_k W[k][c][i][j] x[k][y][x] (Shi et al., arXiv
// 1609.07009).
#include <algorithm>

#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
bool all_are(const std::vector<Index>& values, Index wanted) {
  return std::ranges::all_of(values, [&](Index v) { return v == wanted; });
}

/// The block size s of a 2-D node that fits, else 0.
Index block_of(const Rewriter& r, const Node& n) {
  const auto x = r.f32_shape(n.inputs[0]), w = r.f32_shape(n.inputs[1]);
  const ValueId bias = input(n, 2);
  if (!x || !w || x->size() != 4 || !r.is_constant(n.inputs[1]) || (bias != kAbsent && !r.is_constant(bias)))
    return 0;
  const Index s = (*w)[2];
  const std::string pad = n.string_attribute("auto_pad", "NOTSET");
  const bool fits = s > 1 && (*w)[3] == s && n.int_attribute("group", 1) == 1 &&
                    (pad == "NOTSET" || pad == "VALID") &&
                    n.ints_attribute("strides", {1, 1}) == std::vector<Index>{s, s} &&
                    all_are(n.ints_attribute("pads"), 0) && all_are(n.ints_attribute("dilations"), 1) &&
                    all_are(n.ints_attribute("output_padding"), 0) && !n.has_attribute("output_shape");
  return fits ? s : 0;
}

/// W [inputs, outputs, s, s] as [outputs s s, inputs, 1, 1].
Tensor by_output(const Tensor& w) {
  const Index inputs = w.shape()[0], rows = w.count() / std::max<Index>(1, inputs);
  Tensor out(TensorType{DType::f32, {rows, inputs, 1, 1}});
  for (Index k = 0; k < inputs; ++k)
    for (Index i = 0; i < rows; ++i)
      out.as_mutable<float>()[static_cast<std::size_t>(i * inputs + k)] =
          w.as<float>()[static_cast<std::size_t>(k * rows + i)];
  return out;
}

Tensor repeated(const Tensor& bias, Index times) {
  Tensor out(TensorType{DType::f32, {bias.count() * times}});
  auto to = out.as_mutable<float>().begin();
  for (const float v : bias.as<float>()) to = std::fill_n(to, times, v);
  return out;
}

void rewrite(Rewriter& r, int at, Index s) {
  const Node n = r.node(at);
  const Shape x = *r.f32_shape(n.inputs[0]);
  const Tensor w = by_output(r.constant_of(n.inputs[1]));
  std::vector<ValueId> reads{n.inputs[0], r.constant(n.name + ".taps", w)};
  if (input(n, 2) != kAbsent) {
    const Tensor bias = repeated(r.constant_of(n.inputs[2]), s * s);
    reads.push_back(r.constant(n.name + ".bias", bias));
  }
  const std::vector<Index> ones{1, 1};
  Node conv = tulle_node("Conv", n.name + ".taps", std::move(reads));
  conv.attributes = {{"kernel_shape", ones},
                     {"strides", ones},
                     {"dilations", ones},
                     {"pads", std::vector<Index>(4, 0)},
                     {"group", Index{1}}};
  const ValueId taps = r.insert_before(at, std::move(conv), {DType::f32, {x[0], w.shape()[0], x[2], x[3]}});
  constexpr int kVersionWithMode = 11;
  Node spread{.name = n.name, .op = "DepthToSpace", .version = kVersionWithMode, .inputs = {taps}};
  spread.attributes = {{"blocksize", s}, {"mode", std::string("CRD")}};
  r.note(n.name);
  r.replace(at, std::move(spread));
}
}  // namespace

void cut_conv_transpose(Rewriter& r) {
  for (int n = 0; n < r.size(); ++n)
    if (r.is(n, "ConvTranspose"))
      if (const Index s = block_of(r, r.node(n))) rewrite(r, n, s);
}
}  // namespace tulle::passes
