// Pad: pads and value are attributes before opset 11, then inputs; axes come with 18, wrap with 19.
#include <algorithm>
#include <numeric>

#include "ops/check.hpp"
#include "ops/list.hpp"
#include "ops/strided.hpp"

namespace tulle::ops {
namespace {
struct Margins {
  Index before = 0, after = 0;  ///< negative ones crop
};

/// One pair for each dimension; nullopt while pads or axes are not known.
std::optional<std::vector<Margins>> margins(const Call& call) {
  const bool inputs = call.version() >= 11;
  const auto pads = inputs ? integers(call, 1) : std::optional(call.node.ints_attribute("pads"));
  std::optional<std::vector<Index>> axes(std::in_place);
  if (call.has(3))
    axes = integers(call, 3);
  else
    for (Index d = 0; d < call.input(0).rank(); ++d) axes->push_back(d);
  if (!pads || !axes) return std::nullopt;
  axes = require_axes(call, *axes, call.input(0).rank());
  if (pads->size() != 2 * axes->size())
    call.fail("has " + std::to_string(pads->size()) + " pads for " + std::to_string(axes->size()) +
              " axes; want two each");
  std::vector<Margins> all(at(call.input(0).rank()));
  for (std::size_t i = 0; i < axes->size(); ++i)
    all[at((*axes)[i])] = {(*pads)[i], (*pads)[axes->size() + i]};
  return all;
}

Types infer_pad(const Call& call) {
  require_type<AnyType>(call, 0);
  const std::string mode = call.node.string_attribute("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && !(mode == "wrap" && call.version() >= 19))
    call.fail("attribute 'mode' is '" + mode + "'; want constant, reflect, edge or (from opset 19) wrap");
  if (call.version() >= 11 && call.has(2)) {
    require_dtype(call, 2, call.input(0).dtype());
    if (call.input(2).count() != 1)
      call.fail("has a value of shape " + to_string(call.input(2).shape()) + "; want a scalar");
  }
  const auto all = margins(call);
  if (!all) return std::nullopt;
  TensorType type = call.input(0).type;
  for (std::size_t d = 0; d < all->size(); ++d) {
    const Index size = type.shape[d],
                wide = checked_add(checked_add(size, (*all)[d].before, "Pad"), (*all)[d].after, "Pad");
    if (wide < 0 || (size == 0 && wide > 0 && mode != "constant"))
      call.fail("pads dimension " + std::to_string(d) + " of " + to_string(call.input(0).shape()) + " to " +
                std::to_string(wide) + " by " + mode);
    type.shape[d] = wide;
  }
  return {{require_size(call, std::move(type))}};
}

Index modulo(Index i, Index n) {
  return (i % n + n) % n;
}
/// The position in the input, of `size`, that stands at position i of it, which may lie outside; -1: the
/// value.
Index source(const std::string& mode, Index i, Index size) {
  if (i >= 0 && i < size) return i;
  if (mode == "edge") return i < 0 ? 0 : size - 1;
  if (mode == "wrap") return modulo(i, size);
  if (mode == "constant") return -1;
  if (size == 1) return 0;
  const Index folded = modulo(i, 2 * (size - 1));  // reflect: up and down again, the ends once
  return folded < size ? folded : 2 * (size - 1) - folded;
}
/// For each position of each output dimension its source.
std::vector<std::vector<Index>> sources(const Shape& in, const Shape& out, const std::vector<Margins>& all,
                                        const std::string& mode) {
  std::vector<std::vector<Index>> table(out.size());
  for (std::size_t d = 0; d < out.size(); ++d)
    for (Index i = 0; i < out[d]; ++i) table[d].push_back(source(mode, i - all[d].before, in[d]));
  return table;
}

template <class T>
T pad_value(const Call& call) {
  if (call.version() >= 11) return call.has(2) ? call.input(2).as<T>()[0] : T{};
  return converted<T>(call.node.float_attribute("value", 0));
}
template <class T>
struct Padding {
  const T* in;
  T* out;
  Strides strides;
  std::vector<std::vector<Index>> table;
  T value;
  /// Fills what dimension d spans at `base` of the input (-1: all value), and moves `out` past it.
  void fill(std::size_t d, Index base) {
    if (d == table.size())
      *out++ = base < 0 ? value : in[base];
    else if (d + 1 == table.size() && base >= 0)
      for (Index s : table[d]) *out++ = s < 0 ? value : in[base + s];
    else
      for (Index s : table[d]) fill(d + 1, base < 0 || s < 0 ? -1 : base + s * strides[d]);
  }
};
template <class T>
void pad(const Argument& x, const Result& y, const std::vector<Margins>& all, const std::string& mode,
         T value) {
  if (y.count() == 0) return;
  Padding<T> padding{x.as<T>().data(), y.as<T>().data(), dense_strides(x.shape()),
                     sources(x.shape(), y.type.shape, all, mode), value};
  padding.fill(0, 0);
}
void eval_pad(const Call& call, std::span<const Result> out) {
  AnyType::visit(out[0].type.dtype, [&]<class T>(T) {
    pad<T>(call.input(0), out[0], *margins(call), call.node.string_attribute("mode", "constant"),
           pad_value<T>(call));
  });
}

/// The axes of CenterCropPad, all when absent.
std::vector<Index> crop_axes(const Call& call) {
  std::vector<Index> all(at(call.input(0).rank()));
  std::iota(all.begin(), all.end(), Index{0});
  return require_axes(call, call.node.ints_attribute("axes", std::move(all)), call.input(0).rank());
}
Types infer_center_crop_pad(const Call& call) {
  require_type<AnyType>(call, 0);
  const std::vector<Index> axes = crop_axes(call);
  const auto sizes = integers(call, 1);
  if (!sizes) return std::nullopt;
  if (sizes->size() != axes.size())
    call.fail("has " + std::to_string(sizes->size()) + " sizes for " + std::to_string(axes.size()) + " axes");
  TensorType type = call.input(0).type;
  for (std::size_t i = 0; i < axes.size(); ++i) type.shape[at(axes[i])] = (*sizes)[i];
  return {{require_size(call, std::move(type))}};
}
void eval_center_crop_pad(const Call& call, std::span<const Result> out) {
  std::vector<Margins> all;
  for (std::size_t d = 0; d < out[0].type.shape.size(); ++d) {
    const Index more = out[0].type.shape[d] - call.input(0).shape()[d];
    all.push_back({more / 2, more - more / 2});  // toward zero: an odd one goes to the right
  }
  visit_size(out[0].type.dtype, [&]<class T>(T) { pad<T>(call.input(0), out[0], all, "constant", T(0)); });
}
}  // namespace

extern const Operator kCenterCropPad{"CenterCropPad",     "", 18, 2, 2, infer_center_crop_pad,
                                     eval_center_crop_pad};
extern const Operator kPad{"Pad", "", 2, 1, 4, infer_pad, eval_pad};
}  // namespace tulle::ops
