#pragma once
#include <string>
#include <vector>

#include "choice/contest.hpp"
#include "core/cpu.hpp"
#include "core/lease.hpp"
#include "core/threads.hpp"
#include "formats/mask_tiles.hpp"

namespace tulle::library {
/// The blocks of a prepared mask, once for each head, cut into pieces of about equal work.
class Shares {
 public:
  Shares() = default;
  Shares(std::span<const Index> work, Index heads);  ///< work: as Prepared::work() gives it
  struct Place {
    Index head, block;
  };
  Place start_of(Index piece, Index pieces) const;
  /// body(head, first block, last block) for all that lies between two places.
  template <class Body>
  void visit(Place from, Place to, const Body& body) const {
    for (Index head = from.head; head <= to.head && head < heads_; ++head) {
      const Index first = head == from.head ? from.block : 0, last = head == to.head ? to.block : blocks();
      if (first < last) body(head, first, last);
    }
  }
  Index blocks() const { return static_cast<Index>(work_.size()) - 1; }

 private:
  std::vector<Index> work_{0};  // and one for each block: empty ones are work too
  Index heads_ = 0;
};

/// Scratch of one run: `floats` for each thread, each on a cache line of its own.
struct ThreadScratch {
  ThreadScratch(Index floats, int threads)
      : step((floats + 31) / 16 * 16), data(static_cast<std::size_t>(step * threads)) {}
  float* of(Index thread) const { return data.data() + thread * step; }
  Index step;
  Buffer<float> data;
};

/// What was chosen, and why.
struct Chosen {
  choice::Verdict verdict;
  std::string why;
  choice::Winner winner;
};

/// Holds the contest, or prepares the one kernel that the caller named.
Chosen choose(const char* where, const std::vector<choice::Contender>&, const std::string& only,
              const AttentionMask&);

/// The kernels of a family as contenders; trial(prepared) makes what is timed.
template <class Kernel, class Problem, class Trial>
std::vector<choice::Contender> contenders(std::span<const Kernel* const> kernels, const Problem& problem,
                                          const std::string& only, Trial trial) {
  std::vector<choice::Contender> list;
  for (const Kernel* kernel : kernels) {
    if (!only.empty() && kernel->name != only) continue;
    choice::Contender c{.kernel = std::string(kernel->name)};
    const Features have = cpu_features();
    if (!contains(have, kernel->needs))
      c.refusal = "needs " + to_string(kernel->needs) + "; there is " + to_string(have);
    else
      c.refusal = kernel->refuse(problem);
    if (!c.refusal) c.cost_us = kernel->cost_us(problem);
    c.prepare = [kernel, &problem, trial] { return trial(kernel->prepare(problem)); };
    list.push_back(std::move(c));
  }
  return list;
}

/// Throws Error unless 1 <= threads <= 1024.
void check_threads(const char* where, int threads);
/// Throws Error unless it is f32 or bf16.
void check_dtype(const char* where, DType);
/// Throws Error for a mask with more entries than memory is planned for.
void check_entries(const char* where, const AttentionMask&);
/// Whether two pieces of memory share a float.
bool overlap(const float* a, Index a_floats, const float* b, Index b_floats);
/// Small numbers to time with.
Buffer<float> numbers(Index count);
}  // namespace tulle::library
