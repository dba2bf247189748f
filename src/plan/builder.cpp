#include "plan/builder.hpp"
#include <algorithm>
#include "plan/convert.hpp"
#include "plan/decisions.hpp"
#include "plan/lowering.hpp"

namespace tulle::plan {
using graph::ValueId;

namespace {
constexpr std::size_t kMostArenaBytes = std::size_t{3} << 30;  // with weights and output, a run stays under 4 GiB

// In this order each node is offered to the rules; the last accepts everything.
constexpr Rule kRules[] = {lower_view, lower_linear,    lower_conv,     lower_attention, lower_recurrent, lower_norm,
                           lower_pool, lower_concat, lower_resize,   lower_rearrange, lower_pad, lower_pointwise, lower_move, lower_operator};

bool has_attention(const graph::Graph& g) {
  return std::any_of(g.nodes.begin(), g.nodes.end(),
                     [](const graph::Node& n) { return n.domain == "tulle" && n.op == "Attention"; });
}
}  // namespace

bool can_plan(const graph::Graph& g) {
  for (const graph::Node& n : g.nodes)
    for (ValueId id : n.outputs)
      if (id != graph::kAbsent && !g.value(id).type) return false;
  return true;
}

std::unique_ptr<const Plan> make(const graph::Graph& g, const Options& options) {
  Decisions decisions(g, options);
  auto plan = Builder(g, options, decisions).build();
  decisions.save(*plan);
  return plan;
}

Builder::Builder(const graph::Graph& g, const Options& options, Decisions& decisions)
    : graph_(g), options_(options), decisions_(decisions), uses_(graph::uses(g)), images_(g), held_(g.values.size()),
      grouped_tokens_(has_attention(g)) {}

std::unique_ptr<const Plan> Builder::build() {
  for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
    const ValueId id = graph_.inputs[i];
    held(id).rows = new_buffer({.kind = PlannedBuffer::Kind::input, .slot = static_cast<int>(i)});
    plan_->input_buffers.push_back(held(id).rows);
    plan_->input_types.push_back(*graph_.value(id).type);
  }
  lower_nodes();
  finish_outputs();
  for (const PlannedBuffer& b : plan_->buffers)
    if (b.kind == PlannedBuffer::Kind::constant) plan_->weight_bytes += b.constant.size_bytes();
  plan_->arena_bytes = place_buffers(plan_->buffers);
  if (plan_->arena_bytes > kMostArenaBytes)
    throw Error("plan", "the activations of one run take " + std::to_string(plan_->arena_bytes) + " bytes, more than the limit of " +
                            std::to_string(kMostArenaBytes) + "; give smaller shapes");
  plan_->from_cache = decisions_.from_cache();
  return std::move(plan_);
}

void Builder::lower_nodes() {
  const Index total = static_cast<Index>(graph_.nodes.size());
  for (node_ = 0; node_ < total; ++node_) {
    const graph::Node& n = node();
    const bool first_named = n.outputs[0] != graph::kAbsent;
    plan_->layers.push_back({.name = n.name, .op = n.op, .shape = first_named ? to_string(shape(n.outputs[0])) : ""});
    for (Rule rule : first_named ? std::span(kRules) : std::span(kRules).last(1))
      if (rule(*this, n)) break;
    if (options_.progress) options_.progress(node_ + 1, total);
  }
}

// Outputs are made in row-major order: into the caller's memory by the last step, or by a copy where the value is an
// input, a constant or an output twice.
void Builder::finish_outputs() {
  for (std::size_t i = 0; i < graph_.outputs.size(); ++i) {
    const ValueId id = graph_.outputs[i];
    plan_->output_types.push_back(*graph_.value(id).type);
    const BufferId made = rows(id);
    PlannedBuffer& buffer = plan_->buffers[static_cast<std::size_t>(made)];
    if (buffer.kind == PlannedBuffer::Kind::arena) {
      buffer.kind = PlannedBuffer::Kind::output;
      buffer.slot = static_cast<int>(i);
      plan_->output_buffers.push_back(made);
      continue;
    }
    const BufferId out = new_buffer({.kind = PlannedBuffer::Kind::output, .slot = static_cast<int>(i)});
    emit(copy_step(made, out, element_count(shape(id)) * static_cast<Index>(size_bytes(dtype(id)))), {made, out}, "copy");
    plan_->output_buffers.push_back(out);
  }
}

BufferId Builder::new_buffer(PlannedBuffer buffer) {
  plan_->buffers.push_back(std::move(buffer));
  return static_cast<BufferId>(plan_->buffers.size()) - 1;
}

BufferId Builder::rows(ValueId id) {
  Held& h = held(id);
  if (h.rows >= 0) return h.rows;
  if (is_constant(id)) {
    const Tensor& t = graph_.value(id).constant;
    return h.rows = new_buffer({.kind = PlannedBuffer::Kind::constant, .bytes = t.size_bytes(), .constant = t});
  }
  if (h.forms.empty()) throw Error("plan", "value '" + graph_.value(id).name + "' is read before it is made");
  const Form from = h.forms.front();
  const Layout to = row_major(from.axes == Axes::tokens ? token_shape(id) : shape(id), from.axes, from.layout.groups != 1 || from.axes == Axes::image);
  const BufferId out = make_rows(id);
  emit(convert_step(from, {from.axes, to, out, 0}), {from.buffer, out}, "convert " + describe(from.layout) + " -> rows");
  return out;
}

BufferId Builder::make_rows(ValueId id) {
  const Index count = element_count(shape(id));
  return held(id).rows = new_buffer({.bytes = static_cast<std::size_t>(count) * size_bytes(dtype(id))});
}

BufferId Builder::make_scratch(Index count) {
  return new_buffer({.bytes = static_cast<std::size_t>(count) * sizeof(float)});
}

Form Builder::make_loose(Axes axes, const Layout& layout) {
  PlannedBuffer buffer{.bytes = static_cast<std::size_t>(floats(layout)) * sizeof(float), .zeroed = layout.zero_padded};
  buffer.layout = layout;
  return {axes, layout, new_buffer(std::move(buffer)), 0};
}

Form Builder::make(ValueId id, Axes axes, const Layout& layout) {
  const std::optional<Form> place = place_in_concat(id, axes, layout);
  const Form form = place ? *place : make_loose(axes, layout);
  held(id).forms.push_back(form);
  return form;
}

bool Builder::is_feature_concat(const graph::Node& n) const {
  if (n.op != "Concat" || !n.domain.empty() || n.int_attribute("axis", 0) != 1) return false;
  for (ValueId id : n.inputs)
    if (shape(id).size() != 4 || dtype(id) != DType::f32 || is_constant(id) || shape(id)[1] == 0) return false;
  return true;
}

Form Builder::concat_form(const graph::Node& n) {
  const ValueId y = n.outputs[0];
  if (const Form* made = find(y, Axes::image)) return *made;
  const Form form = make_loose(Axes::image, image_layout(y, images_.wants_planes(y) ? Want::planes : Want::panels));
  held(y).forms.push_back(form);
  return form;
}

// Where the value lies inside the output of the Concat that reads it, if that output is laid out alike.
std::optional<Form> Builder::place_in_concat(ValueId id, Axes axes, const Layout& layout) {
  if (axes != Axes::image) return std::nullopt;
  for (int reader : uses_.readers[static_cast<std::size_t>(id)]) {
    const graph::Node& n = graph_.nodes[static_cast<std::size_t>(reader)];
    if (!is_feature_concat(n) || reader == node_) continue;
    Form form = concat_form(n);
    if (form.layout.zero_padded != layout.zero_padded || form.layout.pitch != layout.pitch) return std::nullopt;
    for (ValueId part : n.inputs) {
      form.layout.features = shape(part)[1];
      if (part == id) return form;
      form.offset += form.layout.features * form.layout.feature_stride;
    }
  }
  return std::nullopt;
}

Shape Builder::token_shape(ValueId id) const {
  const Shape& s = shape(id);
  if (s.size() == 4 && s[2] == 1 && s[3] == 1) return {s[0], s[1]};
  return s;
}

const graph::Node* Builder::only_reader(ValueId id) const {
  const auto all = readers(id);
  return all.size() == 1 && !is_output(id) ? all.front() : nullptr;
}

std::vector<const graph::Node*> Builder::readers(ValueId id) const {
  std::vector<const graph::Node*> nodes;
  for (int reader : uses_.readers[static_cast<std::size_t>(id)]) nodes.push_back(&graph_.nodes[static_cast<std::size_t>(reader)]);
  return nodes;
}

const Form* Builder::find(ValueId id, Axes axes) const {
  for (const Form& f : held(id).forms)
    if (f.axes == axes) return &f;
  return nullptr;
}
const Form* Builder::find(ValueId id) const { return held(id).forms.empty() ? nullptr : &held(id).forms.front(); }

Form Builder::converted(ValueId id, Axes axes, const Layout& layout) {
  const Form* near = find(id, axes);
  Form from;
  if (near) {
    from = *near;
  } else {
    const BufferId source = rows(id);
    from = {axes, row_major(axes == Axes::tokens ? token_shape(id) : shape(id), axes, layout.groups != 1 || axes == Axes::image), source, 0};
  }
  const Form to = make(id, axes, layout);
  emit(convert_step(from, to), {from.buffer, to.buffer},
       "convert " + describe(from.layout) + " -> " + describe(to.layout));
  return to;
}

Form Builder::tokens(ValueId id) {
  if (const Form* f = find(id, Axes::tokens)) return *f;
  return converted(id, Axes::tokens, token_layout(id));
}

Layout Builder::image_layout(ValueId id, Want want) const {
  const Padding padding = images_.padding(resolution(shape(id)));
  return want == Want::planes ? image_planes(shape(id), padding) : image_panels(shape(id), padding);
}

Form Builder::any_image(ValueId id) {
  if (const Form* has = find(id, Axes::image)) return *has;
  return {Axes::image, row_major(shape(id), Axes::image, true), rows(id), 0};
}

Form Builder::image(ValueId id, Want want) {
  for (const Form& f : held(id).forms) {
    if (f.axes != Axes::image) continue;
    if (want == Want::any || f.layout.zero_padded == (want == Want::planes)) return f;
  }
  return converted(id, Axes::image, image_layout(id, want == Want::any ? (images_.wants_planes(id) ? Want::planes : Want::panels) : want));
}

// Views and parts of a Concat share memory: every value that lies in the form's buffer must be done with.
bool Builder::dies_here(ValueId id, const Form& form) const {
  const auto count_here = [&](std::size_t v) {
    return std::count(uses_.readers[v].begin(), uses_.readers[v].end(), node_);
  };
  if (count_here(static_cast<std::size_t>(id)) != 1) return false;
  for (std::size_t v = 0; v < held_.size(); ++v) {
    const bool shares = std::any_of(held_[v].forms.begin(), held_[v].forms.end(),
                                    [&](const Form& f) { return f.buffer == form.buffer; });
    if (!shares) continue;
    if (uses_.is_output[v] || (static_cast<ValueId>(v) != id && count_here(v) > 0)) return false;
    if (std::any_of(uses_.readers[v].begin(), uses_.readers[v].end(), [&](int reader) { return reader > node_; })) return false;
  }
  return true;
}

void Builder::emit(std::unique_ptr<Step> step, const std::vector<BufferId>& touched, std::string label) {
  const int index = static_cast<int>(plan_->steps.size());
  for (BufferId id : touched) {
    PlannedBuffer& b = plan_->buffers[static_cast<std::size_t>(id)];
    if (b.first_use < 0) b.first_use = index;
    b.last_use = index;
  }
  plan_->steps.push_back({std::move(step), static_cast<int>(plan_->layers.size()) - 1, std::move(label)});
}

void Builder::follow_product(linear::Prepared& next) {
  if (last_product_) last_product_->follow_with(next.first_bytes());
  last_product_ = &next;
}
}  // namespace tulle::plan
