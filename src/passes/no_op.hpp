#pragma once
#include "ops/op.hpp"

namespace tulle::passes {
/// Whether the node's first output always equals its first input, given what its inputs are known to be:
/// Identity, Dropout outside training, Cast to the same type, Reshape to the same shape and the like.
bool is_no_op(const ops::Call&, const TensorType& output);
}  // namespace tulle::passes
