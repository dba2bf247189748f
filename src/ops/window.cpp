#include "ops/window.hpp"

namespace tulle::ops {
namespace {
constexpr Index kLargest =
    Index{1} << 31;  // of a size, kernel, stride, dilation or pad: products stay below 2^63
constexpr Index kMostVisits = Index{1}
                              << 36;  // taps times outputs of one plane: beyond it a run would not end

Shape sizes_attribute(const Call& call, const char* key, std::size_t count, Index otherwise, Index least) {
  Shape sizes = call.node.ints_attribute(key, Shape(count, otherwise));
  if (sizes.size() != count)
    call.fail("attribute '" + std::string(key) + "' is " + to_string(sizes) + "; want " +
              std::to_string(count) + " numbers");
  for (Index s : sizes)
    if (s < least || s > kLargest)
      call.fail("attribute '" + std::string(key) + "' is " + to_string(sizes) + "; want numbers from " +
                std::to_string(least) + " to " + std::to_string(kLargest));
  return sizes;
}

// SAME_UPPER, SAME_LOWER: out = ceil(in / stride), the padding that this takes split evenly, the odd one at
// the end or the beginning.
void pad_same(Window& w, bool upper) {
  for (std::size_t i = 0; i < w.rank(); ++i) {
    w.out[i] = (w.in[i] + w.strides[i] - 1) / w.strides[i];
    const Index total = std::max<Index>(0, (w.out[i] - 1) * w.strides[i] + w.reach(i) - w.in[i]);
    w.pad_begin[i] = upper ? total / 2 : total - total / 2;
    w.pad_end[i] = total - w.pad_begin[i];
  }
}

void set_out(const Call& call, Window& w) {
  const bool up = call.node.int_attribute("ceil_mode", 0) != 0;
  for (std::size_t i = 0; i < w.rank(); ++i) {
    const Index room = w.in[i] + w.pad_begin[i] + w.pad_end[i] - w.reach(i);
    if (room < 0)
      call.fail("a kernel of " + to_string(w.kernel) + " with dilations " + to_string(w.dilations) +
                " is larger than the input " + to_string(w.in) + " with pads " + to_string(w.pad_begin) +
                ", " + to_string(w.pad_end));
    w.out[i] = (up ? room + w.strides[i] - 1 : room) / w.strides[i] + 1;
    // A window that would start in the padding at the end is left out.
    if (up && (w.out[i] - 1) * w.strides[i] >= w.in[i] + w.pad_begin[i]) --w.out[i];
  }
}

void bound_work(const Call& call, const Window& w) {
  Index visits = 1;
  for (std::size_t i = 0; i < w.rank(); ++i)
    for (Index factor : {w.kernel[i], w.out[i]})
      if (__builtin_mul_overflow(visits, factor, &visits) || visits > kMostVisits)
        call.fail("a kernel of " + to_string(w.kernel) + " at " + to_string(w.out) +
                  " positions is more than " + std::to_string(kMostVisits) + " products");
}
}  // namespace

Window window_attributes(const Call& call, Shape in, Shape kernel) {
  const std::size_t rank = in.size();
  if (kernel.size() != rank)
    call.fail("a kernel of " + to_string(kernel) + " does not slide over " + std::to_string(rank) +
              " spatial dimensions");
  for (const Shape* sizes : {&in, &kernel})
    for (Index s : *sizes)
      if (s < 1 || s > kLargest)
        call.fail("spatial sizes are " + to_string(in) + ", kernel " + to_string(kernel) +
                  "; want each from 1 to " + std::to_string(kLargest));
  Window w{.in = std::move(in), .kernel = std::move(kernel)};
  w.strides = sizes_attribute(call, "strides", rank, 1, 1);
  w.dilations = sizes_attribute(call, "dilations", rank, 1, 1);
  const Shape pads = sizes_attribute(call, "pads", 2 * rank, 0, 0);
  w.pad_begin.assign(pads.begin(), pads.begin() + static_cast<Index>(rank));
  w.pad_end.assign(pads.begin() + static_cast<Index>(rank), pads.end());
  w.out.assign(rank, 0);
  return w;
}

Window sliding_window(const Call& call, Shape in, Shape kernel) {
  Window w = window_attributes(call, std::move(in), std::move(kernel));
  const std::string mode =
      chosen_attribute(call, "auto_pad", "NOTSET", {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", ""});
  if (mode == "VALID") w.pad_begin = w.pad_end = Shape(w.rank(), 0);
  if (mode.starts_with("SAME"))
    pad_same(w, mode == "SAME_UPPER");
  else
    set_out(call, w);
  bound_work(call, w);
  return w;
}

namespace {
// First and one past the last output position along dimension i under which tap k lies inside the input.
std::pair<Index, Index> range(const Window& w, std::size_t i, Index k) {
  const Index shift = k * w.dilations[i] - w.pad_begin[i], s = w.strides[i];
  const Index first = shift >= 0 ? 0 : (-shift + s - 1) / s;
  const Index last = shift >= w.in[i] ? 0 : std::min(w.out[i], (w.in[i] - 1 - shift) / s + 1);
  return {first, std::max(first, last)};
}

void append(std::vector<Run>& runs, Run run, Index step) {
  if (!runs.empty() && step == 1) {
    Run& last = runs.back();
    if (last.out + last.count == run.out && last.in + last.count == run.in) {
      last.count += run.count;
      return;
    }
  }
  runs.push_back(run);
}

std::vector<Run> runs_of_tap(const Window& w, const Shape& tap) {
  std::vector<Run> runs;
  Shape first(w.rank()), sizes(w.rank());
  for (std::size_t i = 0; i < w.rank(); ++i) {
    const auto [from, to] = range(w, i, tap[i]);
    if (from == to) return runs;
    first[i] = from, sizes[i] = to - from;
  }
  const Index count = sizes.back();
  sizes.back() = 1;
  Odometer row(sizes);
  do {
    Index out = 0, in = 0;
    for (std::size_t i = 0; i < w.rank(); ++i) {
      const Index o = first[i] + row.at[i];
      out = out * w.out[i] + o;
      in = in * w.in[i] + o * w.strides[i] + tap[i] * w.dilations[i] - w.pad_begin[i];
    }
    append(runs, {out, in, count}, w.strides.back());
  } while (row.next());
  return runs;
}
}  // namespace

Taps::Taps(const Window& w) : window_(w), count_(element_count(w.kernel)) {
  constexpr Index kMostKept = Index{1} << 20;  // 24 MiB
  const Index rows = element_count(w.out) / w.out.back();
  if (rows > kMostKept / count_) return;
  Odometer tap(w.kernel);
  do kept_.push_back(runs_of_tap(w, tap.at));
  while (tap.next());
}

const std::vector<Run>& Taps::runs(Index t, std::vector<Run>& scratch) const {
  if (!kept_.empty()) return kept_[at(t)];
  Shape tap(window_.rank());
  for (std::size_t i = tap.size(); i-- > 0; t /= window_.kernel[i]) tap[i] = t % window_.kernel[i];
  return scratch = runs_of_tap(window_, tap);
}
}  // namespace tulle::ops
