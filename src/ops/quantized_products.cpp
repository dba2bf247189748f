// MatMulInteger-10, ConvInteger-10, QLinearMatMul (10, 21) and QLinearConv-10: exact integer sums of values
// less their zero points; the QLinear ones scale and round the sums.
#include "ops/broadcast.hpp"
#include "ops/convolve.hpp"
#include "ops/list.hpp"
#include "ops/quantize.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
using Bytes8 = TypeList<std::int8_t, std::uint8_t>;

/// Shape of a scale or zero point beside its matrix: one for each row of A comes as a list, but runs down a
/// column.
Shape beside(const Argument& a, bool rows) {
  return rows && a.rank() == 1 && a.shape()[0] != 1 ? Shape{a.shape()[0], 1} : a.shape();
}
void require_beside(const Call& call, std::size_t input, bool rows, const Shape& matrix) {
  if (!call.has(input)) return;
  const Shape shape = beside(call.input(input), rows);
  const bool single = call.input(input).count() == 1;
  if (!single && (shape.size() > matrix.size() || broadcast_shape(call, shape, matrix) != matrix))
    call.fail(describe(call, input) + " does not go with " + to_string(matrix));
}
/// For each element of the matrix the position of its scale or zero point.
std::vector<Index> beside_index(const Argument& a, bool rows, const Shape& matrix) {
  if (a.count() == 1) return std::vector<Index>(at(element_count(matrix)), 0);
  return broadcast_index(beside(a, rows), matrix);
}

std::vector<std::int32_t> centered(const Call& call, std::size_t input, std::size_t zero_input, bool rows) {
  std::vector<std::int32_t> values = widened_integers(call.input(input));
  if (!call.has(zero_input)) return values;
  const std::vector<std::int32_t> zero = widened_integers(call.input(zero_input));
  const std::vector<Index> index = beside_index(call.input(zero_input), rows, call.input(input).shape());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] -= zero[at(index[i])];
  return values;
}

/// emit(position in the output, sum)
template <class Emit>
void integer_matmul(const MatmulShape& s, const std::vector<std::int32_t>& a,
                    const std::vector<std::int32_t>& b, const Emit& emit) {
  for (std::size_t batch = 0; batch < s.a_batch.size(); ++batch)
    multiply(a.data() + s.a_batch[batch] * s.m * s.k, b.data() + s.b_batch[batch] * s.k * s.n, s.m, s.k, s.n,
             [&](Index i, const std::uint64_t* sums) {
               for (Index j = 0; j < s.n; ++j)
                 emit((static_cast<Index>(batch) * s.m + i) * s.n + j, static_cast<std::int64_t>(sums[j]));
             });
}

Types infer_matmul_integer(const Call& call) {
  for (std::size_t i = 0; i < 2; ++i) {
    require_type<Bytes8>(call, i);
    if (call.has(i + 2)) require_dtype(call, i + 2, call.input(i).dtype());
    require_beside(call, i + 2, i == 0, call.input(i).shape());
  }
  return {{require_size(call,
                        {DType::i32, matmul_shape(call, call.input(0).shape(), call.input(1).shape()).out})}};
}
void eval_matmul_integer(const Call& call, std::span<const Result> out) {
  const MatmulShape s = matmul_shape(call, call.input(0).shape(), call.input(1).shape());
  std::int32_t* y = out[0].as<std::int32_t>().data();
  integer_matmul(s, centered(call, 0, 2, true), centered(call, 1, 3, false),
                 [&](Index i, std::int64_t sum) { y[i] = static_cast<std::int32_t>(sum); });
}

// Inputs: a, its scale and zero point, b, its scale and zero point, y's scale and zero point.
Types infer_qlinear_matmul(const Call& call) {
  for (std::size_t i : {0u, 3u, 6u}) {
    if (i < 6) require_type<Bytes8>(call, i);
    require_type<Floats>(call, i < 6 ? i + 1 : i);
    if (i < 6) require_dtype(call, i + 2, call.input(i).dtype());
  }
  require_type<Bytes8>(call, 7);
  const MatmulShape s = matmul_shape(call, call.input(0).shape(), call.input(3).shape());
  require_beside(call, 2, true, call.input(0).shape());
  require_beside(call, 5, false, call.input(3).shape());
  for (std::size_t i : {1u, 4u, 6u, 7u}) require_beside(call, i, i != 4, s.out);
  return {{require_size(call, {call.input(7).dtype(), s.out})}};
}
void eval_qlinear_matmul(const Call& call, std::span<const Result> out) {
  const MatmulShape s = matmul_shape(call, call.input(0).shape(), call.input(3).shape());
  const std::vector<double> a = reals(call.input(1)), b = reals(call.input(4)), y = reals(call.input(6));
  const std::vector<Index> a_at = beside_index(call.input(1), true, s.out),
                           b_at = beside_index(call.input(4), false, s.out),
                           y_at = beside_index(call.input(6), true, s.out),
                           zero_at = beside_index(call.input(7), true, s.out);
  const std::vector<std::int32_t> zero = widened_integers(call.input(7));
  Bytes8::visit(out[0].type.dtype, [&]<class T>(T) {
    T* to = out[0].as<T>().data();
    integer_matmul(
        s, centered(call, 0, 2, true), centered(call, 3, 5, false), [&](Index i, std::int64_t sum) {
          const std::size_t e = at(i);
          const double scale = a[at(a_at[e])] * b[at(b_at[e])] / y[at(y_at[e])];
          to[i] = saturated<T>(std::nearbyint(static_cast<double>(sum) * scale) + zero[at(zero_at[e])]);
        });
  });
}

/// One value for all, or one for each output channel.
void require_per_channel(const Call& call, std::size_t input, Index channels) {
  if (call.has(input) && call.input(input).count() != 1) require_shape(call, input, {channels});
}
/// W less its zero points; these are one for all or one for each output channel.
std::vector<std::int32_t> centered_weights(const Call& call, std::size_t input, std::size_t zero_input) {
  std::vector<std::int32_t> w = widened_integers(call.input(input));
  const std::vector<std::int32_t> zero =
      call.has(zero_input) ? widened_integers(call.input(zero_input)) : std::vector<std::int32_t>{0};
  const std::size_t each = at(count_from(call.input(input).shape(), 1));
  for (std::size_t i = 0; i < w.size(); ++i) w[i] -= zero[zero.size() == 1 ? 0 : i / each];
  return w;
}

void require_one(const Call& call, std::size_t input) {
  if (call.has(input) && call.input(input).count() != 1)
    call.fail(describe(call, input) + " does not fit; want one value");
}
Types infer_conv_integer(const Call& call) {
  for (std::size_t i = 0; i < 2; ++i) {
    require_type<Bytes8>(call, i);
    if (call.has(i + 2)) require_dtype(call, i + 2, call.input(i).dtype());
  }
  const Convolution conv = convolution(call, call.input(0), call.input(1));
  require_one(call, 2);
  require_per_channel(call, 3, conv.groups * conv.m);
  return {{{DType::i32, output_shape(conv)}}};
}
void eval_conv_integer(const Call& call, std::span<const Result> out) {
  Convolution conv = convolution(call, call.input(0), call.input(1));
  conv.taps = Taps(conv.window);
  std::int32_t* y = out[0].as<std::int32_t>().data();
  convolve<std::int64_t>(conv, centered(call, 0, 2, false).data(), centered_weights(call, 1, 3).data(),
                         [&](Index, Index, const std::int64_t* sums) {
                           for (Index i = 0; i < conv.out_size; ++i)
                             *y++ = static_cast<std::int32_t>(sums[i]);
                         });
}

// Inputs: x, its scale and zero point, w, its scale and zero point, y's scale and zero point, bias.
Types infer_qlinear_conv(const Call& call) {
  for (std::size_t i : {0u, 3u}) {
    require_type<Bytes8>(call, i);
    require_dtype(call, i + 1, DType::f32);
    require_dtype(call, i + 2, call.input(i).dtype());
  }
  require_dtype(call, 6, DType::f32);
  require_type<Bytes8>(call, 7);
  const Convolution conv = convolution(call, call.input(0), call.input(3));
  for (std::size_t i : {1u, 2u, 6u, 7u}) require_one(call, i);
  for (std::size_t i : {4u, 5u}) require_per_channel(call, i, conv.groups * conv.m);
  if (call.has(8)) require_dtype(call, 8, DType::i32);
  require_shape(call, 8, {conv.groups * conv.m});
  return {{{call.input(7).dtype(), output_shape(conv)}}};
}
void eval_qlinear_conv(const Call& call, std::span<const Result> out) {
  Convolution conv = convolution(call, call.input(0), call.input(3));
  conv.taps = Taps(conv.window);
  const std::vector<double> w_scale = reals(call.input(4));
  const double x_scale = reals(call.input(1))[0], y_scale = reals(call.input(6))[0];
  const std::int32_t zero = widened_integers(call.input(7))[0];
  const std::int32_t* bias = call.has(8) ? call.input(8).as<std::int32_t>().data() : nullptr;
  Bytes8::visit(out[0].type.dtype, [&]<class T>(T) {
    T* y = out[0].as<T>().data();
    convolve<std::int64_t>(
        conv, centered(call, 0, 2, false).data(), centered_weights(call, 3, 5).data(),
        [&](Index, Index channel, const std::int64_t* sums) {
          const double scale = x_scale * w_scale[w_scale.size() == 1 ? 0 : at(channel)] / y_scale;
          for (Index i = 0; i < conv.out_size; ++i)
            *y++ = saturated<T>(
                std::nearbyint(static_cast<double>(sums[i] + (bias ? bias[channel] : 0)) * scale) + zero);
        });
  });
}
}  // namespace
extern const Operator kMatMulInteger{"MatMulInteger",    "", 10, 2, 4, infer_matmul_integer,
                                     eval_matmul_integer};
extern const Operator kConvInteger{"ConvInteger", "", 10, 2, 4, infer_conv_integer, eval_conv_integer};
extern const Operator kQLinearMatMul{"QLinearMatMul",    "", 10, 8, 8, infer_qlinear_matmul,
                                     eval_qlinear_matmul};
extern const Operator kQLinearConv{"QLinearConv", "", 10, 8, 9, infer_qlinear_conv, eval_qlinear_conv};
}  // namespace tulle::ops
