#include "kernels/spmv/lookup_steps.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace tulle::spmv {
namespace {
struct Step {
  std::int32_t base;
  std::array<std::int64_t, kLanes> entry;  ///< in A, or -1
};

/// Appends the steps of the live lanes whose rows these are.
void schedule(const CsrView& a, const std::int32_t* rows, int live, std::vector<Step>& steps) {
  Index next[kLanes], end[kLanes];
  for (int lane = 0; lane < live; ++lane)
    next[lane] = a.offsets[rows[lane]], end[lane] = a.offsets[rows[lane] + 1];
  while (true) {
    Index least = a.cols;
    for (int lane = 0; lane < live; ++lane)
      if (next[lane] < end[lane]) least = std::min<Index>(least, a.columns[next[lane]]);
    if (least == a.cols) return;
    const Index base = std::min(least, a.cols - kLookup);  // nothing is read behind x
    Step step{static_cast<std::int32_t>(base), {}};
    step.entry.fill(-1);
    for (int lane = 0; lane < live; ++lane)
      if (next[lane] < end[lane] && a.columns[next[lane]] < base + kLookup) step.entry[lane] = next[lane]++;
    steps.push_back(step);
  }
}

/// Appends the steps of the slices of a block in turns.
LookupSteps::Block take_turns(Index slice, std::span<const std::vector<Step>> of_slice,
                              std::vector<Step>& steps) {
  LookupSteps::Block block{.first = std::ssize(steps)};
  std::vector<std::size_t> order(of_slice.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return of_slice[i].size() > of_slice[j].size(); });
  for (std::size_t i = 0; i < order.size(); ++i) {
    block.slices[i] = slice + static_cast<Index>(order[i]);
    block.steps[i] = std::ssize(of_slice[order[i]]);
  }
  for (std::size_t turn = 0; turn < of_slice[order[0]].size(); ++turn)
    for (std::size_t i : order)
      if (turn < of_slice[i].size()) steps.push_back(of_slice[i][turn]);
  return block;
}
}  // namespace

LookupSteps::LookupSteps(const Problem& p, Features isa) : slices(p, rows_by_length(p.a), isa) {
  std::vector<Step> steps;
  for (Index slice = 0; slice < slices.count(); slice += kGroup) {
    const Index count = std::min<Index>(kGroup, slices.count() - slice);
    std::vector<std::vector<Step>> of_slice(static_cast<std::size_t>(count));
    for (Index i = 0; i < count; ++i)
      schedule(p.a, slices.rows_of(slice + i), slices.live(slice + i), of_slice[static_cast<std::size_t>(i)]);
    blocks.push_back(take_turns(slice, of_slice, steps));
  }
  base = Buffer<std::uint16_t>(steps.size());
  index = Buffer<std::uint8_t>(steps.size() * kLanes);
  values = Buffer<float>(steps.size() * kLanes);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    base[i] = static_cast<std::uint16_t>(steps[i].base);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const Index e = steps[i].entry[lane];
      index[i * kLanes + lane] =
          e < 0 ? 0 : static_cast<std::uint8_t>(kBusy + p.a.columns[e] - steps[i].base);
      values[i * kLanes + lane] = e < 0 ? 0 : p.a.values[e];
    }
  }
}

std::size_t LookupSteps::bytes() const {
  return blocks.size() * sizeof(Block) + base.size() * sizeof(std::uint16_t) + index.size() +
         values.size() * sizeof(float);
}

std::optional<std::string> refuse_lookup(const Problem& p) {
  if (p.a.cols < kLookup)
    return std::to_string(p.a.cols) + " columns are fewer than the " + std::to_string(kLookup) +
           " that a step looks up";
  if (p.a.cols > 65536) return std::to_string(p.a.cols) + " columns do not fit 16 bits (65536)";
  return std::nullopt;
}

double lookup_cost_us(const Problem& p) {
  const double rows = static_cast<double>(p.a.rows), nnz = static_cast<double>(p.a.nnz()),
               n = static_cast<double>(p.n);
  const double density = nnz / std::max(1.0, rows * static_cast<double>(p.a.cols));
  const double slots =
      nnz * (1.07 + 0.038 / std::max(density, 0.005));  // of random patterns, 0.02 <= density <= 0.5
  const double steps = slots / kLanes;
  return std::max(steps * (1.5 + 2.5 * n) / 3600, stream_us(steps * 82)) + rows * n * 4 / 3600;
}
}  // namespace tulle::spmv
