#pragma once
#include <map>
#include <string>
#include <vector>

#include "graph/graph.hpp"

namespace tulle::passes {
/// What the passes did, one line each, for `explain` and --verbose: "fold: 212 nodes", "gelu: /layer.0/...".
using Log = std::vector<std::string>;

/// The graph for these input shapes: types of all values that do not depend on data, everything constant
/// folded (Shape, Constant, ConstantOfShape, If with a constant condition is replaced by its branch), dead
/// nodes gone. Throws Error on shapes that disagree, on an unknown or missing input name, on a symbol with
/// two sizes.
graph::Graph specialize(const graph::Graph&, const std::map<std::string, Shape>& input_shapes, Log&);

/// The list of rewrites, in order: see passes.cpp. Needs and keeps what specialize gives. The nodes that
/// fusion makes have domain "tulle" and version 1, and operators in ops/ so that interpret() runs the fused
/// graph too.
graph::Graph optimize(const graph::Graph&, Log&);
}  // namespace tulle::passes
