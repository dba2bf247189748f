#pragma once
#include "plan/builder.hpp"

namespace tulle::plan {
/// What the node's convolution reads: what its input is held as, or will be.
ConvSource source_of(const Builder&, const ConvShape&, graph::ValueId x);
Form read_source(Builder&, const ConvShape&, const ConvSource&, graph::ValueId x);

/// The node as a convolution that reads phase images of its input 0, and will be lowered to that; else nullopt.
std::optional<ConvShape> phase_reader(const Builder&, const graph::Node&);

/// A 1x1 convolution does not mix pixels: from phase images of its input it makes those of its output. It does so for
/// its only reader, a strided convolution, where its input has fewer channels to move than its output.
struct PhasedConv {
  ConvShape reader;
  Layout in, out;
};
std::optional<PhasedConv> phased(const Builder&, const ConvShape&, const graph::Node&);
Form read_phases(Builder&, const PhasedConv&, graph::ValueId x);
}  // namespace tulle::plan
