#include "plan/decisions.hpp"
#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include "plan/cache.hpp"

namespace tulle::plan {
namespace {
constexpr std::size_t kTimed = 3;             // sparse contenders that are timed, by their cost models
constexpr double kHopeless = 2.0;             // times the best modelled cost: not worth a timing
constexpr double kTimeBudgetUs = 3000;        // of one contender's timed runs
constexpr double kAnyZeros = 0.005;           // a break-even below it is none
constexpr double kDisturbed = 8;                // times the modelled cost: more likely a wait for the core than work
constexpr int kBranches = 20'000;              // by chance, before a cold run
constexpr int kFewestRuns = 3, kMostRuns = 12;

std::size_t weight_bytes(const graph::Graph& g) {
  std::size_t bytes = 0;
  for (const graph::Value& v : g.values) bytes += v.constant.empty() ? 0 : v.constant.size_bytes();
  return bytes;
}

// A sparse kernel's time falls with the entries it keeps: the zeros at which it meets the dense time.
double break_even(const Verdict& v, double zeros) {
  if (v.dense_us == 0 || v.sparse_us == 0) return 0;
  return std::clamp(1 - (1 - zeros) * v.dense_us / v.sparse_us, 0.0, 1.0);
}

// In words, with the numbers that decided and what would change the answer.
std::string reason(const Verdict& v, const Layer& layer, bool sparse_won) {
  if (v.time_us == 0) return fmt::format("{:.0f} % zeros: chosen by the cost models, as the budget for measuring was spent", 100 * layer.zeros);
  if (v.dense_us == 0) return v.kernel.ends_with("/reference") ? "only the reference runs here" : "only sparse kernels accept this layer";
  if (v.sparse_us == 0) return fmt::format("{:.0f} % zeros: no sparse kernel was worth a try", 100 * layer.zeros);
  if (sparse_won)
    return fmt::format("{:.0f} % zeros: sparse is {:.2f} times as fast as dense; here it pays {}", 100 * layer.zeros,
                       v.dense_us / v.sparse_us,
                       layer.break_even > kAnyZeros ? fmt::format("from about {:.0f} %", 100 * layer.break_even) : "with any number of zeros");
  return fmt::format("{:.0f} % zeros: dense wins at this shape, {:.2f} times as fast; sparse pays from about {:.0f} %",
                     100 * layer.zeros, v.sparse_us / v.dense_us, 100 * layer.break_even);
}
}  // namespace

Decisions::Decisions(const graph::Graph& g, const Options& options) : options_(options), l2_bytes_(cpu_info().l2_bytes) {
  cold_ = weight_bytes(g) > static_cast<std::size_t>(l2_bytes_);
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

// Streams twice the L2 cache through it, so that the next run reads its weights from where a whole model leaves them;
// and takes branches by chance, since the layers between two runs make the predictors forget this one's loops.
void Decisions::evict() {
  if (!wash_.size()) wash_ = Buffer<std::int64_t>(static_cast<std::size_t>(2 * l2_bytes_) / sizeof(std::int64_t));
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < wash_.size(); i += 8) sum += wash_[i];
  sink_ = sum;
  std::uint64_t bits = static_cast<std::uint64_t>(sum) | 1;
  for (int i = 0; i < kBranches; ++i) {
    bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;  // Marsaglia's xorshift (2003)
    if (bits & 1) sink_ = i;
  }
}

double Decisions::time_us(Runnable& runnable) {
  using Clock = std::chrono::steady_clock;
  runnable.run();
  double best = 1e30, spent = 0;
  for (int i = 0; i < kMostRuns && (i < kFewestRuns || spent < kTimeBudgetUs); ++i) {
    if (cold_) {
      evict();
      runnable.warm_inputs();
    }
    const auto start = Clock::now();
    runnable.run();
    const double us = std::chrono::duration<double, std::micro>(Clock::now() - start).count();
    best = std::min(best, us);
    spent += us;
  }
  return best;
}

namespace {
// Those that accept, the best by its own model first.
std::vector<std::size_t> by_model(const std::vector<Contender>& contenders) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < contenders.size(); ++i)
    if (!contenders[i].refusal) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return contenders[a].cost_us < contenders[b].cost_us; });
  return order;
}
}  // namespace

// Times contender i, whose line in the report is v.candidates[line]; the better time counts if it had one before.
double Decisions::enter(Verdict& v, std::size_t line, const Contender& c, std::size_t i, Winner& winner) {
  auto runnable = c.prepare();
  const double us = time_us(*runnable);
  double &own = v.candidates[line].time_us, &best = c.sparse ? v.sparse_us : v.dense_us;
  if (own == 0 || us < own) own = us;
  if (best == 0 || us < best) best = us;
  if (v.time_us == 0 || us < v.time_us) {
    v.time_us = us;
    v.kernel = c.kernel;
    winner = {i, std::move(runnable)};
  }
  return us;
}

Verdict Decisions::measure(const std::vector<Contender>& contenders, Winner& winner) {
  const std::vector<std::size_t> order = by_model(contenders);
  const bool trust_models = spent_ms_ >= options_.budget_ms;
  Verdict v;
  std::size_t sparse_timed = 0, dense_timed = 0;
  std::vector<std::pair<std::size_t, std::size_t>> disturbed;  // candidate and contender: timed once more at the end
  for (const std::size_t i : order) {
    const Contender& c = contenders[i];
    v.candidates.push_back({.kernel = c.kernel, .cost_us = c.cost_us});
    std::size_t& timed = c.sparse ? sparse_timed : dense_timed;
    const bool hopeful = c.cost_us <= kHopeless * contenders[order.front()].cost_us;
    if (timed > 0 && (timed == kTimed || !hopeful)) continue;
    if (trust_models && winner.runnable) continue;
    if (trust_models) {
      v.kernel = c.kernel;
      winner = {i, c.prepare()};
      continue;
    }
    ++timed;
    const double us = enter(v, v.candidates.size() - 1, c, i, winner);
    if (us > kDisturbed * c.cost_us) disturbed.push_back({v.candidates.size() - 1, i});
  }
  for (const auto& [line, i] : disturbed) enter(v, line, contenders[i], i, winner);
  for (const Contender& c : contenders)
    if (c.refusal) v.candidates.push_back({.kernel = c.kernel, .refusal = *c.refusal});
  return v;
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
    known = verdicts_.insert_or_assign(key, measure(contenders, winner)).first;
    spent_ms_ += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }
  if (!winner.runnable) throw Error("layer '" + layer.name + "'", "no kernel accepts it; the reference must");
  const Verdict& v = known->second;
  layer.kernel = v.kernel;
  layer.time_us = v.time_us;
  layer.dense_us = v.dense_us;
  layer.sparse_us = v.sparse_us;
  layer.candidates = v.candidates;
  layer.break_even = break_even(v, layer.zeros);
  layer.reason = reason(v, layer, contenders[winner.index].sparse);
  return winner;
}
}  // namespace tulle::plan
