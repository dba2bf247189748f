// ScatterElements, ScatterND: a copy of `data` (input 0) in which `updates` (2) stand at the positions of
// input 1.
#include <algorithm>
#include <cstring>
#include <utility>

#include "ops/check.hpp"
#include "ops/list.hpp"
#include "ops/strided.hpp"

namespace tulle::ops {
namespace {
enum class Reduction { none, add, mul, max, min };

Reduction reduction_of(const Call& call) {
  constexpr std::string_view kNames[] = {"none", "add", "mul", "max", "min"};
  const std::string given = call.node.string_attribute("reduction", "none");
  const auto found = std::ranges::find(kNames, given);
  if (found == std::end(kNames))
    call.fail("attribute 'reduction' is '" + given + "'; want none, add, mul, max or min");
  return static_cast<Reduction>(found - std::begin(kNames));
}
template <class T>
T merged(Reduction reduction, T old, T update) {
  const auto a = static_cast<Compute<T>>(old), b = static_cast<Compute<T>>(update);
  switch (reduction) {
    case Reduction::add:
      return static_cast<T>(wrapping(a) + wrapping(b));
    case Reduction::mul:
      return static_cast<T>(wrapping(a) * wrapping(b));
    case Reduction::max:
      return b > a ? update : old;
    case Reduction::min:
      return b < a ? update : old;
    default:
      return update;
  }
}
void copy_data(const Call& call, const Result& out) {
  const std::size_t bytes = at(out.count()) * size_bytes(out.type.dtype);
  if (bytes) std::memcpy(out.data, call.input(0).data, bytes);
}
void require_updates(const Call& call, const Shape& want) {
  require_type<AnyType>(call, 0);
  require_dtype(call, 2, call.input(0).dtype());
  reduction_of(call);
  if (call.input(2).shape() != want)
    call.fail("updates are " + to_string(call.input(2).shape()) + "; want " + to_string(want));
}
Index axis_of(const Call& call) {
  return require_axis(call, call.node.int_attribute("axis", 0), call.input(0).rank());
}

Types infer_scatter_elements(const Call& call) {
  require_type<IndexTypes>(call, 1);
  require_updates(call, call.input(1).shape());
  const Shape &data = call.input(0).shape(), &indices = call.input(1).shape();
  const Index axis = axis_of(call);
  bool fits = data.size() == indices.size();
  for (Index d = 0; fits && d < call.input(0).rank(); ++d) fits = d == axis || indices[at(d)] <= data[at(d)];
  if (!fits)
    call.fail("indices " + to_string(indices) + " do not fit in " + to_string(data) + " beside axis " +
              std::to_string(axis));
  return {{call.input(0).type}};
}
void eval_scatter_elements(const Call& call, std::span<const Result> out) {
  copy_data(call, out[0]);
  const Index axis = axis_of(call), size = call.input(0).shape()[at(axis)];
  const Reduction reduction = reduction_of(call);
  Strides strides = dense_strides(call.input(0).shape());
  const Index along = std::exchange(strides[at(axis)], 0);
  const Nest<1> nest(call.input(1).shape(), {strides});
  const Index step = nest.inner_steps()[0];
  AnyType::visit(out[0].type.dtype, [&]<class T>(T) {
    IndexTypes::visit(call.input(1).dtype(), [&]<class I>(I) {
      nest.for_each_row([&](Index from, const std::array<Index, 1>& to) {
        for (Index i = 0; i < nest.inner_count(); ++i) {
          const Index index = require_index(call, call.input(1).as<I>().data()[from + i], size);
          T& target = out[0].as<T>().data()[to[0] + i * step + index * along];
          target = merged(reduction, target, call.input(2).as<T>().data()[from + i]);
        }
      });
    });
  });
}

Types infer_scatter_nd(const Call& call) {
  require_dtype(call, 1, DType::i64);
  const Shape &data = call.input(0).shape(), &indices = call.input(1).shape();
  const Index deep = indices.empty() ? 0 : indices.back();
  if (deep < 1 || deep > call.input(0).rank())
    call.fail("indices " + to_string(indices) + " do not fit data " + to_string(data));
  Shape updates(indices.begin(), indices.end() - 1);
  updates.insert(updates.end(), data.begin() + deep, data.end());
  require_updates(call, updates);
  return {{call.input(0).type}};
}
void eval_scatter_nd(const Call& call, std::span<const Result> out) {
  copy_data(call, out[0]);
  const Argument &data = call.input(0), &indices = call.input(1);
  const Index deep = indices.shape().back(), row = product(data.shape(), deep, data.rank());
  const Index tuples = product(indices.shape(), 0, indices.rank() - 1);
  const Reduction reduction = reduction_of(call);
  AnyType::visit(out[0].type.dtype, [&]<class T>(T) {
    const Index* index = indices.as<Index>().data();
    const T* update = call.input(2).as<T>().data();
    for (Index t = 0; t < tuples; ++t, index += deep, update += row) {
      Index position = 0;
      for (Index d = 0; d < deep; ++d)
        position = position * data.shape()[at(d)] + require_index(call, index[d], data.shape()[at(d)]);
      T* target = out[0].as<T>().data() + position * row;
      for (Index i = 0; i < row; ++i) target[i] = merged(reduction, target[i], update[i]);
    }
  });
}
/// TensorScatter: rows of `update` go into the cache from the sequence's write index on.
Index cache_axis(const Call& call) {
  const Index axis = require_axis(call, call.node.int_attribute("axis", -2), call.input(0).rank());
  if (axis == 0) call.fail("writes along axis 0, which is the batch");
  return axis;
}
Types infer_tensor_scatter(const Call& call) {
  require_type<AnyType>(call, 0);
  require_dtype(call, 1, call.input(0).dtype());
  const Index axis = cache_axis(call);
  Shape beside = call.input(1).shape();
  const Index length = call.input(1).rank() == call.input(0).rank()
                           ? std::exchange(beside[at(axis)], call.input(0).shape()[at(axis)])
                           : 0;
  if (beside != call.input(0).shape() || length > beside[at(axis)])
    call.fail("update " + to_string(call.input(1).shape()) + " does not fit in " +
              to_string(call.input(0).shape()) + " along axis " + std::to_string(axis));
  if (call.has(2)) require_dtype(call, 2, DType::i64);
  if (call.has(2) && call.input(2).shape() != Shape{beside[0]})
    call.fail("has write indices of shape " + to_string(call.input(2).shape()) + " for " +
              std::to_string(beside[0]) + " sequences");
  const std::string mode = call.node.string_attribute("mode", "linear");
  if (mode != "linear" && mode != "circular")
    call.fail("attribute 'mode' is '" + mode + "'; want linear or circular");
  return {{call.input(0).type}};
}
void eval_tensor_scatter(const Call& call, std::span<const Result> out) {
  copy_data(call, out[0]);
  const Shape& cache = call.input(0).shape();
  const Index axis = cache_axis(call), size = cache[at(axis)], length = call.input(1).shape()[at(axis)];
  const bool circular = call.node.string_attribute("mode", "linear") == "circular";
  const Index lanes = product(cache, 0, axis), each = product(cache, 1, axis);
  const std::size_t row =
      at(product(cache, axis + 1, call.input(0).rank())) * size_bytes(call.input(0).dtype());
  if (row == 0 || length == 0) return;
  const auto* from = static_cast<const std::byte*>(call.input(1).data);
  for (Index lane = 0; lane < lanes; ++lane) {
    const Index first = call.has(2) ? call.input(2).as<Index>()[at(lane / each)] : 0;
    if (first < 0 || (!circular && first > size - length))
      call.fail("writes " + std::to_string(length) + " rows from " + std::to_string(first) + " into " +
                std::to_string(size));
    for (Index i = 0; i < length; ++i, from += row)
      std::memcpy(static_cast<std::byte*>(out[0].data) + at(lane * size + (first % size + i) % size) * row,
                  from, row);
  }
}
}  // namespace

extern const Operator kScatter{"Scatter", "", 9, 3, 3, infer_scatter_elements, eval_scatter_elements};
extern const Operator kScatterElements{"ScatterElements",    "", 11, 3, 3, infer_scatter_elements,
                                       eval_scatter_elements};
extern const Operator kScatterND{"ScatterND", "", 11, 3, 3, infer_scatter_nd, eval_scatter_nd};
extern const Operator kTensorScatter{"TensorScatter",    "", 24, 2, 3, infer_tensor_scatter,
                                     eval_tensor_scatter};
}  // namespace tulle::ops
