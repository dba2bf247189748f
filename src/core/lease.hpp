#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "tulle/error.hpp"

namespace tulle {
/// What runs that overlap in time need one each of: taken and given back without a lock; a new T is made only
/// when more runs overlap than ever before.
template <class T>
class LeasePool {
 public:
  explicit LeasePool(std::function<std::unique_ptr<T>()> make) : make_(std::move(make)) {}
  class Lease {
   public:
    explicit Lease(LeasePool& pool);
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { slot_->taken.store(false, std::memory_order_release); }
    T& operator*() const { return *slot_->item; }
    T* operator->() const { return slot_->item.get(); }

   private:
    typename LeasePool::Slot* slot_;
  };

 private:
  static constexpr std::size_t kSlots = 64;
  struct Slot {
    std::atomic<bool> taken{false};
    std::unique_ptr<T> item;
  };
  std::function<std::unique_ptr<T>()> make_;
  Slot slots_[kSlots];
};

template <class T>
LeasePool<T>::Lease::Lease(LeasePool& pool) {
  for (Slot& slot : pool.slots_) {
    bool taken = false;
    if (!slot.taken.compare_exchange_strong(taken, true, std::memory_order_acquire)) continue;
    slot_ = &slot;
    try {
      if (!slot.item) slot.item = pool.make_();
    } catch (...) {  // no memory: the slot is free for a later try
      slot.taken.store(false, std::memory_order_release);
      throw;
    }
    return;
  }
  throw Error("run", "more than " + std::to_string(kSlots) + " runs at once");
}
}  // namespace tulle
