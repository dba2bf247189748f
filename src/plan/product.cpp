#include "plan/product.hpp"
#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include "core/threads.hpp"
#include "kernels/lanes.hpp"
#include "plan/decisions.hpp"

namespace tulle::plan {
namespace {
using linear::Prepared;
using linear::Tile;

class ProductStep final : public Step {
 public:
  ProductStep(std::shared_ptr<const Prepared> prepared, std::vector<Tile> tiles, BufferId b, BufferId c, BufferId r)
      : prepared_(std::move(prepared)), tiles_(std::move(tiles)), b_(b), c_(c), r_(r) {}
  void run(const Frame& f) const override {
    library::run_tiles(*prepared_, tiles_, f.threads, f.at(b_), f.at(c_), r_ < 0 ? nullptr : f.at(r_));
  }

 private:
  std::shared_ptr<const Prepared> prepared_;
  std::vector<Tile> tiles_;
  BufferId b_, c_, r_;
};

struct ProductRun final : Runnable {
  std::shared_ptr<Prepared> prepared;
  std::span<const Tile> tiles;
  Index b_floats;
  int threads;
  float *b, *c, *r;
  void run() override { library::run_tiles(*prepared, tiles, threads, b, c, r); }
  void warm_inputs() override {
    float sum = 0;
    for (Index i = 0; i < b_floats; i += kLanes) sum += b[i];
    keep = sum;
  }
  volatile float keep = 0;
};
}  // namespace

std::string product_key(const Product& p, Index tiles, int threads) {
  const double zeros = 1 - static_cast<double>(p.weight.values.size()) / static_cast<double>(std::max<Index>(1, p.weights));
  return fmt::format("product {}x{} weights {} zeros {:.0f}% tiles {} in {} out {} act {} residual {} phases {} threads {}",
                     p.weight.rows, p.weight.cols, p.weights, std::round(50 * zeros) * 2, tiles, describe(p.in),
                     describe(p.out), static_cast<int>(p.activation.kind), p.residual.has_value(), p.phases, threads);
}

void describe_product(const Product& p, Layer& layer) {
  layer.product = true;
  layer.rows = p.weight.rows;
  layer.cols = p.weight.cols;
  layer.nnz = static_cast<Index>(p.weight.values.size());
  layer.weights = p.weights;
  layer.zeros = p.weights ? 1 - static_cast<double>(layer.nnz) / static_cast<double>(p.weights) : 0;
  layer.columns = p.phases * p.out.groups * p.out.height * p.out.width;
  layer.layout = describe(p.out);
}

std::vector<Contender> product_contenders(Builder& b, const Product& p, const std::vector<Tile>& tiles) {
  const linear::Problem problem = problem_of(p, static_cast<Index>(tiles.size()));
  const Features have = cpu_features();
  Decisions& decisions = b.decisions();
  std::vector<Contender> contenders;
  for (const linear::Kernel* kernel : linear::kernels()) {
    Contender c{.kernel = std::string(kernel->name), .sparse = kernel->sparse};
    if (!contains(have, kernel->needs))
      c.refusal = "needs " + to_string(kernel->needs);
    else if (kernel->dtype != b.options().precision)
      c.refusal = "computes in " + std::string(name(kernel->dtype)) + "; " + std::string(name(b.options().precision)) + " was asked for";
    else if (kernel->sparse && kernel != linear::kernels().back() && !b.options().sparse)
      c.refusal = "only dense kernels were asked for";
    else if (kernel->sparse && kernel != linear::kernels().back())
      c.refusal = choice::too_dense(std::ssize(p.weight.values), p.weights);
    if (!c.refusal) c.refusal = kernel->refuse(problem);
    if (!c.refusal) c.cost_us = kernel->cost_us(problem);
    const int threads = b.options().threads;
    c.prepare = [kernel, problem, &tiles, &decisions, threads, &p]() -> std::unique_ptr<Runnable> {
      auto run = std::make_unique<ProductRun>();
      run->prepared = kernel->prepare(problem);
      run->tiles = tiles;
      run->threads = threads;
      run->b_floats = floats(p.in);
      run->b = decisions.scratch(0, floats(p.in));
      run->c = decisions.scratch(1, floats(p.out));
      run->r = p.residual ? decisions.scratch(2, floats(*p.residual)) : nullptr;
      return run;
    };
    contenders.push_back(std::move(c));
  }
  refuse_references(contenders);
  return contenders;
}

void refuse_references(std::vector<Contender>& contenders) {
  const auto accepts = [](const Contender& c) { return !c.refusal; };
  for (Contender& c : contenders)
    if (c.kernel.ends_with("/reference") && std::count_if(contenders.begin(), contenders.end(), accepts) > 1)
      c.refusal = "is asked only where no other kernel accepts";
}

void emit_product(Builder& b, std::unique_ptr<Runnable> winner, std::vector<Tile> tiles, const Form& in, const Form& out,
                  const std::optional<Form>& residual) {
  auto prepared = static_cast<ProductRun&>(*winner).prepared;
  b.plan().weight_bytes += prepared->bytes();
  b.follow_product(*prepared);
  for (Tile& t : tiles) {
    t.b += in.offset;
    t.c += out.offset;
    if (residual) t.r += residual->offset;
  }
  std::vector<BufferId> touched{in.buffer, out.buffer};
  if (residual) touched.push_back(residual->buffer);
  b.emit(std::make_unique<ProductStep>(std::move(prepared), std::move(tiles), in.buffer, out.buffer, residual ? residual->buffer : -1),
         touched, b.layer().kernel);
}
}  // namespace tulle::plan
