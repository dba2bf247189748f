#pragma once
#include <array>
#include <atomic>
#include <mutex>
#include <utility>
#include "ops/op.hpp"
#include "runtime/model.hpp"
#include "runtime/prepared.hpp"

namespace tulle {
struct Session::Impl {
  static constexpr std::size_t kMostTensors = 256;  ///< inputs, and outputs, of a model that a session runs
  Impl(Model, SessionOptions);

  /// A plan that is kept, and how many runs use it now (-1: being replaced).
  struct Entry {
    std::atomic<int> readers{0};
    std::atomic<std::uint64_t> last_use{0};
    std::unique_ptr<const runtime::Prepared> prepared;
  };
  /// Keeps an entry from being replaced.
  struct Hold {
    explicit Hold(Entry* e) : entry(e) {}
    Hold(Hold&& other) noexcept : entry(std::exchange(other.entry, nullptr)) {}
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
      if (entry) entry->readers.fetch_sub(1, std::memory_order_release);
    }
    Entry* entry;
  };

  /// Inputs in the model's order, after checking names and types; lent by the caller, gathered without allocation.
  class Ordered {
   public:
    Ordered(const Model&, std::span<const NamedInput>);
    std::span<const TensorView* const> views() const { return {views_.data(), count_}; }
    std::span<const void* const> data() const { return {data_.data(), count_}; }

   private:
    std::array<const TensorView*, kMostTensors> views_{};
    std::array<const void*, kMostTensors> data_{};
    std::size_t count_ = 0;
  };

  Hold get(const Ordered&);   ///< plans when there is no plan for these shapes
  Hold find(const Ordered&);  ///< no lock; entry null when there is none
  /// By the operators' own evaluation: for a model whose types depend on data, and so has no plan.
  std::vector<Tensor> interpret(const Ordered&, const runtime::Prepared&) const;
  /// Runs and returns all outputs, also of a model whose output types depend on data.
  std::vector<Tensor> run_all(std::span<const NamedInput>);

  static constexpr std::size_t kKept = 8;
  Model model;
  SessionOptions options;
  Entry entries[kKept];
  std::atomic<std::uint64_t> clock{0};
  std::mutex planning;

 private:
  Hold prepare(const Ordered&);
};
}  // namespace tulle
