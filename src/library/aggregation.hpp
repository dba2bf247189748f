#pragma once
#include <memory>

#include "kernels/aggregate/kernel.hpp"
#include "library/masked.hpp"
#include "tulle/dense_view.hpp"

namespace tulle::library {
/// A prepared kernel with its threads and the scratch of its runs.
class Aggregation {
 public:
  Aggregation(std::shared_ptr<const aggregate::Prepared>, Index n, int threads);
  void run(const DenseView& b, const MutableDenseView& c) const;  ///< sizes and places are checked
  std::size_t bytes() const { return prepared_->bytes(); }

 private:
  struct Scratch {
    Scratch(std::size_t part_floats, Index own_floats, int threads)
        : parts(part_floats), own(own_floats, threads) {}
    Buffer<float> parts;
    ThreadScratch own;
  };
  std::shared_ptr<const aggregate::Prepared> prepared_;
  int threads_;
  mutable LeasePool<Scratch> scratch_;
};

/// Errors unless the view is a row-major rows x cols with data.
void check_features(const char* where, const char* name, const DenseView&, Index rows, Index cols);
/// An Error if the two share memory.
void check_apart(const char* where, const DenseView& b, const DenseView& c);
}  // namespace tulle::library
