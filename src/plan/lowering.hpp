#pragma once
#include "plan/builder.hpp"

namespace tulle::plan {
/// Lowers the current node if the rule fits it; false leaves the node to the next rule. A rule that returns false
/// may have converted inputs, but has made no output.
using Rule = bool (*)(Builder&, const graph::Node&);

bool lower_view(Builder&, const graph::Node&);        // Reshape, Flatten, Squeeze, Unsqueeze, Identity
bool lower_linear(Builder&, const graph::Node&);      // tulle.Linear
bool lower_conv(Builder&, const graph::Node&);        // tulle.Conv
bool lower_attention(Builder&, const graph::Node&);   // tulle.Attention
bool lower_recurrent(Builder&, const graph::Node&);   // tulle.LSTM, tulle.GRU
bool lower_norm(Builder&, const graph::Node&);        // LayerNormalization
bool lower_pool(Builder&, const graph::Node&);        // MaxPool, AveragePool, GlobalAveragePool, ReduceMean over pixels
bool lower_concat(Builder&, const graph::Node&);      // Concat of images along features
bool lower_resize(Builder&, const graph::Node&);      // Resize, Upsample of rows and columns
bool lower_rearrange(Builder&, const graph::Node&);   // Transpose from and to channels last, DepthToSpace
bool lower_pad(Builder&, const graph::Node&);         // Pad with channels of zeros
bool lower_pointwise(Builder&, const graph::Node&);   // Activation, Add, Mul, Sub, ... on panels and planes
bool lower_move(Builder&, const graph::Node&);        // Transpose, Concat, Gather of one position, row-major
bool lower_operator(Builder&, const graph::Node&);    // everything: the operator's own eval, row-major
}  // namespace tulle::plan
