#pragma once
#include "graph/graph.hpp"
#include "tulle/model.hpp"

namespace tulle {
struct Model::Impl {
  graph::Graph graph;
  std::vector<TensorInfo> inputs, outputs;
  std::string key() const;  ///< hash of nodes and weights: the model's name in the plan cache
};
}  // namespace tulle
