// Y = W * X, a convolution with a square kernel, as much padding as keeps the size (kernel / 2), on square images. The matrix
// is W, its columns (channel, ky, kx). n: images; further keys "kernel", "size" (of X), "stride". Operand "x": n x channels x
// size x size; Y: n x m x out x out. Order "row_major": NCHW, conversions count; "own": contenders are given X and give Y in
// layouts of their own choice, as between the layers of a network.
#include "tulle/convolution.hpp"
#include <cmath>
#include "core/buffer.hpp"
#include "core/checked.hpp"
#include "core/cpu.hpp"
#include "core/threads.hpp"
#include "lab/operations/list.hpp"
#include "lab/values.hpp"
#include "tulle/spmm.hpp"

namespace tulle::lab {
namespace {
constexpr unsigned kSeed = 20251203;

Index whole(const Parameters& p, std::string_view name, Index least, Index most) {
  const double value = p.find(name)->second;
  if (value != std::floor(value) || value < static_cast<double>(least) || value > static_cast<double>(most))
    throw Error("conv", "'" + std::string(name) + "' wants a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return static_cast<Index>(value);
}

struct Window {
  Window(const Parameters& p, const CsrView& w)
      : kernel(whole(p, "kernel", 1, 63)), size(whole(p, "size", 1, 4096)), stride(whole(p, "stride", 1, 64)), channels(w.cols / (kernel * kernel)), out((size + 2 * pad() - kernel) / stride + 1) {
    if (channels * kernel * kernel != w.cols)
      throw Error("conv", std::to_string(w.cols) + " columns are no channels of " + std::to_string(kernel) + " x " + std::to_string(kernel) + " taps");
  }
  Index pad() const { return kernel / 2; }
  Index kernel, size, stride, channels, out;
};

/// Adds one weight times what its tap reads to a plane of the result.
void add_tap(const Window& w, Index column, double weight, const float* image, double* values, double* sizes) {
  const Index taps = w.kernel * w.kernel, ky = column % taps / w.kernel, kx = column % w.kernel;
  const float* plane = image + column / taps * w.size * w.size;
  for (Index oy = 0; oy < w.out; ++oy)
    for (Index ox = 0; ox < w.out; ++ox) {
      const Index y = oy * w.stride + ky - w.pad(), x = ox * w.stride + kx - w.pad();
      if (y < 0 || y >= w.size || x < 0 || x >= w.size) continue;
      const double term = weight * plane[y * w.size + x];
      values[oy * w.out + ox] += term, sizes[oy * w.out + ox] += std::abs(term);
    }
}

Expected convolved(const CsrView& a, const Window& w, Index images, const float* x) {
  const Index pixels = w.out * w.out;
  const auto count = static_cast<std::size_t>(checked_mul(checked_mul(images, a.rows, "Y"), pixels, "Y"));
  Expected e{{images, a.rows, w.out, w.out}, std::vector<double>(count), std::vector<double>(count), std::vector<double>(count)};
  parallel_for(images * a.rows, cpu_info().cores, [&](Index first, Index last) {
    for (Index plane = first; plane < last; ++plane) {
      const auto row = static_cast<std::size_t>(plane % a.rows);
      const float* image = x + plane / a.rows * w.channels * w.size * w.size;
      double* const values = e.values.data() + plane * pixels;
      double* const sizes = e.sizes.data() + plane * pixels;
      for (Index p = a.offsets[row]; p < a.offsets[row + 1]; ++p)
        add_tap(w, a.columns[static_cast<std::size_t>(p)], a.values[static_cast<std::size_t>(p)], image, values, sizes);
      for (Index i = 0; i < pixels; ++i)
        e.bounds[static_cast<std::size_t>(plane * pixels + i)] = sum_bound(a.offsets[row + 1] - a.offsets[row], sizes[i], values[i], DType::f32);
    }
  });
  return e;
}

Question ask(const Case& c, const CsrView& a) {
  const Window w(c.parameters, a);
  Question q;
  const Tensor& x = q.operands["x"] = normal({c.n, w.channels, w.size, w.size}, c.dtype, kSeed);
  q.expected = convolved(a, w, c.n, x.as<float>().data());
  const double each = 2 * static_cast<double>(c.n) * static_cast<double>(w.out * w.out);
  q.flops = each * static_cast<double>(a.nnz());
  q.dense_flops = each * static_cast<double>(a.rows) * static_cast<double>(a.cols);
  return q;
}

/// Calls body(index in NCHW, index in the layout) for each element.
template <class Body> void each_element(const Layout& l, const Body& body) {
  Index next = 0;
  for (Index g = 0; g < l.groups; ++g)
    for (Index f = 0; f < l.features; ++f)
      for (Index y = 0; y < l.height; ++y)
        for (Index x = 0; x < l.width; ++x) body(static_cast<std::size_t>(next++), static_cast<std::size_t>(l.at(g, f, y, x)));
}

ConvolutionPlan make_plan(const Job& job, const Window& w) {
  const bool pixelwise = w.kernel == 1 && w.stride == 1, own = job.order == "own";
  const ImageOrder x = !own ? ImageOrder::nchw : pixelwise ? ImageOrder::panels : ImageOrder::planes;
  return plan_convolution(job.a, {job.n, w.channels, w.size, w.size},
                          {.kernel_shape = {w.kernel, w.kernel}, .strides = {w.stride, w.stride},
                           .pads = {w.pad(), w.pad(), w.pad(), w.pad()}, .threads = job.threads, .x_order = x,
                           .y_order = own ? ImageOrder::panels : ImageOrder::nchw, .cold = job.cold, .kernel = job.kernel == "plan" ? "" : job.kernel});
}

class OwnKernel final : public Contender {
 public:
  explicit OwnKernel(const Job& job)
      : picked_(job.kernel == "plan"), plan_(make_plan(job, Window(job.parameters, job.a))),
        x_(static_cast<std::size_t>(plan_.x_floats())), y_(static_cast<std::size_t>(plan_.y_floats())) {
    const float* x = job.operand("x");
    each_element(plan_.x_layout(), [&](std::size_t from, std::size_t to) { x_[to] = x[from]; });
  }
  void run() override { plan_.run(x_.data(), y_.data()); }
  Tensor result() override {
    const Layout l = plan_.y_layout();
    Tensor out(TensorType{DType::f32, {l.groups, l.features, l.height, l.width}});
    const auto to = out.as_mutable<float>();
    each_element(l, [&](std::size_t i, std::size_t from) { to[i] = y_[from]; });
    return out;
  }
  std::string note() override { return picked_ ? "picked " + std::string(plan_.kernel()) : ""; }

 private:
  bool picked_;
  ConvolutionPlan plan_;
  Buffer<float> x_, y_;
};
}  // namespace

Operation conv_operation() {
  return {.name = "conv",
          .n = "images",
          .orders = {"row_major", "own"},
          .parameters = {{"kernel", 1}, {"size", 14}, {"stride", 1}},
          .ask = ask,
          .kernels = spmm_kernels,
          .prepare = [](const Job& job) -> std::unique_ptr<Contender> { return std::make_unique<OwnKernel>(job); }};
}
}  // namespace tulle::lab
