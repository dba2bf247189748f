#pragma once
#include "ops/op.hpp"

namespace tulle::ops {
using Eval = void (*)(const Call&, std::span<const Result>);
/// Runs `eval`, which knows f32 and f64, for f16 and bf16 too: inputs of those types are widened to f32,
/// outputs rounded back to nearest even. Calls without such inputs go straight through.
void eval_widened(const Call&, std::span<const Result>, Eval eval);
template <Eval eval>
void widened(const Call& call, std::span<const Result> results) {
  eval_widened(call, results, eval);
}
}  // namespace tulle::ops
