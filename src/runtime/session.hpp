#pragma once
#include <atomic>
#include <mutex>
#include <utility>
#include "ops/op.hpp"
#include "runtime/model.hpp"
#include "runtime/prepared.hpp"

namespace tulle {
struct Session::Impl {
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

  Hold get(const runtime::Shapes&);   ///< plans when there is no plan for these shapes
  Hold find(const runtime::Shapes&);  ///< no lock; entry null when there is none
  /// Runs and returns all outputs, also of a model whose output types depend on data.
  std::vector<Tensor> run_all(std::span<const NamedInput>);

  static constexpr std::size_t kKept = 8;
  Model model;
  SessionOptions options;
  Entry entries[kKept];
  std::atomic<std::uint64_t> clock{0};
  std::mutex planning;

 private:
  Hold prepare(const runtime::Shapes&);
};
}  // namespace tulle
