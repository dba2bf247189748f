// NonMaxSuppression (10, 11) and RoiAlign (10, 16, 22), the operators of object detectors.
#include <cmath>
#include <numeric>

#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
struct Box {
  double y1, x1, y2, x2;
  double area() const { return (y2 - y1) * (x2 - x1); }
};
/// Corners in any order, or centre and size (x, y, width, height).
Box box_at(const float* b, bool centered) {
  if (centered) return {b[1] - b[3] / 2.0, b[0] - b[2] / 2.0, b[1] + b[3] / 2.0, b[0] + b[2] / 2.0};
  return {std::min(b[0], b[2]), std::min(b[1], b[3]), std::max(b[0], b[2]), std::max(b[1], b[3])};
}
double intersection_over_union(const Box& a, const Box& b) {
  const double height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1),
               width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  if (height <= 0 || width <= 0) return 0;
  const double both = height * width, either = a.area() + b.area() - both;
  return either > 0 ? both / either : 0;
}

struct Limits {
  Index most = 0;
  double overlap = 0, score = -std::numeric_limits<double>::infinity();
};
/// Boxes of one image and class that stay: in falling order of score, none too close to one before.
std::vector<Index> kept(const std::vector<Box>& boxes, const float* scores, const Limits& limits) {
  std::vector<Index> order(boxes.size()), chosen;
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return scores[a] > scores[b]; });
  for (Index i : order) {
    if (static_cast<Index>(chosen.size()) >= limits.most) break;
    if (!(scores[i] > limits.score)) continue;
    const bool close = std::any_of(chosen.begin(), chosen.end(), [&](Index c) {
      return intersection_over_union(boxes[at(i)], boxes[at(c)]) > limits.overlap;
    });
    if (!close) chosen.push_back(i);
  }
  return chosen;
}

Limits limits_of(const Call& call) {
  Limits limits;
  if (call.has(2)) limits.most = std::max<Index>(0, *integer(call, 2));
  if (call.has(3)) limits.overlap = call.input(3).as<float>()[0];
  if (call.has(4)) limits.score = call.input(4).as<float>()[0];
  return limits;
}
/// Triples of image, class and box.
std::vector<Index> selected(const Call& call) {
  const Shape& scores = call.input(1).shape();
  const Index classes = scores[1], count = scores[2];
  const bool centered = call.node.int_attribute("center_point_box", 0) != 0;
  const Limits limits = limits_of(call);
  std::vector<Index> triples;
  for (Index image = 0; image < scores[0]; ++image) {
    std::vector<Box> boxes;
    for (Index i = 0; i < count; ++i)
      boxes.push_back(box_at(call.input(0).as<float>().data() + (image * count + i) * 4, centered));
    for (Index c = 0; c < classes; ++c)
      for (Index i : kept(boxes, call.input(1).as<float>().data() + (image * classes + c) * count, limits))
        triples.insert(triples.end(), {image, c, i});
  }
  return triples;
}

Types infer_nms(const Call& call) {
  require_dtype(call, 0, DType::f32);
  require_dtype(call, 1, DType::f32);
  require_rank(call, 1, 3, 3);
  require_shape(call, 0, {call.input(1).shape()[0], call.input(1).shape()[2], 4});
  bounded_attribute(call, "center_point_box", 0, 0, 1);
  for (std::size_t i = 2; i < 5; ++i) {
    if (!call.has(i)) continue;
    require_dtype(call, i, i == 2 ? DType::i64 : DType::f32);
    if (call.input(i).count() != 1) call.fail(describe(call, i) + " does not fit; want one value");
  }
  for (std::size_t i = 0; i < 5; ++i)
    if (call.has(i) && !call.input(i).data) return std::nullopt;
  return {{{DType::i64, {static_cast<Index>(selected(call).size()) / 3, 3}}}};
}
void eval_nms(const Call& call, std::span<const Result> out) {
  const std::vector<Index> triples = selected(call);
  std::copy(triples.begin(), triples.end(), out[0].as<Index>().data());
}

struct RoiShape {
  Index channels, height, width, out_height, out_width, samples;
};
RoiShape roi_shape(const Call& call) {
  const Shape& x = call.input(0).shape();
  constexpr Index kLargest = Index{1} << 24;
  return {x[1],
          x[2],
          x[3],
          bounded_attribute(call, "output_height", 1, 1, kLargest),
          bounded_attribute(call, "output_width", 1, 1, kLargest),
          bounded_attribute(call, "sampling_ratio", 0, 0, 4096)};
}
Types infer_roi_align(const Call& call) {
  require_floats(call, 0, 1);
  require_rank(call, 0, 4, 4);
  require_present(call, 1);
  require_dtype(call, 2, DType::i64);
  require_rank(call, 2, 1, 1);
  const Index rois = call.input(2).shape()[0];
  require_shape(call, 1, {rois, 4});
  chosen_attribute(call, "mode", "avg", {"avg", "max"});
  chosen_attribute(call, "coordinate_transformation_mode", "half_pixel", {"half_pixel", "output_half_pixel"});
  const RoiShape s = roi_shape(call);
  if (rois > 0 && s.height * s.width == 0)
    call.fail("has no elements to pool in " + to_string(call.input(0).shape()));
  return {{require_size(call, {call.input(0).dtype(), {rois, s.channels, s.out_height, s.out_width}})}};
}

/// Two neighbours along an axis and the weight of the second; `outside`: more than one element away.
struct Between {
  Index low, high;
  double weight;
  bool outside;
};
Between between(double x, Index size) {
  if (!(x >= -1 && x <= static_cast<double>(size))) return {0, 0, 0, true};
  x = std::max(x, 0.0);
  const Index low = static_cast<Index>(x);
  if (low >= size - 1) return {size - 1, size - 1, 0, false};
  return {low, low + 1, x - static_cast<double>(low), false};
}

/// Along one axis: where the bins of a region lie, and how many points of each are sampled.
struct Bins {
  double start, size;
  Index samples;
  double point(Index bin, Index sample) const {
    return start +
           (static_cast<double>(bin) + (static_cast<double>(sample) + 0.5) / static_cast<double>(samples)) *
               size;
  }
};
Bins bins_of(const Call& call, double start, double end, Index count, Index samples, bool half_pixel) {
  constexpr double kMostSamples = 4096;
  const double length = half_pixel ? end - start : std::max(end - start, 1.0);
  const double size = length / static_cast<double>(count);
  if (samples == 0 && !(std::ceil(size) <= kMostSamples))
    call.fail("a region of " + std::to_string(length) + " elements is too large");
  return {start, size, samples ? samples : std::max<Index>(0, static_cast<Index>(std::ceil(size)))};
}

/// One value: the mean of bilinear samples, or the largest weighted corner of them.
template <class T>
double pool_bin(const T* plane, Index width, const std::vector<Between>& ys, const std::vector<Between>& xs,
                bool largest) {
  double sum = 0, most = 0;
  bool first = true;
  for (const Between& y : ys)
    for (const Between& x : xs) {
      const bool outside = y.outside || x.outside;
      const double corners[] = {plane[y.low * width + x.low] * (1 - y.weight) * (1 - x.weight),
                                plane[y.low * width + x.high] * (1 - y.weight) * x.weight,
                                plane[y.high * width + x.low] * y.weight * (1 - x.weight),
                                plane[y.high * width + x.high] * y.weight * x.weight};
      for (double c : corners) {
        const double value = outside ? 0 : c;
        sum += value;
        most = first ? value : std::max(most, value);
        first = false;
      }
    }
  if (largest) return most;
  return sum / static_cast<double>(std::max<std::size_t>(1, ys.size() * xs.size()));
}
std::vector<Between> points_of(const Bins& bins, Index bin, Index size) {
  std::vector<Between> points;
  for (Index i = 0; i < bins.samples; ++i) points.push_back(between(bins.point(bin, i), size));
  return points;
}

template <class T>
void roi_align(const Call& call, const Result& out) {
  const RoiShape s = roi_shape(call);
  const double scale = call.node.float_attribute("spatial_scale", 1);
  const bool largest = call.node.string_attribute("mode", "avg") == "max";
  const bool half_pixel = call.version() >= 16 && call.node.string_attribute("coordinate_transformation_mode",
                                                                             "half_pixel") == "half_pixel";
  const double shift = half_pixel ? 0.5 : 0;
  T* y = out.as<T>().data();
  for (Index r = 0; r < out.type.shape[0]; ++r) {
    const T* roi = call.input(1).as<T>().data() + r * 4;
    const Index image = call.input(2).as<Index>()[at(r)];
    if (image < 0 || image >= call.input(0).shape()[0])
      call.fail("batch index " + std::to_string(image) + " is outside " +
                std::to_string(call.input(0).shape()[0]) + " images");
    const Bins columns =
        bins_of(call, roi[0] * scale - shift, roi[2] * scale - shift, s.out_width, s.samples, half_pixel);
    const Bins rows =
        bins_of(call, roi[1] * scale - shift, roi[3] * scale - shift, s.out_height, s.samples, half_pixel);
    for (Index c = 0; c < s.channels; ++c) {
      const T* plane = call.input(0).as<T>().data() + (image * s.channels + c) * s.height * s.width;
      for (Index i = 0; i < s.out_height; ++i)
        for (Index j = 0; j < s.out_width; ++j)
          *y++ = static_cast<T>(pool_bin(plane, s.width, points_of(rows, i, s.height),
                                         points_of(columns, j, s.width), largest));
    }
  }
}
void eval_roi_align(const Call& call, std::span<const Result> out) {
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) { roi_align<T>(call, out[0]); });
}
}  // namespace
extern const Operator kNonMaxSuppression{"NonMaxSuppression", "", 10, 2, 5, infer_nms, eval_nms};
extern const Operator kRoiAlign{"RoiAlign", "", 10, 3, 3, infer_roi_align, widened<eval_roi_align>};
}  // namespace tulle::ops
