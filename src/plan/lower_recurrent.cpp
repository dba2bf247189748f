#include <fmt/format.h>
#include <algorithm>
#include "core/threads.hpp"
#include "kernels/recurrent/kernel.hpp"
#include "plan/lowering.hpp"
#include "plan/product.hpp"
#include "plan/vectors.hpp"

namespace tulle::plan {
namespace {
enum Inputs : std::size_t { kX, kR = 2, kB, kH = 5, kC, kPeepholes };

struct Sizes {
  Index steps, batch, directions, gates, hidden;
  bool backward_first;
  Index rows() const { return gates * hidden; }
  Index state() const { return batch * hidden; }  ///< floats of one direction
};

using Products = std::vector<std::shared_ptr<const VectorProduct>>;  ///< one a direction

/// x: [steps, batch, directions rows]; y: [steps, directions, batch, hidden]; h0, c: [directions, batch, hidden];
/// sums: R h + Rb of one step, [directions, batch, rows].
struct Operands {
  BufferId x = -1, h0 = -1, c0 = -1, peepholes = -1, y = -1, last_h = -1, c = -1, sums = -1, zeros = -1;
};

class RecurrentStep final : public Step {
 public:
  RecurrentStep(Sizes sizes, Products products, Operands at) : s_(sizes), products_(std::move(products)), at_(at) {}

  /// Directions know nothing of each other; one alone shares its products' rows among the threads.
  void run(const Frame& f) const override {
    const int inner = s_.directions == 1 ? f.threads : 1;
    parallel_for(s_.directions, f.threads, [&](Index first, Index last) {
      for (Index d = first; d < last; ++d) run_direction(f, d, inner);
    });
  }

 private:
  void run_direction(const Frame& f, Index d, int threads) const {
    const bool backward = d == 1 || s_.backward_first;
    const float* before = start(f, at_.h0, d);
    if (at_.c >= 0) std::copy_n(start(f, at_.c0, d), s_.state(), f.at(at_.c, d * s_.state()));
    for (Index i = 0; i < s_.steps; ++i) {
      const Index t = backward ? s_.steps - 1 - i : i;
      float* h = f.at(at_.y, (t * s_.directions + d) * s_.state());
      float* sums = f.at(at_.sums, d * s_.batch * s_.rows());
      products_[static_cast<std::size_t>(d)]->run(threads, before, sums, nullptr);
      for (Index b = 0; b < s_.batch; ++b) run_cell(f, t, d, b, before, h);
      before = h;
    }
    if (at_.last_h >= 0) std::copy_n(before, s_.state(), f.at(at_.last_h, d * s_.state()));
  }

  const float* start(const Frame& f, BufferId given, Index d) const {
    if (given >= 0) return f.at(given, d * s_.state());
    float* zeros = f.at(at_.zeros, d * s_.state());
    std::fill_n(zeros, s_.state(), 0.0f);
    return zeros;
  }

  void run_cell(const Frame& f, Index t, Index d, Index b, const float* before, float* h) const {
    const recurrent::Step step{
        .hidden = s_.hidden,
        .x = f.at(at_.x, ((t * s_.batch + b) * s_.directions + d) * s_.rows()),
        .r = f.at(at_.sums, (d * s_.batch + b) * s_.rows()),
        .peepholes = at_.peepholes < 0 ? nullptr : f.at(at_.peepholes, d * 3 * s_.hidden)};
    const Index own = b * s_.hidden;
    if (at_.c >= 0)
      cell_.lstm(step, f.at(at_.c, d * s_.state() + own), h + own);
    else
      cell_.gru(step, before + own, h + own);
  }

  Sizes s_;
  Products products_;
  Operands at_;
  const recurrent::Kernel& cell_ = recurrent::best(cpu_features());
};

/// A few steps of all directions, one after another as they will run: the first finds the weights cold.
struct RecurrentRun final : Runnable {
  Products products;
  Index steps;
  int threads;
  float *x, *y;
  void run() override {
    for (const auto& product : products)
      for (Index i = 0; i < steps; ++i) product->run(threads, x, y, nullptr);
  }
};

struct Weights {
  Sizes sizes;
  std::vector<Csr> r;                      ///< rows x hidden for each direction
  std::vector<std::span<const float>> bias;  ///< Rb; empty spans when the node has none
  spmv::Problem problem(std::size_t direction) const {
    return {.a = r[direction].view(), .bias = bias[direction], .residual = false, .activation = {}, .n = sizes.batch};
  }
};

Weights weights_of(const Builder& b, const graph::Node& n, const Sizes& s) {
  Weights w{.sizes = s, .r = {}, .bias = {}};
  const float* r = b.graph().value(n.inputs[kR]).constant.as<float>().data();
  const bool biased = n.inputs.size() > kB && n.inputs[kB] != graph::kAbsent;
  for (Index d = 0; d < s.directions; ++d) {
    w.r.push_back(csr_from_dense(r + d * s.rows() * s.hidden, s.rows(), s.hidden, s.hidden));
    const auto rows = static_cast<std::size_t>(s.rows());
    w.bias.push_back(biased ? b.graph().value(n.inputs[kB]).constant.as<float>().subspan(static_cast<std::size_t>(2 * d + 1) * rows, rows)
                            : std::span<const float>());
  }
  return w;
}

std::vector<Contender> contenders_of(Builder& b, const Weights& w) {
  constexpr Index kTimedSteps = 4;
  std::vector<Contender> contenders;
  Decisions& decisions = b.decisions();
  const int threads = w.sizes.directions == 1 ? b.options().threads : 1;
  for (const spmv::Kernel* kernel : spmv::kernels()) {
    Contender c = vector_contender(b, *kernel, w.problem(0));
    const Index steps = std::min(kTimedSteps, w.sizes.steps);
    c.cost_us *= static_cast<double>(steps * w.sizes.directions);
    c.prepare = [kernel, &w, steps, threads, &decisions]() -> std::unique_ptr<Runnable> {
      auto run = std::make_unique<RecurrentRun>();
      for (std::size_t d = 0; d < w.r.size(); ++d)
        run->products.push_back(std::make_shared<VectorProduct>(kernel->prepare(w.problem(d)), w.problem(d)));
      run->steps = steps;
      run->threads = threads;
      run->x = decisions.scratch(0, w.sizes.state());
      run->y = decisions.scratch(1, w.sizes.batch * w.sizes.rows());
      return run;
    };
    contenders.push_back(std::move(c));
  }
  refuse_references(contenders);
  return contenders;
}

void describe(Layer& layer, const Weights& w) {
  layer.product = true;
  layer.rows = w.sizes.directions * w.sizes.rows();
  layer.cols = w.sizes.hidden;
  for (const Csr& r : w.r) layer.nnz += r.view().nnz();
  layer.weights = layer.rows * layer.cols;
  layer.zeros = 1 - static_cast<double>(layer.nnz) / static_cast<double>(layer.weights);
  layer.columns = w.sizes.batch;
  layer.layout = "rows";
}

/// Empty inputs and outputs, and types that no kernel computes in, are left to the operator.
bool fits(const Builder& b, const graph::Node& n) {
  if (n.domain != "tulle" || (n.op != "LSTM" && n.op != "GRU") || b.dtype(n.inputs[kX]) != DType::f32) return false;
  const auto constant_or_absent = [&](std::size_t i) {
    return i >= n.inputs.size() || n.inputs[i] == graph::kAbsent || b.is_constant(n.inputs[i]);
  };
  return element_count(b.shape(n.inputs[kX])) > 0 && b.is_constant(n.inputs[kR]) && constant_or_absent(kB);
}

struct Memory {
  Builder& b;
  const graph::Node& n;
  std::vector<BufferId> touched;
  BufferId keep(BufferId id) { return touched.emplace_back(id); }
  BufferId input(std::size_t i) {
    return i < n.inputs.size() && n.inputs[i] != graph::kAbsent ? keep(b.rows(n.inputs[i])) : -1;
  }
  /// Memory for an output, or scratch where the node does not name it and the step needs it all the same.
  BufferId output(std::size_t i, Index floats) {
    if (i < n.outputs.size() && n.outputs[i] != graph::kAbsent) return keep(b.make_rows(n.outputs[i]));
    return floats ? keep(b.make_scratch(floats)) : -1;
  }
};
}  // namespace

bool lower_recurrent(Builder& b, const graph::Node& n) {
  if (!fits(b, n)) return false;
  const Shape &x = b.shape(n.inputs[kX]), &r = b.shape(n.inputs[kR]);
  const Sizes s{.steps = x[0], .batch = x[1], .directions = r[0], .gates = r[1] / r[2], .hidden = r[2],
                .backward_first = n.string_attribute("direction", "forward") == "reverse"};
  const Weights w = weights_of(b, n, s);
  describe(b.layer(), w);
  const std::string key = fmt::format("{} {} {} steps {} directions {} batch {} nnz {} threads {}", n.op, s.rows(), s.hidden,
                                      std::min<Index>(4, s.steps), s.directions, s.batch, b.layer().nnz, b.options().threads);
  Decisions::Winner winner = b.decisions().contest(key, contenders_of(b, w), b.layer());
  Products products = static_cast<RecurrentRun&>(*winner.runnable).products;
  for (const auto& product : products) b.plan().weight_bytes += product->bytes();

  Memory memory{b, n, {}};
  Operands at{.x = memory.input(kX), .h0 = memory.input(kH)};
  at.y = memory.output(0, s.steps * s.directions * s.state());
  at.last_h = memory.output(1, 0);
  if (n.op == "LSTM") {
    at.c0 = memory.input(kC);
    at.peepholes = memory.input(kPeepholes);
    at.c = memory.output(2, s.directions * s.state());
  }
  at.sums = memory.keep(b.make_scratch(s.directions * s.batch * s.rows()));
  at.zeros = memory.keep(b.make_scratch(s.directions * s.state()));
  b.emit(std::make_unique<RecurrentStep>(s, std::move(products), at), memory.touched, b.layer().kernel);
  return true;
}
}  // namespace tulle::plan
