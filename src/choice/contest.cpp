#include "choice/contest.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <utility>

#include "core/cpu.hpp"

namespace tulle::choice {
namespace {
using Clock = std::chrono::steady_clock;
constexpr double kDisturbed = 8;         // times the modelled cost: more likely a wait for the core than work
constexpr double kFromMemory_gbps = 10;  // weights on their way to one core
constexpr int kBranches = 20'000;        // by chance, before a cold run

double us_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

/// Those that accept, the best by its own model first.
std::vector<std::size_t> by_model(const std::vector<Contender>& contenders) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < contenders.size(); ++i)
    if (!contenders[i].refusal) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return contenders[a].cost_us < contenders[b].cost_us;
  });
  return order;
}

KernelChoice accepted(const Contender& c) {
  return {.name = c.kernel, .cost_us = c.cost_us, .sparse = c.sparse};
}

void model_dense(Verdict& v) {
  for (const KernelChoice& c : v.candidates)
    if (!c.sparse && !v.dense_modelled) v.dense_us = c.cost_us, v.dense_modelled = true;
}

void append_refusals(Verdict& v, const std::vector<Contender>& contenders) {
  for (const Contender& c : contenders)
    if (c.refusal) v.candidates.push_back({.name = c.kernel, .refusal = *c.refusal, .sparse = c.sparse});
}
}  // namespace

Effort quick_effort(bool cold) {
  constexpr double kNear = 1.2, kNearWhenCold = 3;  // models know runs on cached weights only
  return {.timed = 3,
          .hopeless = cold ? kNearWhenCold : kNear,
          .time_us = 20e3,
          .fewest = 1,
          .most = 4,
          .give_up = 1.1,
          .steady = 0.03,
          .both = false,
          .cold = cold,
          .arrival_gbps = cold ? kFromMemory_gbps : 0};
}

Effort thorough_effort(bool cold) {
  return {.timed = 8,
          .hopeless = 6,
          .time_us = 20e3,
          .fewest = 2,
          .most = 12,
          .give_up = 8,
          .cold = cold,
          .arrival_gbps = cold ? kFromMemory_gbps : 0};
}

Contest::Contest(const Effort& effort) : effort_(effort), l2_bytes_(cpu_info().l2_bytes) {}

/// Streams twice the L2 cache through it, so that the next run reads its weights from where a whole model
/// leaves them; and takes branches by chance, since what runs between two runs makes the predictors forget
/// this one's loops.
void Contest::evict() {
  if (!wash_.size())
    wash_ = Buffer<std::int64_t>(static_cast<std::size_t>(2 * l2_bytes_) / sizeof(std::int64_t));
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < wash_.size(); i += 8) sum += wash_[i];
  sink_ = sum;
  std::uint64_t bits = static_cast<std::uint64_t>(sum) | 1;
  for (int i = 0; i < kBranches; ++i) {
    bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;  // Marsaglia's xorshift (2003)
    if (bits & 1) sink_ = i;
  }
}

double Contest::run_us(Runnable& runnable) {
  if (effort_.cold) {
    evict();
    runnable.warm_inputs();
  }
  const auto start = Clock::now();
  runnable.run();
  return us_since(start);
}

/// The first run does not count, unless it alone shows that there is nothing to win, by far.
double Contest::best_us(Runnable& runnable, int runs, double rival_us) {
  constexpr double kFirstIsSlower = 6;
  const double limit = effort_.give_up * rival_us;
  const auto start = Clock::now();
  runnable.run();
  if (const double first = us_since(start); first > kFirstIsSlower * limit) return first;
  double best = std::numeric_limits<double>::infinity(), spent = 0;
  for (int i = 0; i < runs && (i < effort_.fewest || spent < effort_.time_us); ++i) {
    const double us = run_us(runnable), before = std::exchange(best, std::min(best, us));
    spent += us;
    if (best > limit || std::abs(us - before) < effort_.steady * before) break;
  }
  return best;
}

/// Times contender i, whose line in the report is v.candidates[line]; the better time counts if it had one
/// before.
double Contest::enter(Verdict& v, std::size_t line, const Contender& c, std::size_t i, int runs,
                      Winner& winner) {
  const auto start = Clock::now();
  auto runnable = c.prepare();
  KernelChoice& own = v.candidates[line];
  own.prepare_us = us_since(start);
  own.bytes = runnable->bytes();
  const double rival_us = v.time_us > 0 ? v.time_us : std::numeric_limits<double>::infinity();
  const double arrival_us =
      effort_.arrival_gbps > 0 ? static_cast<double>(own.bytes) / (1e3 * effort_.arrival_gbps) : 0;
  const double us = best_us(*runnable, runs, rival_us) + arrival_us;
  double& best = c.sparse ? v.sparse_us : v.dense_us;
  if (own.time_us == 0 || us < own.time_us) own.time_us = us;
  if (best == 0 || us < best) best = us;
  if (v.time_us == 0 || us < v.time_us) {
    v.time_us = us;
    v.kernel = c.kernel;
    winner = {i, std::move(runnable)};
  }
  return us;
}

/// Which of the contenders, in their order, are timed: those with hope, and where both kinds are wanted the
/// first of each.
std::vector<bool> Contest::timed(const std::vector<Contender>& contenders,
                                 const std::vector<std::size_t>& order) const {
  std::vector<bool> timed(order.size(), false);
  std::size_t sparse = 0, dense = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const Contender& c = contenders[order[k]];
    std::size_t& count = c.sparse ? sparse : dense;
    const bool hopeful = c.cost_us <= effort_.hopeless * contenders[order.front()].cost_us;
    timed[k] = count < effort_.timed && (hopeful || (count == 0 && effort_.both));
    count += timed[k];
  }
  return timed;
}

Verdict Contest::hold(const std::vector<Contender>& contenders, Winner& winner) {
  const std::vector<std::size_t> order = by_model(contenders);
  const std::vector<bool> timed = this->timed(contenders, order);
  const bool contested = std::count(timed.begin(), timed.end(), true) > 1;
  const int runs = contested ? effort_.most : effort_.fewest;
  Verdict v;
  std::vector<std::pair<std::size_t, std::size_t>> disturbed;  // candidate and contender: timed once more
  for (std::size_t k = 0; k < order.size(); ++k) {
    const Contender& c = contenders[order[k]];
    v.candidates.push_back(accepted(c));
    if (!timed[k]) continue;
    const double us = enter(v, k, c, order[k], runs, winner);
    if (us > kDisturbed * c.cost_us) disturbed.push_back({k, order[k]});
  }
  for (const auto& [line, i] : disturbed)
    if (contested) enter(v, line, contenders[i], i, runs, winner);
  if (v.dense_us == 0 && v.time_us > 0) model_dense(v);
  append_refusals(v, contenders);
  return v;
}

Verdict Contest::trust_models(const std::vector<Contender>& contenders, Winner& winner) {
  const std::vector<std::size_t> order = by_model(contenders);
  Verdict v;
  for (const std::size_t i : order) v.candidates.push_back(accepted(contenders[i]));
  if (!order.empty()) {
    v.kernel = contenders[order.front()].kernel;
    winner = {order.front(), contenders[order.front()].prepare()};
  }
  append_refusals(v, contenders);
  return v;
}
}  // namespace tulle::choice
