// 1 x 1 convolutions: NCHW is row-major, NHWC are tokens, and an image is a matrix [channels][pixels].
#include "library/convolution_plan.hpp"

namespace tulle::library {
namespace {
/// The same product for one image after the other.
class ImageByImage final : public Product {
 public:
  ImageByImage(std::unique_ptr<Product> one, Index images, Index x_stride, Index y_stride)
      : one_(std::move(one)), images_(images), x_stride_(x_stride), y_stride_(y_stride) {}
  void run(const Operands& o, float* scratch) const noexcept override {
    for (Index i = 0; i < images_; ++i)
      one_->run({o.b + i * x_stride_, o.c + i * y_stride_, o.r ? o.r + i * y_stride_ : nullptr}, scratch);
  }
  Index scratch_floats() const override { return one_->scratch_floats(); }
  std::size_t bytes() const override { return one_->bytes(); }

 private:
  std::unique_ptr<Product> one_;
  Index images_, x_stride_, y_stride_;
};

bool single_pixel(const ConvolutionTask& t) {
  return t.shape.in == Resolution{1, 1};
}
DenseOrder order_of(const ConvolutionTask& t, ImageOrder order) {
  if (order == ImageOrder::panels) return DenseOrder::panels;
  return order == ImageOrder::nhwc || single_pixel(t) ? DenseOrder::tokens : DenseOrder::row_major;
}

/// Row-major results end in a tile that runs on its own (tiles.hpp): a weight from beyond the L2 cache then arrives twice.
/// 2048 channels from 512 at 7 x 7, 80 % zeros: 299 us as a matrix, 224 through panels.
bool weight_arrives_twice(const ConvolutionTask& t) {
  constexpr Index kBytesPerEntry = 15;  // of generated code and values
  const Index pixels = t.shape.in.height * t.shape.in.width;
  return order_of(t, t.y_order) == DenseOrder::row_major && pixels > kLanes && pixels % kLanes != 0 &&
         t.weight.view().nnz() * kBytesPerEntry > cpu_info().l2_bytes / 2;
}
}  // namespace

bool is_pixelwise(const ConvolutionTask& t) {
  const ConvShape& c = t.shape;
  const bool plain = c.kernel_y * c.kernel_x == 1 && !c.strided() && c.groups == 1 && c.in == c.out &&
                     c.pad_top == 0 && c.pad_left == 0;
  const auto is_tokens = [&](ImageOrder order) { return order_of(t, order) == DenseOrder::tokens; };
  const bool planes = t.x_order == ImageOrder::planes || t.y_order == ImageOrder::planes;
  if (!plain || planes || weight_arrives_twice(t)) return false;
  return t.shape.images == 1 || is_tokens(t.x_order) == is_tokens(t.y_order);
}

void offer_pixelwise(const ConvolutionTask& t, std::vector<Offer>& offers) {
  const Index pixels = t.shape.in.height * t.shape.in.width;
  const DenseOrder x = order_of(t, t.x_order), y = order_of(t, t.y_order);
  const Index images = x == DenseOrder::tokens ? 1 : t.shape.images, n = pixels * t.shape.images / images;
  auto task = std::make_shared<Task>(Task{.a = t.weight.view(),
                                          .n = n,
                                          .b_order = x,
                                          .c_order = y,
                                          .ldb = natural_ld(x, t.weight.cols, n),
                                          .ldc = natural_ld(y, t.weight.rows, n),
                                          .bias = t.bias,
                                          .residual = t.residual,
                                          .activation = t.activation,
                                          .threads = t.threads});
  const std::size_t before = offers.size();
  offer_tiles(*task, offers);
  offer_rows(*task, offers);
  offer_vectors(*task, offers);
  for (std::size_t i = before; i < offers.size(); ++i) {
    Offer& offer = offers[i];
    offer.cost_us *= static_cast<double>(images);
    offer.prepare = [task, images, &t, prepare = std::move(offer.prepare)]() -> std::unique_ptr<Product> {
      if (images == 1) return prepare();
      return std::make_unique<ImageByImage>(prepare(), images, t.x.group_stride, t.y.group_stride);
    };
  }
}
}  // namespace tulle::library
