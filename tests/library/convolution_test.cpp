// Every kernel behind plan_convolution against a direct convolution in f64:
// |error| <= (nnz + 4) 2^-24 sum |w x| and what else is added.
#include "tulle/convolution.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "core/cpu.hpp"
#include "formats/generate.hpp"
#include "kernels/linear/kernel.hpp"
#include "kernels/pointwise/scalar.hpp"
#include "support/guarded.hpp"
#include "support/temp_folder.hpp"
#include "support/tsan.hpp"

using namespace tulle;
using test::Guarded;

namespace {
using enum ImageOrder;

#ifdef __SANITIZE_THREAD__
constexpr int kThreads = 1;  // it does not know libgomp's barriers
#else
constexpr int kThreads = 2;
#endif

/// W at random, and operands that end at pages nobody may touch, Y full of NaN.
struct Case {
  Case(ImageShape image, Index out_channels, ConvolutionOptions o, double zeros = 0.7)
      : x_shape(image),
        options(std::move(o)),
        w(generate::uniform(out_channels, image.channels / options.groups * taps(), zeros, 1)),
        plan(plan_convolution(w.view(), image, options)),
        x(plan.x_floats()),
        y(plan.y_floats()),
        r(plan.y_floats()) {
    fill(x, plan.x_layout(), 2);
    fill(r, plan.y_layout(), 3);
    if (options.y_order == planes) std::fill_n(y.data(), y.size(), 0.0f);
  }
  Index taps() const { return options.kernel_shape[0] * options.kernel_shape[1]; }
  void run() { plan.run(x.data(), y.data(), options.residual ? r.data() : nullptr); }

  /// Random pixels; zeros where planes have none, rubbish where panels have none.
  static void fill(Guarded& to, const Layout& l, unsigned seed) {
    Guarded pixels(l.groups * l.features * l.height * l.width);
    pixels.randomize(seed);
    std::fill_n(to.data(), to.size(), l.zero_padded ? 0.0f : 7e7f);
    Index next = 0;
    for (Index g = 0; g < l.groups; ++g)
      for (Index f = 0; f < l.features; ++f)
        for (Index row = 0; row < l.height; ++row)
          for (Index col = 0; col < l.width; ++col) to[l.at(g, f, row, col)] = pixels[next++];
  }

  struct Sum {
    double value = 0, size = 0;
    Index count = 0;
    void add(double term) { value += term, size += std::abs(term), ++count; }
  };
  /// Straight from ONNX's definition of Conv.
  Sum direct(Index image, Index channel, Index row, Index col) {
    Sum sum;
    const Index kx = options.kernel_shape[1], in_group = x_shape.channels / options.groups;
    const Index first = channel / (w.rows / options.groups) * in_group;
    for (Index e = w.offsets[channel]; e < w.offsets[channel + 1]; ++e) {
      const Index column = w.columns[e], tap = column % taps();
      const Index at_y = row * options.strides[0] + tap / kx * options.dilations[0] - options.pads[0];
      const Index at_x = col * options.strides[1] + tap % kx * options.dilations[1] - options.pads[1];
      if (at_y < 0 || at_y >= x_shape.height || at_x < 0 || at_x >= x_shape.width) continue;
      sum.add(double(w.values[e]) * x[plan.x_layout().at(image, first + column / taps(), at_y, at_x)]);
    }
    return sum;
  }
  void expect_right() {
    const Layout to = plan.y_layout();
    for (Index g = 0; g < to.groups; ++g)
      for (Index f = 0; f < to.features; ++f)
        for (Index row = 0; row < to.height; ++row)
          for (Index col = 0; col < to.width; ++col) {
            Sum sum = direct(g, f, row, col);
            const Index at = to.at(g, f, row, col);
            if (!options.bias.empty()) sum.add(options.bias[f]);
            if (options.residual) sum.add(r[at]);
            const double want = pointwise::activate(options.activation, sum.value);
            const bool curved = options.activation.kind > ActivationKind::leaky_relu;
            const double bound = 1.2 * static_cast<double>(sum.count + 4) * std::ldexp(sum.size, -24) +
                                 (curved ? 1e-6 * std::max(1.0, std::abs(want)) : 0);
            ASSERT_LE(std::abs(y[at] - want), bound) << "image " << g << ", channel " << f << ", row " << row
                                                     << ", column " << col << ", " << plan.kernel();
          }
    if (to.zero_padded) expect_padding_zero();
  }
  void expect_padding_zero() {
    const Layout to = plan.y_layout();
    std::vector<bool> pixel(static_cast<std::size_t>(y.size()));
    for (Index g = 0; g < to.groups; ++g)
      for (Index f = 0; f < to.features; ++f)
        for (Index row = 0; row < to.height; ++row)
          for (Index col = 0; col < to.width; ++col)
            pixel[static_cast<std::size_t>(to.at(g, f, row, col))] = true;
    for (Index i = 0; i < y.size(); ++i)
      ASSERT_TRUE(pixel[static_cast<std::size_t>(i)] || y[i] == 0) << "float " << i;
  }

  ImageShape x_shape;
  ConvolutionOptions options;
  Csr w;
  ConvolutionPlan plan;
  Guarded x, y, r;
};

class Convolution : public testing::TestWithParam<std::string> {
 protected:
  /// With this kernel; nothing if it refuses the case or needs another CPU.
  void check(ImageShape image, Index out_channels, ConvolutionOptions o, double zeros = 0.7) {
    o.kernel = GetParam();
    SCOPED_TRACE(testing::Message() << image.images << "x" << image.channels << "x" << image.height << "x"
                                    << image.width << ", kernel " << o.kernel_shape[0] << "x"
                                    << o.kernel_shape[1] << ", stride " << o.strides[1] << ", groups "
                                    << o.groups << ", orders " << int(o.x_order) << " " << int(o.y_order)
                                    << ", threads " << o.threads);
    std::unique_ptr<Case> test;
    try {
      test = std::make_unique<Case>(image, out_channels, o, zeros);
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("kernel"), std::string::npos) << e.what();
      return;
    }
    ++accepted;
    test->run();
    ASSERT_NO_FATAL_FAILURE(test->expect_right());
    test->run();  // scratch has been used
    ASSERT_NO_FATAL_FAILURE(test->expect_right());
  }
  void TearDown() override {
    if (!accepted && !HasFatalFailure()) GTEST_SKIP() << GetParam() << " refuses here";
  }
  int accepted = 0;
};

std::vector<std::string> kernels() {
  std::vector<std::string> names;
  for (const linear::Kernel* kernel : linear::kernels()) names.emplace_back(kernel->name);
  return names;
}
std::string readable(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(Kernels, Convolution, testing::ValuesIn(kernels()), readable);
}  // namespace

TEST_P(Convolution, IsRightForAnyWindow) {
  for (std::array<Index, 2> kernel : {std::array<Index, 2>{1, 1}, {3, 3}, {1, 5}, {4, 2}})
    for (Index stride : {1, 2, 3})
      for (Index dilation : {1, 2})
        for (std::array<Index, 4> pads : {std::array<Index, 4>{0, 0, 0, 0}, {1, 1, 1, 1}, {3, 0, 2, 4}})
          ASSERT_NO_FATAL_FAILURE(check({1, 5, 11, 13}, 7,
                                        {.kernel_shape = kernel,
                                         .strides = {stride, stride == 3 ? 1 : stride},
                                         .dilations = {dilation, 1},
                                         .pads = pads}));
}

TEST_P(Convolution, IsRightInAnyOrderForAnyThreads) {
  for (Index kernel : {1, 3})
    for (Index stride : {1, 2})
      for (ImageOrder x : {nchw, nhwc, panels, planes})
        for (ImageOrder y : {nchw, nhwc, panels, planes})
          for (int threads = 1; threads <= kThreads; ++threads)
            ASSERT_NO_FATAL_FAILURE(check({2, 6, 9, 7}, 37,
                                          {.kernel_shape = {kernel, kernel},
                                           .strides = {stride, stride},
                                           .pads = {kernel / 2, kernel / 2, kernel / 2, kernel / 2},
                                           .threads = threads,
                                           .x_order = x,
                                           .y_order = y}));
}

TEST_P(Convolution, IsRightForAnySize) {
  for (auto [height, width] : {std::array<Index, 2>{1, 1}, {1, 40}, {7, 7}, {4, 4}, {16, 8}, {14, 14}})
    for (Index channels : {1, 17, 64})
      for (Index kernel : {1, 3})
        for (double zeros : {0.0, 0.9})
          ASSERT_NO_FATAL_FAILURE(check(
              {1, channels, height, width}, 33,
              {.kernel_shape = {kernel, kernel}, .pads = {kernel / 2, kernel / 2, kernel / 2, kernel / 2}},
              zeros));
}

TEST_P(Convolution, TakesGroups) {
  for (auto [channels, groups, out] : {std::array<Index, 3>{6, 2, 10}, {12, 12, 12}, {8, 8, 24}, {9, 3, 3}})
    for (Index kernel : {1, 3})
      for (Index stride : {1, 2})
        ASSERT_NO_FATAL_FAILURE(check({2, channels, 10, 9}, out,
                                      {.kernel_shape = {kernel, kernel},
                                       .strides = {stride, stride},
                                       .pads = {kernel / 2, kernel / 2, kernel / 2, kernel / 2},
                                       .groups = groups},
                                      0.3));
}

TEST_P(Convolution, AddsAndBends) {
  std::vector<float> bias(21);
  generate::fill_values(bias, 5);
  using enum ActivationKind;
  for (Activation f : {Activation{}, {relu}, {clip, -0.5f, 0.75f}, {gelu}})
    for (bool residual : {false, true})
      for (ImageOrder order : {nchw, nhwc, panels, planes})
        for (Index kernel : {1, 3})
          ASSERT_NO_FATAL_FAILURE(check({2, 5, 6, 7}, 21,
                                        {.kernel_shape = {kernel, kernel},
                                         .pads = {kernel / 2, kernel / 2, kernel / 2, kernel / 2},
                                         .x_order = order,
                                         .y_order = order,
                                         .bias = bias,
                                         .residual = residual,
                                         .activation = f}));
}

TEST_P(Convolution, GivesTheSameBitsForAnyThreads) {
  SKIP_UNDER_TSAN();
  for (Index kernel : {1, 3}) {
    std::vector<std::vector<float>> results;
    for (int threads : {1, 2, 3}) {
      ConvolutionOptions o{.kernel_shape = {kernel, kernel}, .pads = {1, 1, 1, 1}, .threads = threads};
      o.kernel = GetParam();
      try {
        Case test({1, 12, 15, 15}, 50, o);
        test.run();
        ++accepted;
        results.emplace_back(test.y.data(), test.y.data() + test.y.size());
      } catch (const Error&) {
        continue;
      }
      ASSERT_EQ(results.back(), results.front()) << threads << " threads";
    }
  }
}

namespace {
ConvolutionOptions three_by_three() {
  return {.kernel_shape = {3, 3}, .pads = {1, 1, 1, 1}};
}
}  // namespace

TEST(ConvolutionPlans, AreRightWhicheverKernelWins) {
  for (Index kernel : {1, 3})
    for (double zeros : {0.0, 0.6, 0.95}) {
      Case test({1, 32, 14, 14}, 48, {.kernel_shape = {kernel, kernel}}, zeros);
      test.run();
      ASSERT_NO_FATAL_FAILURE(test.expect_right());
      EXPECT_FALSE(test.plan.why().empty());
      EXPECT_GT(test.plan.bytes(), 0u);
      EXPECT_GT(test.plan.planning_us(), 0);
      const auto won = [&](const KernelChoice& c) { return c.name == test.plan.kernel(); };
      EXPECT_TRUE(std::any_of(test.plan.candidates().begin(), test.plan.candidates().end(), won));
    }
}

TEST(ConvolutionPlans, ChainWithoutConversions) {
  Case first({1, 8, 10, 10}, 16, {.kernel_shape = {3, 3}, .pads = {1, 1, 1, 1}, .y_order = planes});
  first.run();
  ConvolutionOptions o = three_by_three();
  o.x_order = planes;
  Case second({1, 16, 10, 10}, 4, o);
  ASSERT_EQ(first.plan.y_layout(), second.plan.x_layout());
  std::copy_n(first.y.data(), first.y.size(), second.x.data());
  second.run();
  ASSERT_NO_FATAL_FAILURE(second.expect_right());
}

TEST(ConvolutionPlans, MayTakeYAsTheResidual) {
  for (ImageOrder order : {nchw, panels, planes}) {
    ConvolutionOptions o = three_by_three();
    o.y_order = order;
    o.residual = true;
    Case test({2, 5, 9, 9}, 6, o);
    std::copy_n(test.r.data(), test.r.size(), test.y.data());
    test.plan.run(test.x.data(), test.y.data(), test.y.data());
    ASSERT_NO_FATAL_FAILURE(test.expect_right());
  }
}

TEST(ConvolutionPlans, TakeNothing) {
  Case no_images({0, 3, 4, 4}, 5, three_by_three());
  no_images.run();
  EXPECT_EQ(no_images.plan.y_floats(), 0);
  Case no_channels({2, 3, 4, 4}, 0, three_by_three());
  no_channels.run();
  EXPECT_EQ(no_channels.plan.y_shape(), (ImageShape{2, 0, 4, 4}));
}

TEST(ConvolutionPlans, GiveAbsentEntriesNoPartInTheSum) {
  ConvolutionOptions o = three_by_three();
  o.finite = false;
  Case test({1, 4, 6, 6}, 9, o, 0.95);
  for (Index i = 0; i < test.x.size(); ++i) test.x[i] = std::numeric_limits<float>::infinity();
  test.run();
  for (Index f = 0; f < 9; ++f)
    for (Index i = 0; i < 36; ++i)
      ASSERT_TRUE(test.y[f * 36 + i] == 0 || test.w.offsets[f] < test.w.offsets[f + 1]);
}

TEST(ConvolutionPlans, RunInManyThreadsAtOnceAndMove) {
  Case test({1, 12, 9, 9}, 20, three_by_three());
  const ConvolutionPlan plan = std::move(test.plan);
  const auto count = static_cast<std::size_t>(test.y.size());
  std::vector<std::vector<float>> results(4, std::vector<float>(count));
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) plan.run(test.x.data(), result.data());
    });
  for (std::thread& t : threads) t.join();
  plan.run(test.x.data(), test.y.data());
  for (const auto& result : results) EXPECT_TRUE(std::equal(result.begin(), result.end(), test.y.data()));
}

TEST(ConvolutionPlans, SayWhatTheyRefuse) {
  const Csr w = generate::uniform(6, 36, 0.5, 1);
  const ImageShape image{1, 4, 8, 8};
  const auto planned = [&](const ImageShape& x, const ConvolutionOptions& o) {
    return test::message_of<Error>([&] { plan_convolution(w.view(), x, o); });
  };
  const auto with = [&](auto change) {
    ConvolutionOptions o = three_by_three();
    change(o);
    return planned(image, o);
  };
  using Options = ConvolutionOptions;
  const std::vector<float> bias(4);
  EXPECT_EQ(planned(image, three_by_three()), "");
  EXPECT_EQ(planned(image, {}), "convolution: W: is 6 x 36; want 4 columns, 4 channels of a group x 1 x 1");
  EXPECT_EQ(planned({-1, 4, 8, 8}, three_by_three()), "convolution: images: is -1; want 0 to 2147483648");
  EXPECT_EQ(planned({1, 4, 0, 8}, three_by_three()), "convolution: height: is 0; want 1 to 2147483648");
  EXPECT_EQ(with([](Options& o) { o.strides[1] = 0; }), "convolution: strides: is 0; want 1 to 4096");
  EXPECT_EQ(with([](Options& o) { o.pads[2] = -1; }), "convolution: pads: is -1; want 0 to 4096");
  EXPECT_EQ(with([](Options& o) { o.dilations[0] = 4000; }),
            "convolution: reach of the taps: is 8000; want 0 to 4096");
  EXPECT_EQ(with([](Options& o) { o.dilations[0] = 5; }),
            "convolution: height: 8 with pads 1 and 1 is less than the 11 that the kernel spans");
  EXPECT_EQ(with([](Options& o) { o.groups = 3; }),
            "convolution: groups: is 3; want a divisor of 4 channels and 6 rows of W");
  EXPECT_EQ(with([](Options& o) { o.threads = 0; }), "convolution: threads: is 0; want 1 to 1024");
  EXPECT_EQ(with([&](Options& o) { o.bias = bias; }),
            "convolution: bias: has 4 values; want 6, one per row of W");
  EXPECT_EQ(with([](Options& o) { o.kernel = "linear/none"; }),
            "convolution: kernel: there is no 'linear/none'; see the candidates of a plan");
  for (const ImageShape& huge : {ImageShape{1, 4, 1 << 20, 1 << 20},
                                 {Index{1} << 31, 4, 1 << 12, 1 << 12},
                                 {1, Index{1} << 40, 8, 8},
                                 {1, 4, Index{1} << 62, 8}})
    EXPECT_NE(planned(huge, three_by_three()), "");
  Csr broken = w;
  broken.columns.front() = 99;
  EXPECT_NE(test::message_of<Error>([&] { plan_convolution(broken.view(), image, three_by_three()); }), "");
}

TEST(ConvolutionRuns, SayWhatTheyRefuse) {
  Case test({1, 4, 8, 8}, 6, three_by_three());
  const auto run = [&](const float* x, float* y, const float* r = nullptr) {
    return test::message_of<Error>([&] { test.plan.run(x, y, r); });
  };
  const float* x = test.x.data();
  float* y = test.y.data();
  EXPECT_EQ(run(nullptr, y), "convolution: X has no data");
  EXPECT_EQ(run(x, nullptr), "convolution: Y has no data");
  EXPECT_EQ(run(y + 1, y), "convolution: Y overlaps X");
  EXPECT_EQ(run(x, y, x),
            "convolution: a residual is given, but the plan has none (ConvolutionOptions::residual)");
}
