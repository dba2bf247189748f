#include <algorithm>
#include "core/threads.hpp"
#include "kernels/pool/kernel.hpp"
#include "plan/lowering.hpp"
#include "library/parts.hpp"

namespace tulle::plan {
namespace {
class PoolStep final : public Step {
 public:
  PoolStep(pool::Problem p, Form x, Form y) : problem_(p), x_(std::move(x)), y_(std::move(y)) {}
  void run(const Frame& f) const override {
    library::for_parts(y_.layout, f.threads, [&](Part part) {
      kernel_.run(problem_, x_.layout, f.at(x_.buffer, x_.offset), y_.layout, f.at(y_.buffer, y_.offset), part);
    });
  }

 private:
  pool::Problem problem_;
  Form x_, y_;
  const pool::Kernel& kernel_ = pool::best(cpu_features());
};

class MeanStep final : public Step {
 public:
  MeanStep(Form x, Form y) : x_(std::move(x)), y_(std::move(y)) {}
  void run(const Frame& f) const override {
    const Index features = x_.layout.features;
    parallel_for(x_.layout.groups * features, f.threads, [&](Index first, Index last) {
      while (first < last) {
        const Index g = first / features, from = first % features, to = std::min(features, from + last - first);
        kernel_.mean(x_.layout, f.at(x_.buffer, x_.offset), y_.layout, f.at(y_.buffer, y_.offset), g, from, to);
        first += to - from;
      }
    });
  }

 private:
  Form x_, y_;
  const pool::Kernel& kernel_ = pool::best(cpu_features());
};

// The mean over all pixels, into the row-major [N, C, 1, 1] that is [N, C] as well.
bool lower_mean(Builder& b, const graph::Node& n) {
  const graph::ValueId x = n.inputs[0], y = n.outputs[0];
  const Form* has = b.find(x, Axes::image);
  if (!has) return false;
  const Form in = *has;
  const BufferId rows = b.make_rows(y);
  const Shape pixels{b.shape(x)[0], b.shape(x)[1], 1, 1};
  const Form out{Axes::image, row_major(pixels, Axes::image, true), rows, 0};
  b.layer().kernel = pool::best(cpu_features()).name;
  b.layer().layout = "rows";
  b.emit(std::make_unique<MeanStep>(in, out), {in.buffer, rows}, b.layer().kernel);
  return true;
}

bool is_mean_of_pixels(const Builder& b, const graph::Node& n) {
  if (b.shape(n.inputs[0]).size() != 4) return false;
  if (n.op == "GlobalAveragePool") return true;
  if (n.op != "ReduceMean") return false;
  std::vector<Index> axes = n.ints_attribute("axes");
  if (n.inputs.size() > 1 && n.inputs[1] != graph::kAbsent) {
    if (!b.is_constant(n.inputs[1])) return false;
    const auto given = b.graph().value(n.inputs[1]).constant.as<Index>();
    axes.assign(given.begin(), given.end());
  }
  for (Index& a : axes) a = a < 0 ? a + 4 : a;
  std::sort(axes.begin(), axes.end());
  return axes == std::vector<Index>{2, 3};
}

// The window's shape is what a convolution's is.
pool::Problem problem_of(const Builder& b, const graph::Node& n) {
  const auto window = n.ints_attribute("kernel_shape"), strides = n.ints_attribute("strides", {1, 1}),
             dilations = n.ints_attribute("dilations", {1, 1});
  const Shape &x = b.shape(n.inputs[0]), &y = b.shape(n.outputs[0]);
  pool::Problem p{.kind = n.op == "MaxPool" ? pool::Kind::max : pool::Kind::average};
  p.kernel_y = window[0], p.kernel_x = window[1];
  p.step_y = strides[0], p.step_x = strides[1];
  p.dilation_y = dilations[0], p.dilation_x = dilations[1];
  p.count_padding = n.int_attribute("count_include_pad", 0) != 0;
  const std::string automatic = n.string_attribute("auto_pad", "NOTSET");
  if (automatic == "NOTSET") {
    const auto pads = n.ints_attribute("pads", {0, 0, 0, 0});
    p.pad_top = pads[0], p.pad_left = pads[1], p.pad_bottom = pads[2], p.pad_right = pads[3];
  } else if (automatic != "VALID") {
    const bool upper = automatic == "SAME_UPPER";
    const Index rows = std::max<Index>(0, (y[2] - 1) * p.step_y + (p.kernel_y - 1) * p.dilation_y + 1 - x[2]);
    const Index cols = std::max<Index>(0, (y[3] - 1) * p.step_x + (p.kernel_x - 1) * p.dilation_x + 1 - x[3]);
    p.pad_top = upper ? rows / 2 : rows - rows / 2, p.pad_bottom = rows - p.pad_top;
    p.pad_left = upper ? cols / 2 : cols - cols / 2, p.pad_right = cols - p.pad_left;
  }
  return p;
}
}  // namespace

bool lower_pool(Builder& b, const graph::Node& n) {
  if (!n.domain.empty() || n.inputs.empty() || b.dtype(n.inputs[0]) != DType::f32) return false;
  if (element_count(b.shape(n.inputs[0])) == 0) return false;
  if (is_mean_of_pixels(b, n)) return lower_mean(b, n);
  if ((n.op != "MaxPool" && n.op != "AveragePool") || b.shape(n.inputs[0]).size() != 4 || n.outputs.size() > 1) return false;
  if (n.op == "AveragePool" && n.int_attribute("ceil_mode", 0)) return false;  // windows past the padding: the operator's rule
  const graph::ValueId x = n.inputs[0], y = n.outputs[0];
  if (!b.find(x, Axes::image)) return false;
  const Form in = b.image(x, Builder::Want::any);
  const Form out = b.make(y, Axes::image, b.image_layout(y, b.images().wants_planes(y) ? Builder::Want::planes : Builder::Want::panels));
  b.layer().kernel = pool::best(cpu_features()).name;
  b.layer().layout = describe(out.layout);
  b.emit(std::make_unique<PoolStep>(problem_of(b, n), in, out), {in.buffer, out.buffer}, b.layer().kernel);
  return true;
}
}  // namespace tulle::plan
