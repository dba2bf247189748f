#pragma once
#include <map>
#include <string>

#include "graph/graph.hpp"

namespace tulle::passes {
/// Sets the types of the graph's inputs from the shapes given, after checking them against what the file
/// declares. An input whose declared shape has no symbol may be left out.
void set_input_types(graph::Graph&, const std::map<std::string, Shape>& shapes);
}  // namespace tulle::passes
