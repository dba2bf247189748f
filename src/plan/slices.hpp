#pragma once
#include "graph/graph.hpp"

namespace tulle::plan {
/// How many items of the batch (dimension 0 of every input) one run of the plan should take, so that a layer's
/// activations stay in cache and still fill the lanes; 0: the whole batch. Only for graphs in which no node mixes items.
Index slice_size(const graph::Graph& optimised);
/// The model with dimension 0 of every input free, whatever the file says.
graph::Graph with_free_batch(const graph::Graph& model);
/// The second graph is the first for a batch of `part`: the same nodes, shapes alike but for dimension 0.
bool same_but_batch(const graph::Graph& whole, const graph::Graph& sliced, Index part);
}  // namespace tulle::plan
