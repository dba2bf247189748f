#include "lab/profile.hpp"
#include <algorithm>
#include "runtime/session.hpp"

namespace tulle::lab {
Latencies latencies(std::vector<double> ms) {
  std::sort(ms.begin(), ms.end());
  const auto at = [&](double quantile) {
    return ms[std::min(ms.size() - 1, static_cast<std::size_t>(quantile * static_cast<double>(ms.size())))];
  };
  Latencies l;
  if (!ms.empty()) l = {ms.front(), at(0.5), at(0.9), at(0.99), {}};
  l.all = std::move(ms);
  return l;
}

Profile profile(const runtime::Prepared& p, const Model& model, const Inputs& inputs, int threads, int runs) {
  Profile result;
  if (!p.plan) return result;
  std::vector<TensorView> in;
  for (const TensorInfo& info : model.inputs())
    for (const auto& [name, tensor] : inputs)
      if (name == info.name) in.push_back(tensor.view());
  std::vector<Tensor> made;
  std::vector<MutableTensorView> out;
  for (const TensorType& type : p.output_types) {
    made.emplace_back(type);
    out.push_back({type, made.back().mutable_data()});
  }
  p.run(in, out, threads);
  for (int i = 0; i < runs; ++i) {
    std::vector<double> us(p.plan->steps.size(), 0);
    p.run(in, out, threads, us.data());
    if (result.step_us.empty()) result.step_us = us;
    for (std::size_t s = 0; s < us.size(); ++s) result.step_us[s] = std::min(result.step_us[s], us[s]);
  }
  result.layer_us.assign(p.plan->layers.size(), 0);
  for (std::size_t s = 0; s < result.step_us.size(); ++s)
    result.layer_us[static_cast<std::size_t>(p.plan->steps[s].layer)] += result.step_us[s];
  return result;
}

const runtime::Prepared& prepared(Session& session, const Inputs& inputs) {
  runtime::Shapes shapes;
  for (const auto& [name, tensor] : inputs) shapes[name] = tensor.shape();
  return *session.impl().get(shapes).entry->prepared;
}
}  // namespace tulle::lab
