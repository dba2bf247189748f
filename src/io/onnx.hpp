#pragma once
#include <filesystem>
#include <span>

#include "graph/graph.hpp"

namespace tulle::io {
struct ReadOptions {
  bool follow_links = false;  ///< external data may lie behind symbolic and hard links (caches of model hubs)
  /// The most bytes that the sparse tensors and repeated constants of a model may grow to in memory.
  Index most_grown_bytes = Index{2} << 30;
};

/// Reads an ONNX model, opset 7 to 28 of ai.onnx, IR version 3 to 14: the graph sorted and checked,
/// model-local functions inlined, Constant nodes and initializers (those that are graph inputs too, and
/// sparse ones) as constants. Whether Tulle knows the operators is not asked here. An Error names the file,
/// the place in it and the reason.
graph::Graph read_onnx(const std::filesystem::path&, const ReadOptions& = {});

/// The same from memory. External data are looked for in `folder`; an empty one refuses them.
graph::Graph parse_onnx(std::span<const std::byte>, const std::filesystem::path& folder = {},
                        const ReadOptions& = {});
}  // namespace tulle::io
