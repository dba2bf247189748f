#include "passes/passes.hpp"

#include <algorithm>

#include "passes/list.hpp"

namespace tulle::passes {
namespace {
struct Pass {
  const char* name;
  void (*run)(Rewriter&);
};
// In order: patterns of small nodes first (they read what later passes replace), then what carries weights,
// then what is fused into it.
constexpr Pass kPasses[] = {
    {"repeats", merge_repeats},
    {"views", join_views},
    {"layer_norm", fuse_layer_norm},
    {"gelu", fuse_gelu},
    {"gates", fuse_gates},
    {"activations", name_activations},
    {"conv", normalize_conv},
    {"pad", fold_pad},
    {"conv_transpose", cut_conv_transpose},
    {"depth_to_space", sink_depth_to_space},
    {"linear", make_linear},
    {"recurrent", split_recurrent},
    {"rows", join_views},
    {"affine", fold_affine},
    {"batch_norm", split_batch_norm},
    {"qkv", cut_qkv},
    {"attention", fuse_attention},
    {"views again", join_views},
    {"resize", move_resize},
    {"subnormal weights", drop_subnormal_weights},
    {"residual", fuse_residual},
    {"epilogue", fuse_activation},
    {"repeats again", merge_repeats},
};

std::string line(const char* pass, const std::vector<std::string>& notes) {
  constexpr std::size_t kShown = 3, kLongestName = 60;
  std::string text = std::string(pass) + ": " + std::to_string(notes.size());
  for (std::size_t i = 0; i < std::min(kShown, notes.size()); ++i)
    text += (i ? ", " : " (") + notes[i].substr(0, kLongestName);
  return text + (notes.size() > kShown ? ", ...)" : ")");
}
}  // namespace

Graph optimize(const Graph& g, Log& log) {
  Graph out = g;
  for (const Pass& pass : kPasses) {
    Rewriter rewriter(out);
    pass.run(rewriter);
    if (!rewriter.notes().empty()) log.push_back(line(pass.name, rewriter.notes()));
    rewriter.finish();
  }
  return out;
}
}  // namespace tulle::passes
