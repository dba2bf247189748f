// Resize (ONNX 10, 11, 13, 18, 19) and Upsample (7, 9). Both work on one axis after the other: every output
// position is a weighted sum of input positions around the point that the coordinate transformation gives it.
#include <cmath>

#include "ops/list.hpp"
#include "ops/resize.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
using Resizable = TypeList<float, double, Half, BFloat16, std::uint8_t, std::int8_t, std::int32_t>;

struct AxisPlan {
  Index axis, in, out;
  double scale, roi_start = 0, roi_end = 1;
};
struct Settings {
  std::string mode, coordinates, nearest;
  double cubic_a = -0.75, outside_value = 0;
  bool antialias = false, exclude_outside = false;
};

bool old(const Call& call) {
  return call.node.op == "Upsample" || call.version() < 11;
}

Settings settings_of(const Call& call) {
  Settings s;
  s.mode = chosen_attribute(call, "mode", "nearest", {"nearest", "linear", "bilinear", "cubic"});
  if (s.mode == "bilinear") s.mode = "linear";
  if (old(call)) {
    s.coordinates = "asymmetric", s.nearest = "floor";
    return s;
  }
  s.coordinates =
      chosen_attribute(call, "coordinate_transformation_mode", "half_pixel",
                       {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
                        "asymmetric", "tf_crop_and_resize", "tf_half_pixel_for_nn"});
  s.nearest = chosen_attribute(call, "nearest_mode", "round_prefer_floor",
                               {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"});
  s.cubic_a = call.node.float_attribute("cubic_coeff_a", -0.75f);
  s.outside_value = call.node.float_attribute("extrapolation_value", 0);
  s.antialias = call.node.int_attribute("antialias", 0) != 0;
  s.exclude_outside = call.node.int_attribute("exclude_outside", 0) != 0;
  return s;
}

/// Where the operator's versions keep things. An empty tensor stands for an input that is not there.
struct Inputs {
  std::size_t roi = 100, scales = 100, sizes = 100;
};
Inputs inputs_of(const Call& call) {
  Inputs i;
  if (old(call))
    i.scales = 1;
  else
    i = {1, 2, 3};
  return i;
}
bool given(const Call& call, std::size_t input) {
  return call.has(input) && call.input(input).count() > 0;
}

std::vector<Index> axes_of(const Call& call) {
  const Index rank = call.input(0).rank();
  std::vector<Index> all(at(rank));
  for (Index i = 0; i < rank; ++i) all[at(i)] = i;
  return require_axes(call, call.node.ints_attribute("axes", all), rank);
}

void plan_scales(const Call& call, const std::vector<double>& scales, std::vector<AxisPlan>& plans) {
  if (scales.size() != plans.size())
    call.fail("has " + std::to_string(scales.size()) + " scales; want " + std::to_string(plans.size()));
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (!(scales[i] > 0) || scales[i] > 1e9)
      call.fail("scale " + std::to_string(scales[i]) + " is not in (0, 1e9]");
    plans[i].scale = scales[i];
    // In f32, as the scales are: 0.7 of 10 is 7, where the f32 nearest 0.7 times 10 is a little less in f64.
    plans[i].out = static_cast<Index>(static_cast<float>(scales[i]) * static_cast<float>(plans[i].in));
  }
}
void plan_sizes(const Call& call, const std::vector<Index>& sizes, std::vector<AxisPlan>& plans) {
  if (sizes.size() != plans.size())
    call.fail("has " + std::to_string(sizes.size()) + " sizes; want " + std::to_string(plans.size()));
  const std::string policy =
      chosen_attribute(call, "keep_aspect_ratio_policy", "stretch", {"stretch", "not_larger", "not_smaller"});
  double least = 1e18, most = 0;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (sizes[i] < 0 || (sizes[i] > 0 && plans[i].in == 0))
      call.fail("cannot make " + std::to_string(sizes[i]) + " elements of " + std::to_string(plans[i].in));
    plans[i].out = sizes[i];
    plans[i].scale = plans[i].in ? static_cast<double>(sizes[i]) / static_cast<double>(plans[i].in) : 1;
    least = std::min(least, plans[i].scale), most = std::max(most, plans[i].scale);
  }
  if (policy == "stretch") return;
  for (AxisPlan& p : plans) {
    p.scale = policy == "not_larger" ? least : most;
    p.out = static_cast<Index>(p.scale * static_cast<double>(p.in) + 0.5);
  }
}

/// The axes to resize with their new sizes; nullopt while scales or sizes are not known.
std::optional<std::vector<AxisPlan>> plans_of(const Call& call) {
  const Inputs inputs = inputs_of(call);
  std::vector<AxisPlan> plans;
  for (Index axis : axes_of(call)) plans.push_back({axis, call.input(0).shape()[at(axis)], 0, 1});
  if (call.node.op == "Upsample" && call.version() < 9) {
    const std::vector<float> scales = call.node.floats_attribute("scales");
    plan_scales(call, {scales.begin(), scales.end()}, plans);
  } else if (given(call, inputs.scales)) {
    require_one_of(call, inputs.scales, {DType::f32});
    if (!call.input(inputs.scales).data) return std::nullopt;
    plan_scales(call, reals(call.input(inputs.scales)), plans);
  } else if (given(call, inputs.sizes)) {
    const auto sizes = integers(call, inputs.sizes);
    if (!sizes) return std::nullopt;
    plan_sizes(call, *sizes, plans);
  } else {
    call.fail("has neither scales nor sizes");
  }
  return plans;
}

Types infer_resize(const Call& call) {
  require_type<Resizable>(call, 0);
  const Settings s = settings_of(call);
  const std::size_t roi = inputs_of(call).roi;
  if (s.coordinates == "tf_crop_and_resize") {
    require_type<Floats>(call, roi);
    require_shape(call, roi, {2 * static_cast<Index>(axes_of(call).size())});
  }
  const auto plans = plans_of(call);
  if (!plans) return std::nullopt;
  TensorType out = call.input(0).type;
  for (const AxisPlan& p : *plans) out.shape[at(p.axis)] = p.out;
  return {{require_size(call, out)}};
}

/// The point of the input that output position i stands for.
double original(const AxisPlan& p, const Settings& s, Index position) {
  const double i = static_cast<double>(position), in = static_cast<double>(p.in), resized = p.scale * in;
  if (s.coordinates == "asymmetric") return i / p.scale;
  if (s.coordinates == "align_corners") return resized == 1 ? 0 : i * (in - 1) / (resized - 1);
  if (s.coordinates == "pytorch_half_pixel" && resized == 1) return -0.5;
  if (s.coordinates == "tf_half_pixel_for_nn") return (i + 0.5) / p.scale;
  if (s.coordinates == "tf_crop_and_resize") {
    const double length = (p.roi_end - p.roi_start) * (in - 1);
    return p.roi_start * (in - 1) + (resized == 1 ? length / 2 : i * length / (resized - 1));
  }
  const double half_pixel = (i + 0.5) / p.scale - 0.5;
  if (s.coordinates != "half_pixel_symmetric") return half_pixel;
  return in / 2 * (1 - static_cast<double>(p.out) / resized) + half_pixel;
}

double round_nearest(const std::string& how, double x) {
  if (how == "floor") return std::floor(x);
  if (how == "ceil") return std::ceil(x);
  return how == "round_prefer_ceil" ? std::floor(x + 0.5) : std::ceil(x - 0.5);
}

/// Weight of an input position at distance d: a triangle, or Keys' cubic convolution (1981) with its
/// parameter a.
double weight_at(const Settings& s, double d) {
  d = std::abs(d);
  if (s.mode == "linear") return d < 1 ? 1 - d : 0;
  if (d <= 1) return ((s.cubic_a + 2) * d - (s.cubic_a + 3)) * d * d + 1;
  return d < 2 ? ((d - 5) * d + 8) * d * s.cubic_a - 4 * s.cubic_a : 0;
}

struct Weight {
  Index in;
  double weight;
};
/// The input positions and weights of one output position; none: it lies outside and takes the outside value.
std::vector<Weight> weights_of(const AxisPlan& p, const Settings& s, Index position) {
  const double last = static_cast<double>(p.in - 1);
  const double x = original(p, s, position);
  if (!(x > -4e15 && x < 4e15)) return {};
  if (s.coordinates == "tf_crop_and_resize" && (x < 0 || x > last)) return {};
  if (s.mode == "nearest")
    return {{static_cast<Index>(std::clamp(round_nearest(s.nearest, x), 0.0, last)), 1}};
  const double shrink = s.antialias ? std::min(p.scale, 1.0) : 1,
               reach = (s.mode == "linear" ? 1 : 2) / shrink;
  std::vector<Weight> weights;
  double total = 0;
  for (double i = std::ceil(x - reach); i <= x + reach; ++i) {
    const bool outside = i < 0 || i > last;
    const double w = outside && s.exclude_outside ? 0 : weight_at(s, (i - x) * shrink);
    if (w != 0) weights.push_back({static_cast<Index>(std::clamp(i, 0.0, last)), w});
    total += w;
  }
  if ((s.antialias || s.exclude_outside) && total != 0)
    for (Weight& w : weights) w.weight /= total;
  return weights;
}

/// nullopt where a position has no weights, more than two, or weights that do not add up to 1.
std::optional<Interpolation> interpolation_of(const AxisPlan& p, const Settings& s) {
  Interpolation between;
  for (Index i = 0; i < p.out; ++i) {
    const std::vector<Weight> weights = weights_of(p, s, i);
    if (weights.empty() || weights.size() > 2) return std::nullopt;
    const double second = weights.size() == 2 ? weights[1].weight : 0;
    if (std::abs(weights[0].weight + second - 1) > 1e-6) return std::nullopt;
    between.low.push_back(static_cast<std::int32_t>(weights.front().in));
    between.high.push_back(static_cast<std::int32_t>(weights.back().in));
    between.weight.push_back(static_cast<float>(second));
  }
  return between;
}

/// x [outer, in, inner] to [outer, out, inner]
std::vector<double> resize_axis(const std::vector<double>& x, const AxisPlan& p, const Settings& s,
                                Index inner) {
  const Index outer = static_cast<Index>(x.size()) / std::max<Index>(1, p.in * inner);
  std::vector<double> y(at(outer * p.out * inner), 0.0);
  for (Index i = 0; i < p.out; ++i) {
    const std::vector<Weight> weights = weights_of(p, s, i);
    for (Index o = 0; o < outer; ++o) {
      double* to = y.data() + (o * p.out + i) * inner;
      if (weights.empty()) std::fill_n(to, inner, s.outside_value);
      for (const Weight& w : weights) axpy(w.weight, x.data() + (o * p.in + w.in) * inner, to, inner);
    }
  }
  return y;
}

template <class T>
T rounded(double x) {
  if constexpr (std::is_floating_point_v<T>)
    return static_cast<T>(x);
  else
    return static_cast<T>(std::clamp(std::nearbyint(x), static_cast<double>(std::numeric_limits<T>::lowest()),
                                     static_cast<double>(std::numeric_limits<T>::max())));
}

void eval_resize(const Call& call, std::span<const Result> out) {
  const Settings s = settings_of(call);
  std::vector<AxisPlan> plans = *plans_of(call);
  if (s.coordinates == "tf_crop_and_resize") {
    const std::vector<double> roi = reals(call.input(inputs_of(call).roi));
    for (std::size_t i = 0; i < plans.size(); ++i)
      plans[i].roi_start = roi[i], plans[i].roi_end = roi[plans.size() + i];
  }
  if (out[0].count() == 0) return;
  // What shrinks goes first: nothing on the way is larger than the larger of input and output.
  const auto growth = [](const AxisPlan& p) {
    return static_cast<double>(p.out) / static_cast<double>(p.in);
  };
  std::stable_sort(plans.begin(), plans.end(),
                   [&](const AxisPlan& a, const AxisPlan& b) { return growth(a) < growth(b); });
  TypeList<float, double, std::uint8_t, std::int8_t, std::int32_t>::visit(
      call.input(0).dtype(), [&]<class T>(T) {
        std::vector<double> x(call.input(0).as<T>().begin(), call.input(0).as<T>().end());
        Shape shape = call.input(0).shape();
        for (const AxisPlan& p : plans) {
          const bool changes = p.in != p.out || p.scale != 1 || p.roi_start != 0 || p.roi_end != 1;
          if (changes) x = resize_axis(x, p, s, count_from(shape, p.axis + 1));
          shape[at(p.axis)] = p.out;
        }
        T* y = out[0].as<T>().data();
        for (double v : x) *y++ = rounded<T>(v);
      });
}
}  // namespace

std::optional<Sampling> sampling_of(const Call& call) {
  const Settings s = settings_of(call);
  if (call.input(0).rank() != 4 || s.mode == "cubic" || s.coordinates == "tf_crop_and_resize") return std::nullopt;
  const auto plans = plans_of(call);
  if (!plans) return std::nullopt;
  const auto identity = [&](Index axis) {
    const Index size = call.input(0).shape()[at(axis)];
    return AxisPlan{axis, size, size, 1};
  };
  AxisPlan space[2] = {identity(2), identity(3)};
  for (const AxisPlan& p : *plans) {
    if (p.axis >= 2) space[p.axis - 2] = p;
    if (p.axis < 2 && (p.in != p.out || p.scale != 1)) return std::nullopt;
  }
  auto rows = interpolation_of(space[0], s), columns = interpolation_of(space[1], s);
  if (!rows || !columns) return std::nullopt;
  return Sampling{s.mode == "linear", std::move(*rows), std::move(*columns)};
}

extern const Operator kResize{"Resize", "", 10, 1, 4, infer_resize, widened<eval_resize>};
extern const Operator kUpsample{"Upsample", "", 7, 1, 2, infer_resize, widened<eval_resize>};
}  // namespace tulle::ops
