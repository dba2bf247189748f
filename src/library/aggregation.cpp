#include "library/aggregation.hpp"

#include <fmt/format.h>

#include "core/checked.hpp"

namespace tulle {
namespace library {
void check_features(const char* where, const char* name, const DenseView& v, Index rows, Index cols) {
  if (v.rows != rows || v.cols != cols)
    throw Error(where, fmt::format("{} is {} x {}; want {} x {}", name, v.rows, v.cols, rows, cols));
  if (v.ld < cols) throw Error(where, fmt::format("{} has ld {}; want at least {}", name, v.ld, cols));
  if (!v.data && rows * cols > 0) throw Error(where, fmt::format("{} has no data", name));
}

void check_apart(const char* where, const DenseView& b, const DenseView& c) {
  const auto floats = [](const DenseView& v) { return extent(DenseOrder::row_major, v.rows, v.cols, v.ld); };
  if (overlap(static_cast<const float*>(b.data), floats(b), static_cast<const float*>(c.data), floats(c)))
    throw Error(where, "B and C overlap");
}

Aggregation::Aggregation(std::shared_ptr<const aggregate::Prepared> prepared, Index n, int threads)
    : prepared_(std::move(prepared)),
      threads_(threads),
      scratch_(
          [floats = checked_mul(prepared_->parts(), n, "parts of long rows"), own = prepared_->own_floats(),
           threads] { return std::make_unique<Scratch>(static_cast<std::size_t>(floats), own, threads); }) {
  const LeasePool<Scratch>::Lease first(scratch_);  // so that the first run finds it
}

void Aggregation::run(const DenseView& b, const MutableDenseView& c) const {
  const LeasePool<Scratch>::Lease scratch(scratch_);
  const aggregate::Operands o{static_cast<const float*>(b.data), b.ld, static_cast<float*>(c.data), c.ld,
                              scratch->parts.data()};
  const Index units = prepared_->units(), pieces = std::min<Index>(threads_, units);
  parallel_for(pieces, threads_, [&](Index first, Index last) {
    for (Index k = first; k < last; ++k)
      prepared_->run(units * k / pieces, units * (k + 1) / pieces, o, scratch->own.of(k));
  });
  parallel_for(prepared_->long_rows(), threads_,
               [&](Index first, Index last) { prepared_->combine(first, last, o); });
}
}  // namespace library
}  // namespace tulle
