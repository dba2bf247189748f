#include "tulle/reorder.hpp"

#include <algorithm>
#include <numeric>

#include "formats/arrays.hpp"
#include "tulle/formats.hpp"

namespace tulle {
namespace {
/// A graph whose edges count in both directions.
class Neighbours {
 public:
  explicit Neighbours(const CsrView& a) : out_(a), in_(transpose(a)) {}
  Index degree(Index node) const { return row_length(out_, node) + row_length(in_.view(), node); }
  template <class Body>
  void visit(Index node, const Body& body) const {
    for (const std::int32_t next : row_columns(out_, node)) body(next);
    for (const std::int32_t next : row_columns(in_.view(), node)) body(next);
  }

 private:
  CsrView out_;
  Csr in_;
};

class Search {
 public:
  explicit Search(const CsrView& a) : graph_(a), seen_(static_cast<std::size_t>(a.rows)) {}

  NodeOrder order() {
    NodeOrder starts(seen_.size()), order;
    std::iota(starts.begin(), starts.end(), 0);
    std::stable_sort(starts.begin(), starts.end(), [&](auto x, auto y) { return degree(x) < degree(y); });
    order.reserve(starts.size());
    for (const std::int32_t start : starts)
      if (seen_[static_cast<std::size_t>(start)] != kDone) walk(far_end(start), kDone, order);
    std::reverse(order.begin(), order.end());
    return order;
  }

 private:
  static constexpr std::uint8_t kDone = 255;
  static constexpr std::uint8_t kTries = 3;  ///< walks to and fro; more hardly get farther

  Index degree(std::int32_t node) const { return graph_.degree(node); }

  /// Breadth first over what does not bear the mark yet, appended to the order.
  void walk(std::int32_t start, std::uint8_t mark, NodeOrder& order) {
    const auto take = [&](std::int32_t node) {
      if (seen_[static_cast<std::size_t>(node)] >= mark) return;
      seen_[static_cast<std::size_t>(node)] = mark;
      order.push_back(node);
    };
    std::size_t next = order.size();
    for (take(start); next < order.size(); ++next) {
      const auto first = std::ssize(order);
      graph_.visit(order[next], take);
      std::sort(order.begin() + first, order.end(),
                [&](auto x, auto y) { return degree(x) != degree(y) ? degree(x) < degree(y) : x < y; });
    }
  }

  std::int32_t far_end(std::int32_t start) {
    for (std::uint8_t mark = 1; mark <= kTries; ++mark) {
      NodeOrder reached;
      walk(start, mark, reached);
      start = reached.back();
    }
    return start;
  }

  Neighbours graph_;
  std::vector<std::uint8_t> seen_;
};

void check_square(const char* where, const CsrView& a) {
  if (a.rows != a.cols)
    throw Error(where, "the matrix is " + std::to_string(a.rows) + " x " + std::to_string(a.cols) +
                           "; want a square");
}

/// Where each old number goes.
NodeOrder inverse(const char* name, std::span<const std::int32_t> order, Index count) {
  if (std::ssize(order) != count)
    throw Error("permute", std::string(name) + ": " + std::to_string(order.size()) + " numbers; want " +
                               std::to_string(count));
  NodeOrder places(order.size(), -1);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::int32_t old = order[i];
    if (old < 0 || old >= count || places[static_cast<std::size_t>(old)] >= 0)
      throw Error("permute", std::string(name) + ": number " + std::to_string(i) + " is " +
                                 std::to_string(old) +
                                 (old < 0 || old >= count ? ", out of range" : ", as one before"));
    places[static_cast<std::size_t>(old)] = static_cast<std::int32_t>(i);
  }
  return places;
}
}  // namespace

NodeOrder reverse_cuthill_mckee(const CsrView& a) {
  check_square("reverse_cuthill_mckee", a);
  return Search(a).order();
}

NodeOrder hubs_first(const CsrView& a) {
  check_square("hubs_first", a);
  std::vector<Index> reads(static_cast<std::size_t>(a.cols));
  for (const std::int32_t j : a.columns) ++reads[static_cast<std::size_t>(j)];
  NodeOrder order(reads.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t x, std::int32_t y) {
    return reads[static_cast<std::size_t>(x)] > reads[static_cast<std::size_t>(y)];
  });
  return order;
}

Csr permute(const CsrView& a, std::span<const std::int32_t> rows, std::span<const std::int32_t> columns) {
  inverse("rows", rows, a.rows);
  const NodeOrder places = inverse("columns", columns, a.cols);
  std::vector<Index> offsets{0};
  std::vector<std::int32_t> new_columns;
  std::vector<float> values;
  new_columns.reserve(a.columns.size()), values.reserve(a.values.size());
  for (const std::int32_t row : rows) {
    for (const std::int32_t j : row_columns(a, row))
      new_columns.push_back(places[static_cast<std::size_t>(j)]);
    const auto own = row_values(a, row);
    values.insert(values.end(), own.begin(), own.end());
    offsets.push_back(std::ssize(values));
  }
  return make_csr(a.rows, a.cols, std::move(offsets), std::move(new_columns), std::move(values));
}

Csr permute(const CsrView& a, std::span<const std::int32_t> order) {
  return permute(a, order, order);
}
}  // namespace tulle
