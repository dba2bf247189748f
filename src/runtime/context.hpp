#pragma once
#include <memory>
#include <vector>
#include "core/lease.hpp"
#include "plan/plan.hpp"

namespace tulle::runtime {
/// The memory of one run: an arena, and for each of the plan's buffers a pointer.
class Context {
 public:
  explicit Context(const plan::Plan&);
  void set_input(std::size_t i, const void* data);
  void set_output(std::size_t i, void* data);
  /// Runs all steps; with `step_us`, adds each step's time to it.
  void run(int threads, double* step_us = nullptr);

 private:
  const plan::Plan& plan_;
  Bytes arena_;
  std::vector<std::byte*> buffers_;
  std::vector<std::unique_ptr<plan::StepState>> states_;  ///< one per step, most null
};

using ContextPool = LeasePool<Context>;
}  // namespace tulle::runtime
