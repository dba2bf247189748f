#pragma once
#include "ops/product.hpp"
#include "ops/window.hpp"

namespace tulle::ops {
/// X [n, groups * c, in...] convolved with W [groups * m, c, kernel...] to [n, groups * m, out...].
struct Convolution {
  Window window;
  Taps taps;
  Index n = 0, groups = 1, c = 0, m = 0;  ///< c, m: channels of a group
  Index in_size = 0, out_size = 0, kernel_size = 0;
};
/// Sizes from the inputs x and w of the call (as if they were Conv's first two) and its attributes.
Convolution convolution(const Call&, const Argument& x, const Argument& w);
/// [n, channels, out...]
Shape output_shape(const Convolution&);

/// emit(image, output channel, sums) for each output plane; sums are out_size values of Acc.
template <class Acc, class X, class W, class Emit>
void convolve(const Convolution& conv, const X* x, const W* w, const Emit& emit) {
  std::vector<Acc> sums(at(conv.out_size));
  std::vector<Run> scratch;
  const Index channels = conv.groups * conv.m;
  for (Index plane = 0; plane < conv.n * channels; ++plane) {
    const Index image = plane / channels, channel = plane % channels, group = channel / conv.m;
    const X* in = x + (image * conv.groups + group) * conv.c * conv.in_size;
    const W* weights = w + channel * conv.c * conv.kernel_size;
    std::fill(sums.begin(), sums.end(), Acc{});
    for (Index c = 0; c < conv.c; ++c, in += conv.in_size)
      for (Index tap = 0; tap < conv.taps.count(); ++tap) {
        const Acc weight = static_cast<Acc>(*weights++);
        for (const Run& run : conv.taps.runs(tap, scratch))
          if (conv.taps.step() == 1)
            axpy(weight, in + run.in, sums.data() + run.out, run.count);
          else
            for (Index i = 0; i < run.count; ++i)
              sums[at(run.out + i)] += weight * static_cast<Acc>(in[run.in + i * conv.taps.step()]);
      }
    emit(image, channel, sums.data());
  }
}
}  // namespace tulle::ops
