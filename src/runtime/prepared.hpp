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
  Shapes shapes;
  graph::Graph graph;                      ///< optimised, for one slice
  std::unique_ptr<const plan::Plan> plan;  ///< null: interpreted
  std::unique_ptr<ContextPool> contexts;
  Index slices = 1;                        ///< runs of the plan, over equal parts of dimension 0
  std::vector<std::string> notes;          ///< what the passes did
  std::vector<TensorType> output_types;    ///< of the whole batch; empty when interpreted

  /// inputs and outputs in the model's order; an output may be null when the caller does not want it.
  void run(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs, int threads,
           double* step_us = nullptr) const;
};

std::unique_ptr<const Prepared> prepare(const graph::Graph& model, const std::string& model_key, const Shapes&,
                                        const SessionOptions&);
}  // namespace tulle::runtime
