#pragma once
#include <atomic>
#include <memory>
#include <vector>
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

/// Contexts for runs that overlap in time: taken and given back without a lock; a new one is made only when more runs
/// overlap than ever before.
class ContextPool {
 public:
  explicit ContextPool(const plan::Plan& plan) : plan_(plan) {}
  class Lease {
   public:
    Lease(ContextPool& pool);
    ~Lease();
    Context& operator*() const { return *context_; }
    Context* operator->() const { return context_; }

   private:
    ContextPool& pool_;
    Context* context_;
    std::size_t slot_;
  };

 private:
  static constexpr std::size_t kSlots = 64;
  struct Slot {
    std::atomic<bool> taken{false};
    std::unique_ptr<Context> context;
  };
  const plan::Plan& plan_;
  Slot slots_[kSlots];
};
}  // namespace tulle::runtime
