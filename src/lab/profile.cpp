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
  result.slices = static_cast<double>(p.shares_slices(threads) ? p.slices / threads : p.slices);
  std::vector<const void*> in;
  for (const TensorInfo& info : model.inputs())
    for (const auto& [name, tensor] : inputs)
      if (name == info.name) in.push_back(tensor.data());
  std::vector<Tensor> made;
  std::vector<void*> out;
  for (const TensorType& type : p.output_types) out.push_back(made.emplace_back(type).mutable_data());
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
  const std::vector<NamedInput> named = views(inputs);
  Session::Impl& impl = session.impl();
  return *impl.get(Session::Impl::Ordered(impl.model, named)).entry->prepared;
}
}  // namespace tulle::lab
