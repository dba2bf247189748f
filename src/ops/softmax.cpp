// Softmax, LogSoftmax and Hardmax. Before opset 13 the input is seen as a matrix, cut before `axis` (default
// 1), and works on its rows; from 13 on they work along `axis` (default -1) alone.
#include <cmath>

#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
/// count elements, step apart: the line that one softmax runs over.
struct Lines {
  Index outer, count, step;
};
Lines lines_of(const Call& call) {
  const Argument& x = call.input(0);
  const bool flat = call.version() < 13;
  const Index given = call.node.int_attribute("axis", flat ? 1 : -1);
  const Index axis = flat && given == x.rank() ? given : require_axis(call, given, x.rank());
  if (flat) return {count_between(x.shape(), 0, axis), count_from(x.shape(), axis), 1};
  return {count_between(x.shape(), 0, axis), x.shape()[at(axis)], count_from(x.shape(), axis + 1)};
}

Types infer_softmax(const Call& call) {
  require_floats(call);
  require_rank(call, 0, 1, 64);
  lines_of(call);
  return {{call.input(0).type}};
}

/// Index of the first largest of n elements, step apart.
template <class T>
Index largest(const T* x, Index n, Index step) {
  Index best = 0;
  for (Index i = 1; i < n; ++i)
    if (x[i * step] > x[best * step]) best = i;
  return best;
}
struct Exponentials {
  template <class T>
  static double sum(const T* x, Index n, Index step, double top) {
    double total = 0;
    for (Index i = 0; i < n; ++i) total += std::exp(x[i * step] - top);
    return total;
  }
};
struct Soft {
  template <class T>
  static void line(const T* x, T* y, Index n, Index step) {
    const double top = x[largest(x, n, step) * step], total = Exponentials::sum(x, n, step, top);
    for (Index i = 0; i < n; ++i) y[i * step] = static_cast<T>(std::exp(x[i * step] - top) / total);
  }
};
struct LogSoft {
  template <class T>
  static void line(const T* x, T* y, Index n, Index step) {
    const double top = x[largest(x, n, step) * step], total = std::log(Exponentials::sum(x, n, step, top));
    for (Index i = 0; i < n; ++i) y[i * step] = static_cast<T>(x[i * step] - top - total);
  }
};
struct Hard {
  template <class T>
  static void line(const T* x, T* y, Index n, Index step) {
    const Index best = largest(x, n, step);
    for (Index i = 0; i < n; ++i) y[i * step] = static_cast<T>(i == best);
  }
};

template <class How>
void eval_lines(const Call& call, std::span<const Result> out) {
  const Lines lines = lines_of(call);
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) {
    const T* x = call.input(0).as<T>().data();
    T* y = out[0].as<T>().data();
    if (lines.count == 0) return;
    for (Index o = 0; o < lines.outer; ++o, x += lines.count * lines.step, y += lines.count * lines.step)
      for (Index i = 0; i < lines.step; ++i) How::line(x + i, y + i, lines.count, lines.step);
  });
}
}  // namespace
extern const Operator kSoftmax{"Softmax", "", 1, 1, 1, infer_softmax, widened<eval_lines<Soft>>};
extern const Operator kLogSoftmax{"LogSoftmax", "", 1, 1, 1, infer_softmax, widened<eval_lines<LogSoft>>};
extern const Operator kHardmax{"Hardmax", "", 1, 1, 1, infer_softmax, widened<eval_lines<Hard>>};
}  // namespace tulle::ops
