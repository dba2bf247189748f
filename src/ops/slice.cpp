// Slice: attributes before opset 10, then inputs starts, ends, axes, steps.
#include <algorithm>

#include "ops/check.hpp"
#include "ops/list.hpp"
#include "ops/strided.hpp"

namespace tulle::ops {
namespace {
struct Cut {
  Index first = 0, count = 0, step = 1;
};
struct Ranges {
  std::vector<Index> starts, ends, axes, steps;
};

std::optional<Ranges> given_ranges(const Call& call) {
  Ranges r;
  if (call.version() < 10) {
    r.starts = call.node.ints_attribute("starts"), r.ends = call.node.ints_attribute("ends"),
    r.axes = call.node.ints_attribute("axes");
  } else {
    std::vector<Index>* const lists[] = {&r.starts, &r.ends, &r.axes, &r.steps};
    for (std::size_t i = 0; i < 4; ++i) {
      if (i >= 2 && !call.has(i + 1)) continue;
      auto values = integers(call, i + 1);
      if (!values) return std::nullopt;
      *lists[i] = std::move(*values);
    }
  }
  const std::size_t n = r.starts.size();
  if (r.axes.empty())
    for (std::size_t i = 0; i < n; ++i) r.axes.push_back(static_cast<Index>(i));
  if (r.steps.empty()) r.steps.assign(n, 1);
  if (r.ends.size() != n || r.axes.size() != n || r.steps.size() != n)
    call.fail("has " + std::to_string(n) + " starts, " + std::to_string(r.ends.size()) + " ends, " +
              std::to_string(r.axes.size()) + " axes, " + std::to_string(r.steps.size()) + " steps");
  return r;
}

/// Python's range: negative positions count from the end, all are clamped.
Cut cut(Index size, Index start, Index end, Index step) {
  const Index lowest = step > 0 ? 0 : -1, highest = step > 0 ? size : size - 1;
  const Index first = std::clamp(start < 0 ? start + size : start, step > 0 ? Index{0} : Index{-1}, highest);
  const Index last = std::clamp(end < 0 ? end + size : end, lowest, highest);
  const Index length = step > 0 ? last - first : first - last;
  if (length <= 0) return {0, 0, step};
  const auto stride = step > 0 ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
  return {first, static_cast<Index>((static_cast<std::uint64_t>(length) - 1) / stride) + 1, step};
}

/// One cut for each dimension; nullopt while the ranges are not known.
std::optional<std::vector<Cut>> cuts(const Call& call) {
  const auto ranges = given_ranges(call);
  if (!ranges) return std::nullopt;
  const Shape& shape = call.input(0).shape();
  std::vector<Cut> all;
  for (Index d : shape) all.push_back({0, d, 1});
  const std::vector<Index> axes = require_axes(call, ranges->axes, call.input(0).rank());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (ranges->steps[i] == 0) call.fail("step along axis " + std::to_string(axes[i]) + " is 0");
    all[at(axes[i])] = cut(shape[at(axes[i])], ranges->starts[i], ranges->ends[i], ranges->steps[i]);
  }
  return all;
}

Types infer_slice(const Call& call) {
  require_type<AnyType>(call, 0);
  const auto all = cuts(call);
  if (!all) return std::nullopt;
  Shape shape;
  for (const Cut& c : *all) shape.push_back(c.count);
  return {{{call.input(0).dtype(), shape}}};
}
void eval_slice(const Call& call, std::span<const Result> out) {
  const std::vector<Cut> all = *cuts(call);
  Strides strides = dense_strides(call.input(0).shape());
  Index start = 0;
  for (std::size_t d = 0; d < all.size(); ++d) {
    start += all[d].first * strides[d];
    strides[d] *= all[d].count > 1 ? all[d].step : 0;  // a step never taken may be as large as it likes
  }
  visit_size(out[0].type.dtype, [&]<class T>(T) {
    copy_strided(call.input(0).as<T>().data() + start, out[0].type.shape, strides, out[0].as<T>().data());
  });
}
}  // namespace

extern const Operator kSlice{"Slice", "", 1, 1, 5, infer_slice, eval_slice};
}  // namespace tulle::ops
