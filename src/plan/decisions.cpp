#include "plan/decisions.hpp"
#include <chrono>
#include "core/cpu.hpp"
#include "plan/cache.hpp"

namespace tulle::plan {
namespace {
std::size_t weight_bytes(const graph::Graph& g) {
  std::size_t bytes = 0;
  for (const graph::Value& v : g.values) bytes += v.constant.empty() ? 0 : v.constant.size_bytes();
  return bytes;
}

// A model whose weights exceed the L2 cache finds each layer's gone when its turn comes again.
choice::Effort effort(const graph::Graph& g) {
  return {.cold = weight_bytes(g) > static_cast<std::size_t>(cpu_info().l2_bytes)};
}
}  // namespace

Decisions::Decisions(const graph::Graph& g, const Options& options) : options_(options), contest_(effort(g)) {
  if (options.cache.empty()) return;
  file_ = cache_file(options, g);
  load();
}

void Decisions::load() {
  verdicts_ = load_verdicts(file_);
  loaded_ = !verdicts_.empty();
}

void Decisions::save(const Plan& plan) const {
  if (!file_.empty() && !verdicts_.empty()) save_verdicts(file_, verdicts_, plan);
}

float* Decisions::scratch(int which, Index count) {
  Buffer<float>& buffer = scratch_[which];
  if (static_cast<Index>(buffer.size()) < count) {
    buffer = Buffer<float>(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < buffer.size(); ++i) buffer[i] = 0.01f * static_cast<float>(i % 64) - 0.3f;
  }
  return buffer.data();
}

Decisions::Winner Decisions::contest(const std::string& key, const std::vector<Contender>& contenders, Layer& layer) {
  Winner winner{contenders.size(), nullptr};
  auto known = verdicts_.find(key);
  if (known != verdicts_.end()) {
    for (std::size_t i = 0; i < contenders.size(); ++i)
      if (contenders[i].kernel == known->second.kernel && !contenders[i].refusal) winner.index = i;
  }
  if (winner.index < contenders.size()) {
    winner.runnable = contenders[winner.index].prepare();
  } else {
    const auto start = std::chrono::steady_clock::now();
    const bool trust_models = spent_ms_ >= options_.budget_ms;
    Verdict verdict = trust_models ? choice::Contest::trust_models(contenders, winner) : contest_.hold(contenders, winner);
    known = verdicts_.insert_or_assign(key, std::move(verdict)).first;
    spent_ms_ += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }
  if (!winner.runnable) throw Error("layer '" + layer.name + "'", "no kernel accepts it; the reference must");
  const Verdict& v = known->second;
  layer.kernel = v.kernel;
  layer.time_us = v.time_us;
  layer.dense_us = v.dense_us;
  layer.sparse_us = v.sparse_us;
  layer.candidates = v.candidates;
  layer.break_even = choice::break_even(v, layer.zeros);
  layer.reason = choice::reason(v, layer.zeros, contenders[winner.index].sparse);
  return winner;
}
}  // namespace tulle::plan
