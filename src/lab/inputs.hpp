#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>
#include "core/tensor.hpp"
#include "tulle/model.hpp"

namespace tulle::lab {
/// Tensors by name that outlive the views made of them.
using Inputs = std::vector<std::pair<std::string, Tensor>>;

/// "input_ids:1x128,attention_mask:1x128"; "x:" is a scalar. Throws Error naming the part that cannot be read.
std::map<std::string, Shape> parse_shapes(const std::string&);

/// Seeded random inputs of the model's types: normal f32, integers in [0, 100) but masks 1 and token types 0. Shapes
/// are the file's where they are fixed; an Error names an input whose symbolic dimension was not given.
Inputs random_inputs(const Model&, const std::map<std::string, Shape>& shapes, unsigned seed = 0);

/// From an .npz, or an .npy where the model has one input. Names and types are left for the session to check.
Inputs read_inputs(const Model&, const std::filesystem::path&);

std::vector<NamedInput> views(const Inputs&);
}  // namespace tulle::lab
