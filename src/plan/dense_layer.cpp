#include <fmt/format.h>
#include "plan/decisions.hpp"
#include "plan/product.hpp"
#include "plan/vectors.hpp"

namespace tulle::plan {
namespace {
constexpr Index kFewVectors = 8;  // up to here row-major kernels are asked too

class VectorStep final : public Step {
 public:
  VectorStep(std::shared_ptr<const VectorProduct> product, BufferId x, BufferId y, BufferId r)
      : product_(std::move(product)), x_(x), y_(y), r_(r) {}
  void run(const Frame& f) const override {
    product_->run(f.threads, f.at(x_), f.at(y_), r_ < 0 ? nullptr : f.at(r_));
  }

 private:
  std::shared_ptr<const VectorProduct> product_;
  BufferId x_, y_, r_;
};

struct VectorRun final : Runnable {
  std::shared_ptr<const VectorProduct> product;
  int threads;
  float *x, *y, *r;
  void run() override { product->run(threads, x, y, r); }
};

void add_vector_contenders(Builder& b, const Product& p, const DenseLayer& d, std::vector<Contender>& contenders) {
  const spmv::Problem problem{.a = p.weight.view(), .bias = d.bias, .residual = d.residual != graph::kAbsent,
                              .activation = d.activation, .n = d.n};
  const int threads = b.options().threads;
  Decisions& decisions = b.decisions();
  for (const spmv::Kernel* kernel : spmv::kernels()) {
    Contender c = vector_contender(b, *kernel, problem);
    c.prepare = [kernel, problem, threads, &decisions]() -> std::unique_ptr<Runnable> {
      auto run = std::make_unique<VectorRun>();
      run->product = std::make_shared<VectorProduct>(kernel->prepare(problem), problem);
      run->threads = threads;
      run->x = decisions.scratch(0, problem.n * problem.a.cols);
      run->y = decisions.scratch(1, problem.n * problem.a.rows);
      run->r = problem.residual ? decisions.scratch(2, problem.n * problem.a.rows) : nullptr;
      return run;
    };
    contenders.push_back(std::move(c));
  }
  refuse_references(contenders);
}

void emit_vectors(Builder& b, const DenseLayer& d, std::unique_ptr<Runnable> winner) {
  auto& run = static_cast<VectorRun&>(*winner);
  const BufferId x = b.rows(d.x);
  const BufferId r = d.residual == graph::kAbsent ? -1 : b.rows(d.residual);
  const BufferId y = b.make_rows(d.y);
  std::vector<BufferId> touched{x, y};
  if (r >= 0) touched.push_back(r);
  b.plan().weight_bytes += run.product->bytes();
  b.layer().layout = "rows";
  b.emit(std::make_unique<VectorStep>(run.product, x, y, r), touched, b.layer().kernel);
}

// Panels: the output may overwrite a residual that nobody reads afterwards.
void emit_panels(Builder& b, const DenseLayer& d, const Product& p, std::unique_ptr<Runnable> winner) {
  const Form in = b.tokens(d.x);
  std::optional<Form> residual;
  if (d.residual != graph::kAbsent) residual = b.tokens(d.residual);
  Form out;
  if (residual && residual->layout == p.out && b.dies_here(d.residual, *residual)) {
    out = *residual;
    b.alias(d.y, out);
  } else {
    out = b.make(d.y, Axes::tokens, p.out);
  }
  Product placed{.in = in.layout, .out = out.layout};
  if (residual) placed.residual = residual->layout;
  emit_product(b, std::move(winner), product_tiles(placed), in, out, residual);
}
}  // namespace

void add_dense_layer(Builder& b, const DenseLayer& d) {
  Product p{.weight = d.transposed ? csr_from_transposed(d.weight, d.rows, d.cols, d.rows)
                                   : csr_from_dense(d.weight, d.rows, d.cols, d.cols),
            .bias = d.bias, .activation = d.activation,
            .in = b.token_layout(d.x), .out = b.token_layout(d.y), .weights = d.rows * d.cols};
  for (Index k = 0; k < d.cols; ++k) p.b_offsets.push_back(static_cast<std::int32_t>(k * p.in.feature_stride));
  if (d.residual != graph::kAbsent) p.residual = b.token_layout(d.residual);
  describe_product(p, b.layer());
  const std::vector<linear::Tile> tiles = product_tiles(p);
  std::vector<Contender> contenders = product_contenders(b, p, tiles);
  const std::size_t panel_contenders = contenders.size();
  if (d.n <= kFewVectors) add_vector_contenders(b, p, d, contenders);
  const std::string key = product_key(p, static_cast<Index>(tiles.size()), b.options().threads) + fmt::format(" n {}", d.n);
  Decisions::Winner winner = b.decisions().contest(key, contenders, b.layer());
  if (winner.index < panel_contenders)
    emit_panels(b, d, p, std::move(winner.runnable));
  else
    emit_vectors(b, d, std::move(winner.runnable));
}
}  // namespace tulle::plan
