#pragma once
#include "kernels/linear/kernel.hpp"
#include "plan/layouts.hpp"
#include "plan/plan.hpp"

namespace tulle::plan {
/// A value held in a buffer as floats under a layout.
struct Form {
  Axes axes = Axes::tokens;
  Layout layout;
  BufferId buffer = -1;
  Index offset = 0;  ///< floats
  /// Of Axes::phases: features from a phase to the next. 1: a channel's phases are neighbours; else its channels are.
  Index phase_stride = 1;
};

class Decisions;

/// Turns nodes into steps, one by one, in order; inserts a conversion wherever a reader wants a value in a form that
/// it does not have yet. Lowering rules (lower_*.cpp) use this and nothing else.
class Builder {
 public:
  Builder(const graph::Graph&, const Options&, Decisions&);
  std::unique_ptr<const Plan> build();

  const graph::Graph& graph() const { return graph_; }
  const graph::Node& node() const { return graph_.nodes[static_cast<std::size_t>(node_)]; }
  const Options& options() const { return options_; }
  const ImageAnalysis& images() const { return images_; }
  Decisions& decisions() { return decisions_; }
  const Shape& shape(graph::ValueId id) const { return graph_.value(id).type->shape; }
  DType dtype(graph::ValueId id) const { return graph_.value(id).type->dtype; }
  bool is_constant(graph::ValueId id) const { return graph_.is_constant(id); }

  /// The value in row-major order; constants are buffers too.
  BufferId rows(graph::ValueId);
  bool has_rows(graph::ValueId id) const { return held(id).rows >= 0; }
  /// The value with tokens in lanes, in panels.
  Form tokens(graph::ValueId);
  /// The value as an image: zero-padded planes, or panels of the same pitch, or whichever of the two it has.
  enum class Want { panels, planes, any };
  Form image(graph::ValueId, Want);
  /// The image form that the value has, whichever, or its row-major NCHW buffer as one.
  Form any_image(graph::ValueId);
  /// A panel or plane form that exists already (of these axes); else null.
  const Form* find(graph::ValueId) const;
  const Form* find(graph::ValueId, Axes) const;

  Layout token_layout(graph::ValueId id) const { return token_panels(token_shape(id), grouped_tokens_); }
  /// The shape as [.., tokens, features]; single pixels [N, C, 1, 1] are N tokens.
  Shape token_shape(graph::ValueId) const;
  Layout image_layout(graph::ValueId, Want) const;
  /// The node that alone reads the value, once; null where there are more, or where the value is an output.
  const graph::Node* only_reader(graph::ValueId) const;
  std::vector<const graph::Node*> readers(graph::ValueId) const;
  bool is_output(graph::ValueId id) const { return uses_.is_output[static_cast<std::size_t>(id)]; }
  /// New memory for a value in this form (or its place inside a Concat's output, when it has one of this layout).
  Form make(graph::ValueId, Axes, const Layout&);
  Form make_loose(Axes, const Layout&);  ///< memory that belongs to no value
  BufferId make_rows(graph::ValueId);
  BufferId make_scratch(Index count);  ///< floats
  /// The value lives in another value's memory: in place, or a view.
  void alias(graph::ValueId id, const Form& form) { held(id).forms.push_back(form); }
  void alias_rows(graph::ValueId id, BufferId buffer) { held(id).rows = buffer; }
  /// A Concat of f32 images along channels; its inputs are made in its output's memory where they can be.
  bool is_feature_concat(const graph::Node&) const;
  Form concat_form(const graph::Node&);  ///< of the output, made at its first use
  /// The current node, which reads the value once, may overwrite this form of it: nobody reads it later.
  bool dies_here(graph::ValueId, const Form&) const;

  /// Appends a step that reads and writes these buffers, on behalf of the current node.
  void emit(std::unique_ptr<Step>, const std::vector<BufferId>& touched, std::string label);
  /// Tells the product before this one what is read next, so that it can be prefetched.
  void follow_product(linear::Prepared& next);
  Layer& layer() { return plan_->layers.back(); }
  Plan& plan() { return *plan_; }

 private:
  struct Held {
    BufferId rows = -1;
    std::vector<Form> forms;
  };
  const Held& held(graph::ValueId id) const { return held_[static_cast<std::size_t>(id)]; }
  Held& held(graph::ValueId id) { return held_[static_cast<std::size_t>(id)]; }
  BufferId new_buffer(PlannedBuffer);
  Form converted(graph::ValueId, Axes, const Layout&);
  std::optional<Form> place_in_concat(graph::ValueId, Axes, const Layout&);
  void lower_nodes();
  void finish_outputs();

  const graph::Graph& graph_;
  const Options& options_;
  Decisions& decisions_;
  graph::Uses uses_;
  ImageAnalysis images_;
  std::vector<Held> held_;
  std::unique_ptr<Plan> plan_ = std::make_unique<Plan>();
  linear::Prepared* last_product_ = nullptr;
  int node_ = -1;
  bool grouped_tokens_ = false;
};

/// Offsets of arena buffers so that buffers in use at the same time do not overlap; returns the arena's size.
std::size_t place_buffers(std::vector<PlannedBuffer>&);
}  // namespace tulle::plan
