#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>
#include "formats/layout.hpp"
#include "graph/graph.hpp"
#include "tulle/kernel_choice.hpp"

namespace tulle::plan {
using Candidate = KernelChoice;

/// What the plan decided for one node and why.
struct Layer {
  std::string name, op;
  std::string shape;      ///< of the output
  bool product = false;   ///< has a weight, so that zeros matter
  Index rows = 0, cols = 0, nnz = 0, weights = 0;  ///< of the weight as a matrix; weights: entries stored in the file
  Index columns = 0;      ///< of B in use: tokens or pixels
  double zeros = 0;       ///< fraction of the weight, [0, 1]
  std::string kernel;     ///< what runs it
  std::string layout;     ///< in which its output lies: rows, panels, planes
  std::string reason;     ///< the choice in words
  double time_us = 0;     ///< the winner's time at planning, or of the last profile
  double dense_us = 0, sparse_us = 0;  ///< best of each kind at planning; 0: none was timed
  double break_even = 0;               ///< fraction of zeros from which sparse is expected to win; 0: unknown
  std::vector<Candidate> candidates;
};

struct Options {
  int threads = 1;
  bool sparse = true;           ///< false: dense kernels only, the baseline of every comparison
  DType precision = DType::f32; ///< what products compute in; kernels of another type refuse
  double budget_ms = 10'000;    ///< for preparing and timing candidates; when it is spent, cost models decide alone
  std::filesystem::path cache;  ///< folder of saved plans; empty: none
  std::string model_key;        ///< hash of the model's bytes, for the cache
  std::function<void(Index done, Index total)> progress;  ///< called from the planning thread
};

using BufferId = int;

/// What a step may scribble on during a run; each context has its own.
struct StepState {
  virtual ~StepState() = default;
};

/// Where a running plan finds its buffers: one pointer for each BufferId.
struct Frame {
  std::byte* const* buffers;
  int threads;
  StepState* state = nullptr;  ///< of the step that runs
  float* at(BufferId id, Index offset = 0) const { return reinterpret_cast<float*>(buffers[id]) + offset; }
};

/// A prepared piece of work: everything was decided and packed before. Immutable, shared by threads.
class Step {
 public:
  virtual ~Step() = default;
  /// Allocates nothing and takes no lock; throws only for data out of range (an index in a Gather).
  virtual void run(const Frame&) const = 0;
  virtual std::unique_ptr<StepState> make_state() const { return nullptr; }
};

struct PlannedBuffer {
  enum class Kind { arena, constant, input, output };
  Kind kind = Kind::arena;
  std::size_t bytes = 0, offset = 0;  ///< offset: within the arena
  int slot = -1;                      ///< index of the graph's input or output
  Tensor constant;
  bool zeroed = false;                ///< its padding must read as zeros and is never written
  Layout layout;                      ///< of a zeroed buffer; only buffers of equal layout share its memory
  int first_use = -1, last_use = -1;  ///< step indices
};

struct PlannedStep {
  std::unique_ptr<Step> step;
  int layer = -1;     ///< index into Plan::layers
  std::string label;  ///< "convert rows -> panels", or the kernel's name
};

/// A graph for fixed input shapes, ready to run; immutable.
struct Plan {
  std::vector<PlannedStep> steps;
  std::vector<PlannedBuffer> buffers;
  std::size_t arena_bytes = 0;
  std::vector<Layer> layers;
  std::vector<std::string> notes;  ///< pass log, cache hits
  std::vector<TensorType> input_types, output_types;
  std::vector<BufferId> input_buffers, output_buffers;
  std::size_t weight_bytes = 0;
  bool from_cache = false;
};

/// Plans an optimised graph whose values all have types (passes::specialize).
std::unique_ptr<const Plan> make(const graph::Graph&, const Options&);

/// True when every value of the graph has a type, so that it can be planned and not only interpreted.
bool can_plan(const graph::Graph&);
}  // namespace tulle::plan
