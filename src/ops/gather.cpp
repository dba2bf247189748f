// Gather, GatherElements, GatherND: elements of `data` (input 0) at positions that input 1 names.
#include <cstring>

#include "ops/check.hpp"
#include "ops/list.hpp"
#include "ops/strided.hpp"

namespace tulle::ops {
namespace {
Index axis_of(const Call& call) {
  return require_axis(call, call.node.int_attribute("axis", 0), call.input(0).rank());
}

Types infer_gather(const Call& call) {
  require_type<AnyType>(call, 0);
  require_type<IndexTypes>(call, 1);
  const Shape &data = call.input(0).shape(), &indices = call.input(1).shape();
  const auto axis = axis_of(call);
  Shape shape(data.begin(), data.begin() + axis);
  shape.insert(shape.end(), indices.begin(), indices.end());
  shape.insert(shape.end(), data.begin() + axis + 1, data.end());
  return {{require_size(call, {call.input(0).dtype(), shape})}};
}
void eval_gather(const Call& call, std::span<const Result> out) {
  if (call.input(1).count() == 0) return;
  const Argument& data = call.input(0);
  const Index axis = axis_of(call), size = data.shape()[at(axis)];
  const Index outer = product(data.shape(), 0, axis);
  const std::size_t row = at(product(data.shape(), axis + 1, data.rank())) * size_bytes(data.dtype());
  const auto* from = static_cast<const std::byte*>(data.data);
  auto* to = static_cast<std::byte*>(out[0].data);
  IndexTypes::visit(call.input(1).dtype(), [&]<class I>(I) {
    for (Index o = 0; o < outer; ++o)
      for (I index : call.input(1).as<I>()) {
        const std::size_t r = at(o * size + require_index(call, index, size));
        if (row) std::memcpy(to, from + r * row, row);
        to += row;
      }
  });
}

Types infer_gather_elements(const Call& call) {
  require_type<AnyType>(call, 0);
  require_type<IndexTypes>(call, 1);
  const Shape &data = call.input(0).shape(), &indices = call.input(1).shape();
  const Index axis = axis_of(call);
  bool fits = data.size() == indices.size();
  for (Index d = 0; fits && d < static_cast<Index>(data.size()); ++d)
    fits = d == axis || indices[at(d)] <= data[at(d)];
  if (!fits)
    call.fail("indices " + to_string(indices) + " do not fit in " + to_string(data) + " beside axis " +
              std::to_string(axis));
  return {{{call.input(0).dtype(), indices}}};
}
void eval_gather_elements(const Call& call, std::span<const Result> out) {
  const Shape& shape = call.input(1).shape();
  const Index axis = axis_of(call), size = call.input(0).shape()[at(axis)];
  Strides strides = dense_strides(call.input(0).shape());
  const Index along = strides[at(axis)];
  strides[at(axis)] = 0;
  const Nest<1> nest(shape, {strides});
  const Index step = nest.inner_steps()[0];
  visit_size(out[0].type.dtype, [&]<class T>(T) {
    IndexTypes::visit(call.input(1).dtype(), [&]<class I>(I) {
      nest.for_each_row([&](Index to, const std::array<Index, 1>& from) {
        const T* data = call.input(0).as<T>().data() + from[0];
        const I* index = call.input(1).as<I>().data() + to;
        for (Index i = 0; i < nest.inner_count(); ++i)
          out[0].as<T>().data()[to + i] = data[i * step + along * require_index(call, index[i], size)];
      });
    });
  });
}

Types infer_gather_nd(const Call& call) {
  require_type<AnyType>(call, 0);
  require_dtype(call, 1, DType::i64);
  const Shape &data = call.input(0).shape(), &indices = call.input(1).shape();
  const Index batch = call.version() >= 12 ? call.node.int_attribute("batch_dims", 0) : 0;
  const Index deep = indices.empty() ? 0 : indices.back(), rank = static_cast<Index>(data.size());
  bool fits = batch >= 0 && batch < static_cast<Index>(indices.size()) && deep >= 1 && deep <= rank - batch;
  for (Index d = 0; fits && d < batch; ++d) fits = data[at(d)] == indices[at(d)];
  if (!fits)
    call.fail("indices " + to_string(indices) + " do not fit data " + to_string(data) + " with batch_dims " +
              std::to_string(batch));
  Shape shape(indices.begin(), indices.end() - 1);
  shape.insert(shape.end(), data.begin() + batch + deep, data.end());
  return {{require_size(call, {call.input(0).dtype(), shape})}};
}
void eval_gather_nd(const Call& call, std::span<const Result> out) {
  const Argument &data = call.input(0), &indices = call.input(1);
  const Index batch = call.version() >= 12 ? call.node.int_attribute("batch_dims", 0) : 0;
  const Index deep = indices.shape().back(), batches = product(data.shape(), 0, batch);
  const Index tuples = product(indices.shape(), batch, indices.rank() - 1);
  const Index whole = product(data.shape(), batch, data.rank());
  const std::size_t row = at(product(data.shape(), batch + deep, data.rank())) * size_bytes(data.dtype());
  const Index* index = indices.as<Index>().data();
  auto* to = static_cast<std::byte*>(out[0].data);
  for (Index b = 0; b < batches; ++b)
    for (Index t = 0; t < tuples; ++t, index += deep, to += row) {
      Index position = 0;
      for (Index d = 0; d < deep; ++d) {
        const Index size = data.shape()[at(batch + d)];
        position = position * size + require_index(call, index[d], size);
      }
      const std::size_t start = at(b * whole) * size_bytes(data.dtype()) + at(position) * row;
      if (row) std::memcpy(to, static_cast<const std::byte*>(data.data) + start, row);
    }
}
}  // namespace

extern const Operator kGather{"Gather", "", 1, 2, 2, infer_gather, eval_gather};
extern const Operator kGatherElements{"GatherElements",    "", 11, 2, 2, infer_gather_elements,
                                      eval_gather_elements};
extern const Operator kGatherND{"GatherND", "", 11, 2, 2, infer_gather_nd, eval_gather_nd};
}  // namespace tulle::ops
