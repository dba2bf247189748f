#include "passes/no_op.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace tulle::passes {
namespace {
using ops::Call;

bool always(const Call&) {
  return true;
}

bool is_inference(const Call& call) {
  const bool mask_wanted = call.node.outputs.size() > 1 && call.node.outputs[1] != graph::kAbsent;
  if (mask_wanted) return false;
  if (!call.has(2)) return true;
  return call.input(2).data && !*static_cast<const bool*>(call.input(2).data);
}

bool has_one_input(const Call& call) {
  return call.inputs.size() == 1;
}
bool has_one_output(const Call& call) {
  return call.node.outputs.size() == 1;
}

bool keeps_order(const Call& call) {
  const auto perm = call.node.ints_attribute("perm");
  return !perm.empty() && std::is_sorted(perm.begin(), perm.end());
}

// Integers of an input are all `want`; false when they are not known.
bool all_equal(const ops::Argument& a, Index want) {
  if (!a.data) return false;
  const auto equals = [&](auto x) { return static_cast<Index>(x) == want; };
  if (a.dtype() == DType::i64) return std::ranges::all_of(a.as<Index>(), equals);
  if (a.dtype() == DType::i32) return std::ranges::all_of(a.as<std::int32_t>(), equals);
  return false;
}
// A slice that keeps the shape takes everything unless it runs backwards.
bool runs_forward(const Call& call) {
  return !call.has(4) || all_equal(call.input(4), 1);
}
bool pads_nothing(const Call& call) {
  return call.has(1) && all_equal(call.input(1), 0);
}

struct Rule {
  std::string_view op;
  bool (*holds)(const Call&);  ///< besides that the output has the input's type
};
constexpr std::array kRules = {
    Rule{"Identity", always},       Rule{"Dropout", is_inference}, Rule{"Cast", always},
    Rule{"Reshape", always},        Rule{"Flatten", always},       Rule{"Squeeze", always},
    Rule{"Unsqueeze", always},      Rule{"Expand", always},        Rule{"Tile", always},
    Rule{"Transpose", keeps_order}, Rule{"Slice", runs_forward},   Rule{"Pad", pads_nothing},
    Rule{"Concat", has_one_input},  Rule{"Sum", has_one_input},    Rule{"Max", has_one_input},
    Rule{"Min", has_one_input},     Rule{"Mean", has_one_input},   Rule{"Split", has_one_output},
};
}  // namespace

bool is_no_op(const Call& call, const TensorType& output) {
  if (!call.node.domain.empty() || !call.has(0) || call.node.outputs[0] == graph::kAbsent ||
      call.input(0).type != output)
    return false;
  const auto rule = std::ranges::find(kRules, call.node.op, &Rule::op);
  return rule != kRules.end() && rule->holds(call);
}
}  // namespace tulle::passes
