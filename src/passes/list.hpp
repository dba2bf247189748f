#pragma once
#include "passes/rewriter.hpp"
// The rewrites; each one's pattern and result stand at the top of its file. passes.cpp runs them in order.
namespace tulle::passes {
void merge_repeats(Rewriter&);
void join_views(Rewriter&);
void fuse_layer_norm(Rewriter&);
void fuse_gelu(Rewriter&);
void fuse_gates(Rewriter&);
void name_activations(Rewriter&);
void normalize_conv(Rewriter&);
void fold_pad(Rewriter&);
void cut_conv_transpose(Rewriter&);
void sink_depth_to_space(Rewriter&);
void make_linear(Rewriter&);
void split_recurrent(Rewriter&);
void fold_affine(Rewriter&);
void split_batch_norm(Rewriter&);
void cut_qkv(Rewriter&);
void fuse_attention(Rewriter&);
void move_resize(Rewriter&);
void drop_subnormal_weights(Rewriter&);
void fuse_residual(Rewriter&);
void fuse_activation(Rewriter&);
}  // namespace tulle::passes
