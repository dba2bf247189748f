#include "ops/widen.hpp"

#include <algorithm>

#include "ops/element.hpp"

namespace tulle::ops {
namespace {
using Halves = TypeList<Half, BFloat16>;

Tensor widen(const Argument& a) {
  Tensor wide(TensorType{DType::f32, a.shape()});
  Halves::visit(a.dtype(), [&]<class T>(T) {
    std::copy_n(a.as<T>().data(), a.count(), wide.as_mutable<float>().data());
  });
  return wide;
}
void narrow(const Tensor& wide, const Result& out) {
  Halves::visit(out.type.dtype, [&]<class T>(T) {
    T* to = out.as<T>().data();
    for (float x : wide.as<float>()) *to++ = T(x);
  });
}
}  // namespace

void eval_widened(const Call& call, std::span<const Result> results, Eval eval) {
  std::vector<Argument> inputs(call.inputs.begin(), call.inputs.end());
  std::vector<Tensor> wide_inputs, wide_outputs(results.size());
  for (Argument& a : inputs)
    if (a.present && Halves::contains(a.dtype())) {
      wide_inputs.push_back(widen(a));
      a = {true, wide_inputs.back().type(), wide_inputs.back().data()};
    }
  if (wide_inputs.empty()) return eval(call, results);
  std::vector<Result> outputs(results.begin(), results.end());
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (Halves::contains(outputs[i].type.dtype)) {
      wide_outputs[i] = Tensor(TensorType{DType::f32, outputs[i].type.shape});
      outputs[i] = {wide_outputs[i].type(), wide_outputs[i].mutable_data()};
    }
  eval({call.node, inputs}, outputs);
  for (std::size_t i = 0; i < results.size(); ++i)
    if (!wide_outputs[i].empty()) narrow(wide_outputs[i], results[i]);
}
}  // namespace tulle::ops
