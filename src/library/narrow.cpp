// The narrow family on a task: B is packed into words, C leaves as it lies where whole tiles of it do.
#include <algorithm>

#include "core/threads.hpp"
#include "kernels/narrow/panels.hpp"
#include "kernels/narrow/sequence.hpp"
#include "kernels/panels/kernel.hpp"
#include "library/product.hpp"

namespace tulle::library {
namespace {
class NarrowTiles final : public Product {
 public:
  NarrowTiles(const Task& t, std::unique_ptr<const narrow::Prepared> prepared,
              std::vector<std::int32_t> sequence)
      : prepared_(std::move(prepared)),
        sequence_(std::move(sequence)),
        copies_(panels::best(cpu_features())),
        b_{nullptr, t.dtype, t.a.cols, t.n, t.ldb, t.b_order, sequence_},
        rows_(t.a.rows),
        ldc_(t.ldc),
        c_order_(t.c_order),
        residual_(t.residual),
        c_packed_(packs_c(t)),
        threads_(t.threads),
        tiles_((t.n + kLanes - 1) / kLanes),
        b_panel_(narrow::words_of(t.dtype, t.a.cols) * kLanes),
        c_panel_(c_packed_ ? rows_ * kLanes : 0) {
    constexpr Index kFewest = 4;
    const Index in_l2 =
        cpu_info().l2_bytes / 2 / Index{sizeof(float)} / std::max<Index>(1, b_panel_ + c_panel_);
    chunk_ = std::min(tiles_, threads_ * std::max(kFewest, in_l2));
  }
  static bool packs_c(const Task& t) {
    return t.c_order == DenseOrder::tokens || (t.c_order == DenseOrder::row_major && t.n % kLanes != 0);
  }
  std::size_t bytes() const override { return prepared_->bytes() + sequence_.size() * sizeof(std::int32_t); }
  Index scratch_floats() const override { return list_floats() + chunk_ * (b_panel_ + c_panel_); }

  void run(const Operands& o, float* scratch) const noexcept override {
    for (Index tile = 0; tile < tiles_; tile += chunk_)
      run_chunk(tile, std::min(tiles_, tile + chunk_), o, scratch);
  }

 private:
  Index list_floats() const { return chunk_ * Index{sizeof(narrow::Tile)} / Index{sizeof(float)}; }
  Index columns(Index first, Index last) const { return std::min(b_.cols, last * kLanes) - first * kLanes; }

  void run_chunk(Index first, Index last, const Operands& o, float* scratch) const noexcept {
    auto* list = reinterpret_cast<narrow::Tile*>(scratch);
    float* const b = scratch + list_floats();
    float* const c = b + chunk_ * b_panel_;
    parallel_for(last - first, threads_, [&](Index from, Index to) {
      narrow::Source source = b_;
      source.data = o.b;
      narrow::pack_panels(source, first + from, first + to, b + from * b_panel_);
      if (c_packed_ && residual_) load_residual(first + from, first + to, o.r, c + from * c_panel_);
      for (Index t = from; t < to; ++t) list[t] = tile(t, first + t);
    });
    const auto multiply = [&](Index from, Index to, Index first_block, Index last_block) {
      prepared_->run({list + from, static_cast<std::size_t>(to - from)}, first_block, last_block, b,
                     c_packed_ ? c : o.c, c_packed_ && residual_ ? c : o.r);
    };
    const Index count = last - first, blocks = prepared_->blocks();
    if (count >= threads_)
      parallel_for(count, threads_, [&](Index from, Index to) { multiply(from, to, 0, blocks); });
    else
      parallel_for(blocks, threads_, [&](Index from, Index to) { multiply(0, count, from, to); });
    if (c_packed_)
      parallel_for(count, threads_,
                   [&](Index from, Index to) { unpack(first + from, first + to, c + from * c_panel_, o.c); });
  }

  narrow::Tile tile(Index in_chunk, Index t) const {
    narrow::Tile tile;
    tile.b = in_chunk * b_panel_;
    tile.c = c_packed_ ? in_chunk * c_panel_ : c_order_ == DenseOrder::row_major ? t * kLanes : t * ldc_;
    tile.r = tile.c;
    return tile;
  }
  void load_residual(Index first, Index last, const float* r, float* c) const {
    const bool tokens = c_order_ == DenseOrder::tokens;
    const auto copy = tokens ? copies_.from_tokens : copies_.from_rows;
    copy(r + first * kLanes * (tokens ? ldc_ : 1), ldc_, rows_, columns(first, last), c, c_panel_);
  }
  void unpack(Index first, Index last, const float* c, float* to) const {
    const bool tokens = c_order_ == DenseOrder::tokens;
    const auto copy = tokens ? copies_.to_tokens : copies_.to_rows;
    copy(c, c_panel_, rows_, columns(first, last), to + first * kLanes * (tokens ? ldc_ : 1), ldc_);
  }

  std::unique_ptr<const narrow::Prepared> prepared_;
  std::vector<std::int32_t> sequence_;  ///< of B's rows
  const panels::Kernel& copies_;
  narrow::Source b_;
  Index rows_, ldc_;
  DenseOrder c_order_;
  bool residual_, c_packed_;
  int threads_;
  Index tiles_, b_panel_, c_panel_;
  Index chunk_;  ///< tiles that are packed and multiplied together, in the L2 caches
};

/// A by columns in the order that makes its words fewest, and that order; empty: as they come.
struct Reordered {
  explicit Reordered(const Task& t) : sequence(narrow::fewest_words(t.a, t.dtype)) {
    if (!sequence.empty()) a = narrow::reordered(t.a, sequence);
  }
  std::vector<std::int32_t> sequence;
  Csr a;
};

narrow::Problem problem_of(const Task& t) {
  narrow::Problem p{.a = t.a, .dtype = t.dtype, .bias = t.bias, .scales = t.scales};
  p.zero_point = t.zero_point + (t.dtype == DType::i8 ? 128 : 0);  // bytes are packed as unsigned
  p.c_stride = p.r_stride = t.c_order == DenseOrder::row_major && !NarrowTiles::packs_c(t) ? t.ldc : kLanes;
  p.residual = t.residual;
  p.activation = t.activation;
  p.tiles = (t.n + kLanes - 1) / kLanes;
  return p;
}
}  // namespace

void offer_narrow(const Task& t, std::vector<Offer>& offers) {
  const narrow::Problem as_given = problem_of(t);
  std::shared_ptr<const Reordered> reordered;  // made when the first kernel asks for it
  for (const narrow::Kernel* kernel : narrow::kernels()) {
    Offer o{.kernel = std::string(kernel->name),
            .needs = kernel->needs,
            .sparse = kernel->sparse,
            .reference = kernel->needs == Features::none,
            .pads = kernel->pads,
            .dtype = kernel->dtype};
    if (t.dtype == kernel->dtype) {
      narrow::Problem p = as_given;
      o.refusal = kernel->refuse(p);
      const bool reorder = kernel->words && !o.refusal && t.b_order != DenseOrder::tokens &&
                           contains(cpu_features(), kernel->needs);
      if (reorder && !reordered) reordered = std::make_shared<const Reordered>(t);
      if (reorder && !reordered->sequence.empty()) p.a = reordered->a.view();
      if (!o.refusal) o.cost_us = kernel->cost_us(p);
      o.prepare = [&t, kernel, p, reordered = reorder ? reordered : nullptr]() -> std::unique_ptr<Product> {
        return std::make_unique<NarrowTiles>(t, kernel->prepare(p),
                                             reordered ? reordered->sequence : std::vector<std::int32_t>{});
      };
    }
    offers.push_back(std::move(o));
  }
}
}  // namespace tulle::library
