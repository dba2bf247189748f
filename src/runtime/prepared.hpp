#pragma once
#include <map>
#include <memory>
#include "runtime/context.hpp"
#include "tulle/model.hpp"

namespace tulle::runtime {
using Shapes = std::map<std::string, Shape>;

/// A model for fixed input shapes: a plan, run once for each slice of the batch; or, where types depend on data, the
/// graph itself, interpreted.
struct Prepared {
  std::vector<Shape> shapes;               ///< of the inputs, in the model's order
  graph::Graph graph;                      ///< optimised, for one slice
  std::unique_ptr<const plan::Plan> plan;  ///< null: interpreted
  std::unique_ptr<ContextPool> contexts;
  Index slices = 1;                        ///< runs of the plan, over equal parts of dimension 0
  std::vector<std::string> notes;          ///< what the passes did
  std::vector<TensorType> output_types;    ///< of the whole batch; empty when interpreted

  /// Threads take whole slices, one each at a time, where the slices can be shared out well; else each step.
  bool shares_slices(int threads) const { return threads > 1 && (slices % threads == 0 || slices >= 4 * threads); }
  bool fits(std::span<const TensorView* const> inputs) const;  ///< planned for just these shapes, in the model's order
  /// Runs the plan. inputs and outputs in the model's order; all of them, the outputs of the types that output_types
  /// gives. Allocates nothing and takes no lock, unless more runs overlap than ever before.
  /// With `step_us`, adds each step's time to it; of the slices that one thread takes, when threads share the slices.
  void run(std::span<const void* const> inputs, std::span<void* const> outputs, int threads, double* step_us = nullptr) const;

 private:
  using In = std::span<const void* const>;
  using Out = std::span<void* const>;
  void run_slices(In, Out, Index first, Index last, int threads, double* step_us) const;
};

std::unique_ptr<const Prepared> prepare(const graph::Graph& model, const std::string& model_key, const Shapes&,
                                        const SessionOptions&);
}  // namespace tulle::runtime
