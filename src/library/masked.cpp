#include "library/masked.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace tulle::library {
Shares::Shares(std::span<const Index> work, Index heads) : work_(work.begin(), work.end()), heads_(heads) {
  for (std::size_t b = 0; b < work_.size(); ++b) work_[b] += static_cast<Index>(b);
}

Shares::Place Shares::start_of(Index piece, Index pieces) const {
  if (piece == pieces || work_.back() == 0) return {heads_, 0};
  const double at = static_cast<double>(work_.back()) * static_cast<double>(heads_) *
                    static_cast<double>(piece) / static_cast<double>(pieces);
  const Index head = std::min(heads_ - 1, static_cast<Index>(at / static_cast<double>(work_.back())));
  const double rest = at - static_cast<double>(head) * static_cast<double>(work_.back());
  const auto block = std::lower_bound(work_.begin(), work_.end(), static_cast<Index>(rest));
  return {head, std::min(block - work_.begin(), blocks())};
}

namespace {
std::string reason(const choice::Verdict& v, const AttentionMask& mask) {
  const double fill = 100 * MaskTiles(mask).fill();
  std::string words = fmt::format(
      "{:.1f} % of all pairs are entries; of the tiles of 8 queries x 16 keys that hold one, {:.0f} %",
      100 * mask.density(), fill);
  for (const KernelChoice& c : v.candidates)
    if (c.time_us > 0) words += fmt::format(", {} took {:.1f} us", c.name, c.time_us);
  return words;
}
}  // namespace

Chosen choose(const char* where, const std::vector<choice::Contender>& list, const std::string& only,
              const AttentionMask& mask) {
  Chosen chosen;
  if (list.empty()) throw Error(where, "there is no kernel '" + only + "'");
  if (!only.empty()) {
    if (list.front().refusal) throw Error(where, "kernel " + only + ": " + *list.front().refusal);
    chosen.verdict = choice::Contest::trust_models(list, chosen.winner);
    chosen.why = "the caller asked for " + only;
  } else {
    const choice::Effort effort{.hopeless = 3, .time_us = 20e3, .fewest = 2, .most = 6, .give_up = 1.5};
    chosen.verdict = choice::Contest(effort).hold(list, chosen.winner);
    chosen.why = reason(chosen.verdict, mask);
  }
  return chosen;
}

void check_threads(const char* where, int threads) {
  constexpr int kMost = 1024;
  if (threads < 1 || threads > kMost)
    throw Error(where, fmt::format("{} threads; want 1 to {}", threads, kMost));
}

void check_dtype(const char* where, DType dtype) {
  if (dtype != DType::f32 && dtype != DType::bf16)
    throw Error(where, fmt::format("{}; want f32 or bf16", name(dtype)));
}

void check_entries(const char* where, const AttentionMask& mask) {
  constexpr Index kMost = kLargestTensorBytes / static_cast<Index>(sizeof(float));
  if (mask.entries() > kMost)
    throw Error(where, fmt::format("a mask of {} entries; at most {}", mask.entries(), kMost));
}

bool overlap(const float* a, Index a_floats, const float* b, Index b_floats) {
  const auto first = reinterpret_cast<std::uintptr_t>(a), second = reinterpret_cast<std::uintptr_t>(b);
  return a_floats > 0 && b_floats > 0 &&
         first < second + sizeof(float) * static_cast<std::size_t>(b_floats) &&
         second < first + sizeof(float) * static_cast<std::size_t>(a_floats);
}

Buffer<float> numbers(Index count) {
  Buffer<float> buffer(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < buffer.size(); ++i) buffer[i] = 0.01f * static_cast<float>(i % 61) - 0.3f;
  return buffer;
}
}  // namespace tulle::library
