// GridSample (16, 20) and AffineGrid-20: looking an image up at points given in [-1, 1].
#include <cmath>

#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"
#include "ops/window.hpp"

namespace tulle::ops {
namespace {
enum class Padding { zeros, border, reflection };
struct Sampling {
  bool nearest, cubic, align_corners;
  Padding padding;
};
Sampling sampling_of(const Call& call) {
  const std::string mode = chosen_attribute(call, "mode", call.version() < 20 ? "bilinear" : "linear",
                                            {"bilinear", "linear", "nearest", "bicubic", "cubic"});
  const std::string padding =
      chosen_attribute(call, "padding_mode", "zeros", {"zeros", "border", "reflection"});
  return {mode == "nearest", mode.ends_with("cubic"), call.node.int_attribute("align_corners", 0) != 0,
          padding == "zeros"    ? Padding::zeros
          : padding == "border" ? Padding::border
                                : Padding::reflection};
}

Types infer_grid_sample(const Call& call) {
  require_type<Floats>(call, 0);
  require_type<Floats>(call, 1);
  require_rank(call, 0, 3, 64);
  sampling_of(call);
  const Shape &x = call.input(0).shape(), &grid = call.input(1).shape();
  if (grid.size() != x.size() || grid[0] != x[0] || grid.back() != static_cast<Index>(x.size()) - 2)
    call.fail("X is " + to_string(x) + ", the grid " + to_string(grid) + "; want a grid of [N, out..., " +
              std::to_string(x.size() - 2) + "]");
  Shape out{x[0], x[1]};
  out.insert(out.end(), grid.begin() + 1, grid.end() - 1);
  if (count_from(x, 2) == 0 && element_count(out) > 0)
    call.fail("has no elements to sample in " + to_string(x));
  return {{require_size(call, {call.input(0).dtype(), out})}};
}

double reflected(double x, double low, double high) {
  const double range = high - low;
  if (range <= 0) return low;
  const double beyond = std::fmod(std::abs(x - low), 2 * range);
  return low + (beyond > range ? 2 * range - beyond : beyond);
}

struct Weight {
  Index position;  ///< -1: a zero
  double weight;
};
/// Where a tap at a whole position of an axis of `size` elements reads.
Index tap_position(const Sampling& s, double tap, Index size) {
  const double last = static_cast<double>(size - 1);
  if (s.padding == Padding::zeros && (tap < 0 || tap > last)) return -1;
  if (s.padding == Padding::reflection && (tap < 0 || tap > last))
    tap = s.align_corners ? reflected(tap, 0, last) : reflected(tap, -0.5, last + 0.5);
  return static_cast<Index>(std::clamp(tap, 0.0, last));
}

/// Keys' cubic convolution with a = -0.75, or the triangle.
double kernel(const Sampling& s, double d) {
  constexpr double a = -0.75;
  d = std::abs(d);
  if (!s.cubic) return d < 1 ? 1 - d : 0;
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? a * (((d - 5) * d + 8) * d - 4) : 0;
}

/// What a normalised coordinate reads along one axis.
std::vector<Weight> weights_along(const Sampling& s, double coordinate, Index size) {
  const double n = static_cast<double>(size);
  double x =
      static_cast<float>(s.align_corners ? (coordinate + 1) / 2 * (n - 1) : ((coordinate + 1) * n - 1) / 2);
  if (!std::isfinite(x)) x = -2e9;
  x = std::clamp(x, -2e9, 2e9);
  if (s.nearest) x = std::nearbyint(x);
  const double low = s.align_corners ? 0 : -0.5, high = n - 1 - low;
  if (x < low || x > high) {
    if (s.padding == Padding::border) x = std::clamp(x, 0.0, n - 1);
    if (s.padding == Padding::reflection) x = reflected(x, low, high);
  }
  if (s.nearest) return {{tap_position(s, std::nearbyint(x), size), 1}};
  std::vector<Weight> weights;
  const double first = std::floor(x) - (s.cubic ? 1 : 0);
  for (int i = 0; i < (s.cubic ? 4 : 2); ++i)
    weights.push_back({tap_position(s, first + i, size), kernel(s, x - first - i)});
  return weights;
}

/// Sum over the taps of all axes from `axis` on, `offset` elements into the plane.
template <class T>
double sample(const T* plane, const Shape& in, const std::vector<std::vector<Weight>>& weights,
              std::size_t axis, Index offset) {
  if (axis == in.size()) return plane[offset];
  double sum = 0;
  for (const Weight& w : weights[axis])
    if (w.position >= 0 && w.weight != 0)
      sum += w.weight * sample(plane, in, weights, axis + 1, offset * in[axis] + w.position);
  return sum;
}

template <class T>
void grid_sample(const Call& call, const Result& out) {
  const Sampling s = sampling_of(call);
  const Shape in = spatial(call.input(0).shape());
  const Index channels = out.type.shape[1], points = count_from(out.type.shape, 2),
              in_size = element_count(in);
  const std::vector<double> grid = reals(call.input(1));
  const T* x = call.input(0).as<T>().data();
  T* y = out.as<T>().data();
  std::vector<std::vector<Weight>> weights(in.size());
  for (Index point = 0; point < out.type.shape[0] * points; ++point) {
    const double* coordinates = grid.data() + point * static_cast<Index>(in.size());  // the last axis first
    for (std::size_t a = 0; a < in.size(); ++a)
      weights[a] = weights_along(s, coordinates[in.size() - 1 - a], in[a]);
    const Index image = point / points;
    for (Index c = 0; c < channels; ++c)
      y[(image * channels + c) * points + point % points] =
          static_cast<T>(sample(x + (image * channels + c) * in_size, in, weights, 0, 0));
  }
}
void eval_grid_sample(const Call& call, std::span<const Result> out) {
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) { grid_sample<T>(call, out[0]); });
}

Types infer_affine_grid(const Call& call) {
  require_type<Floats>(call, 0);
  const auto size = integers(call, 1);
  if (!size) return std::nullopt;
  if (size->size() != 4 && size->size() != 5)
    call.fail("size is " + to_string(*size) + "; want 4 or 5 numbers");
  const Index axes = static_cast<Index>(size->size()) - 2;
  Shape out{(*size)[0]};
  out.insert(out.end(), size->begin() + 2, size->end());
  out.push_back(axes);
  require_size(call, {call.input(0).dtype(), out});
  require_shape(call, 0, {out[0], axes, axes + 1});
  return {{{call.input(0).dtype(), out}}};
}
double grid_line(Index i, Index size, bool align_corners) {
  const double n = static_cast<double>(size), p = static_cast<double>(i);
  if (!align_corners) return (2 * p + 1) / n - 1;
  return size == 1 ? -1 : 2 * p / (n - 1) - 1;
}
void eval_affine_grid(const Call& call, std::span<const Result> out) {
  const bool align_corners = call.node.int_attribute("align_corners", 0) != 0;
  const Index axes = out[0].type.shape.back();
  Shape positions(out[0].type.shape.begin(), out[0].type.shape.end() - 1);
  const std::vector<double> theta = reals(call.input(0));
  if (out[0].count() == 0) return;
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) {
    T* y = out[0].as<T>().data();
    Odometer at_point(positions);
    do
      for (Index row = 0; row < axes; ++row) {
        const double* t = theta.data() + (at_point.at[0] * axes + row) * (axes + 1);
        double sum = t[axes];
        for (Index c = 0; c < axes; ++c)  // x is the last axis
          sum += t[c] * grid_line(at_point.at[at(axes - c)], positions[at(axes - c)], align_corners);
        *y++ = static_cast<T>(sum);
      }
    while (at_point.next());
  });
}
}  // namespace
extern const Operator kGridSample{"GridSample", "", 16, 2, 2, infer_grid_sample, widened<eval_grid_sample>};
extern const Operator kAffineGrid{"AffineGrid", "", 20, 2, 2, infer_affine_grid, widened<eval_affine_grid>};
}  // namespace tulle::ops
