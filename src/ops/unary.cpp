#include "ops/list.hpp"
namespace tulle::ops {
namespace {
Types infer_same(const Call& call) { return {{call.input(0).type}}; }
void eval_relu(const Call& call, std::span<const Result> out) {
  const auto x = call.input(0).as<float>();
  const auto y = out[0].as<float>();
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] > 0 ? x[i] : 0;
}
}  // namespace
extern const Operator kRelu{"Relu", "", 1, 1, 1, infer_same, eval_relu};
}  // namespace tulle::ops
