#pragma once
#include <map>
#include "formats/pattern.hpp"
#include "graph/graph.hpp"

namespace tulle::lab {
/// The f32 constant of a node that multiplies by one, as a matrix of outputs x inputs; tensor is null for other nodes.
struct Weight {
  const Tensor* tensor = nullptr;
  Index rows = 0, cols = 0;
  bool transposed = false;  ///< it lies as inputs x outputs
};
Weight weight_of(const graph::Graph&, const graph::Node&);

/// What the zeros of each layer's weight look like, by the node's name.
std::map<std::string, Pattern> patterns(const graph::Graph&);
}  // namespace tulle::lab
