#include <algorithm>
#include "core/threads.hpp"
#include "kernels/attention/kernel.hpp"
#include "plan/lowering.hpp"

namespace tulle::plan {
namespace {
using attention::Problem;

struct Operands {
  Form q, k, v, o;
  BufferId mask = -1, scratch = -1;
};

class AttentionStep final : public Step {
 public:
  AttentionStep(Problem p, Operands w, int threads)
      : problem_(std::move(p)), at_(std::move(w)), threads_(threads), scratch_floats_(attention::scratch_floats(problem_)) {}
  void run(const Frame& f) const override {
    const Index items = problem_.items();
    const int threads = std::min(f.threads, threads_);
    parallel_for(threads, threads, [&](Index first, Index last) {
      for (Index t = first; t < last; ++t)
        kernel_.run(problem_, f.at(at_.q.buffer, at_.q.offset), f.at(at_.k.buffer, at_.k.offset), f.at(at_.v.buffer, at_.v.offset),
                    at_.mask < 0 ? nullptr : f.at(at_.mask), f.at(at_.o.buffer, at_.o.offset),
                    f.at(at_.scratch, t * scratch_floats_), items * t / threads, items * (t + 1) / threads);
    });
  }

 private:
  Problem problem_;
  Operands at_;
  int threads_;  ///< that have scratch
  Index scratch_floats_;
  const attention::Kernel& kernel_ = attention::best(cpu_features());
};

// The mask's strides for [groups, heads, queries, keys]; false when it does not spell out the keys.
bool set_mask(Problem& p, Shape s, Index groups) {
  while (s.size() < 4) s.insert(s.begin(), 1);
  if (s.size() != 4 || s[3] != p.keys() || (s[2] != 1 && s[2] != p.queries()) || (s[1] != 1 && s[1] != p.heads) ||
      (s[0] != 1 && s[0] != groups))
    return false;
  p.masked = true;
  p.mask_query = s[2] == 1 ? 0 : s[3];
  p.mask_head = s[1] == 1 ? 0 : s[2] * s[3];
  p.mask_group = s[0] == 1 ? 0 : s[1] * s[2] * s[3];
  return true;
}
}  // namespace

bool lower_attention(Builder& b, const graph::Node& n) {
  if (n.domain != "tulle" || n.op != "Attention" || b.shape(n.inputs[0]).size() != 3) return false;
  const graph::ValueId q = n.inputs[0], k = n.inputs[1], v = n.inputs[2];
  const graph::ValueId mask = n.inputs.size() > 3 ? n.inputs[3] : graph::kAbsent;
  if (element_count(b.shape(n.outputs[0])) == 0 || element_count(b.shape(k)) == 0) return false;
  Problem p;
  p.heads = p.kv_heads = n.int_attribute("num_heads", 1);
  p.scale = n.float_attribute("scale", 1);
  p.q.layout = b.token_layout(q);
  p.k.layout = b.token_layout(k);
  p.v.layout = b.token_layout(v);
  p.o.layout = b.token_layout(n.outputs[0]);
  p.head_dim = p.q.layout.features / p.heads;
  p.value_dim = p.v.layout.features / p.heads;
  if (mask != graph::kAbsent && (b.dtype(mask) != DType::f32 || !set_mask(p, b.shape(mask), p.q.layout.groups))) return false;
  if (attention::refuse(p)) return false;
  Operands w{.q = b.tokens(q), .k = b.tokens(k), .v = b.tokens(v)};
  if (p.masked) w.mask = b.rows(mask);
  w.scratch = b.make_scratch(b.options().threads * attention::scratch_floats(p));
  w.o = b.make(n.outputs[0], Axes::tokens, p.o.layout);
  b.layer().kernel = attention::best(cpu_features()).name;
  b.layer().layout = describe(p.o.layout);
  std::vector<BufferId> touched{w.q.buffer, w.k.buffer, w.v.buffer, w.o.buffer, w.scratch};
  if (w.mask >= 0) touched.push_back(w.mask);
  b.emit(std::make_unique<AttentionStep>(p, w, b.options().threads), touched, b.layer().kernel);
  return true;
}
}  // namespace tulle::plan
