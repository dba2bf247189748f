#include "library/tiles.hpp"

#include <algorithm>

#include "core/threads.hpp"

namespace tulle::library {
namespace {
constexpr Index kFloatsPerLine = 16;
constexpr Index kLargestOffset = Index{1} << 28;  // in floats, of rows of B within a tile

Index chunks_of(Index tiles, Index most) {
  return (tiles + most - 1) / std::max<Index>(1, most);
}
Index offset_of(DenseOrder order, Index column, Index ld) {
  return order == DenseOrder::panels ? column / kLanes * ld : column;
}
}  // namespace

TilePlan::TilePlan(const Task& t) : tiles((t.n + kLanes - 1) / kLanes) {
  const bool tail = t.n % kLanes != 0, rows_c = t.c_order == DenseOrder::row_major;
  overlap = tail && t.n >= kLanes && rows_c && !t.residual && t.b_order != DenseOrder::panels;
  c_packed = t.c_order == DenseOrder::tokens || (rows_c && tail && !overlap);
  b_packed = t.b_order != DenseOrder::panels;
  b_stride = kLanes;
  c_stride = rows_c && !c_packed ? t.ldc : kLanes;
  b_panel = t.a.cols * kLanes + kFloatsPerLine;
  c_panel = t.a.rows * kLanes + kFloatsPerLine;
  const Index floats = (b_packed ? b_panel : 0) + (c_packed ? c_panel : 0);
  // C leaves through its scratch, which should still be near when it is copied (512 x 512, 90 %, n 256,
  // tokens: 136 us with half of the L2, 116 with an eighth); else the longer the chunk, the less often A is
  // read.
  constexpr Index kFewest = 4;
  const Index in_l2 = cpu_info().l2_bytes / (c_packed ? 8 : 2) / Index{sizeof(float)};
  const Index most = std::min(tiles, floats ? std::max(kFewest, in_l2 / floats) : tiles);
  chunk = (tiles + chunks_of(tiles, most) - 1) /
          std::max<Index>(1, chunks_of(tiles, most));  // of nearly equal length
  // A tall A is worth a B packed by each thread: rows of C are then one thread's (2048 x 512, 95 %, n 128,
  // two threads: 63 us, else 80; 512 x 512, 90 %: 31, else 29).
  const bool tall = t.a.rows >= 2 * t.a.cols && tiles <= chunk;
  const bool many = tiles >= 4 * t.threads || (tiles >= 2 * t.threads && tiles % t.threads == 0);
  // Few row tiles cut unevenly, and few entries do not pay for packing B twice (two threads, n 32: 128 x 512,
  // 90 %, 3.9 us by rows, 2.8 by tiles; 512 x 512, 94 %, 8.2 and 5.9; 90 %, 8.8 and 9.4).
  const bool small = (t.a.rows <= 256 || t.a.nnz() <= 20'000) && tiles % t.threads == 0;
  share_tiles = c_packed || small || (many && !tall);
  b_rows = t.b_order == DenseOrder::row_major && (overlap || !tail) && !c_packed &&
           (t.threads == 1 || share_tiles) && t.a.cols * t.ldb <= kLargestOffset;
}

Tiles::Tiles(const Task& t, const TilePlan& plan, std::unique_ptr<const linear::Prepared> prepared,
             bool b_taken)
    : plan_(plan),
      prepared_(std::move(prepared)),
      copies_(panels::best(cpu_features())),
      rows_(t.a.rows),
      cols_(t.a.cols),
      n_(t.n),
      ldb_(t.ldb),
      ldc_(t.ldc),
      b_order_(t.b_order),
      c_order_(t.c_order),
      residual_(t.residual),
      b_taken_(b_taken),
      threads_(t.threads) {
  if (prepared_->blocks() < threads_) plan_.share_tiles = true;
}

/// For a list of tiles, in whole lines.
Index Tiles::list_floats(Index tiles) {
  const Index floats = tiles * Index{sizeof(linear::Tile)} / Index{sizeof(float)};
  return (floats + kFloatsPerLine) / kFloatsPerLine * kFloatsPerLine;
}
Index Tiles::panel_floats(Index tiles) const {
  return tiles * ((plan_.b_packed ? plan_.b_panel : 0) + (plan_.c_packed ? plan_.c_panel : 0));
}
Index Tiles::scratch_floats() const {
  return threads_ * thread_floats();
}
Index Tiles::thread_floats() const {
  if (b_taken_) return list_floats(plan_.tiles) + prepared_->panel_floats(plan_.tiles);
  return scratch_of(plan_.share_tiles || threads_ == 1 ? plan_.chunk : plan_.tiles);
}
Tiles::Scratch Tiles::place(float* scratch, Index tiles) const {
  float* const b = scratch + list_floats(tiles);
  return {reinterpret_cast<linear::Tile*>(scratch), b, b + (plan_.b_packed ? tiles * plan_.b_panel : 0)};
}

void Tiles::pack(DenseOrder order, const float* src, Index ld, Index rows, Range tiles, float* dst,
                 Index panel) const noexcept {
  const bool tokens = order == DenseOrder::tokens;
  const auto copy = tokens ? copies_.from_tokens : copies_.from_rows;
  const auto start = [&](Index column) { return src + column * (tokens ? ld : 1); };
  const bool apart = plan_.overlap && tiles.last == plan_.tiles;  // the last tile
  const Range whole = columns({tiles.first, tiles.last - apart});
  if (whole.first < whole.last) copy(start(whole.first), ld, rows, whole.last - whole.first, dst, panel);
  if (apart) copy(start(n_ - kLanes), ld, rows, kLanes, dst + (tiles.last - 1 - tiles.first) * panel, panel);
}

void Tiles::unpack(Range tiles, const float* src, float* dst) const noexcept {
  const Range c = columns(tiles);
  if (c_order_ == DenseOrder::tokens)
    copies_.to_tokens(src, plan_.c_panel, rows_, c.last - c.first, dst + c.first * ldc_, ldc_);
  else
    copies_.to_rows(src, plan_.c_panel, rows_, c.last - c.first, dst + c.first, ldc_);
}

void Tiles::load(Range tiles, const Operands& o, const Scratch& s) const noexcept {
  if (plan_.b_packed) pack(b_order_, o.b, ldb_, cols_, tiles, s.b, plan_.b_panel);
  if (plan_.c_packed && residual_) pack(c_order_, o.r, ldc_, rows_, tiles, s.c, plan_.c_panel);
}

/// Of packed operands the scratch begins with tile tiles.first.
void Tiles::multiply(Range tiles, Range blocks, const Operands& o, const Scratch& s) const noexcept {
  for (Index t = tiles.first; t < tiles.last; ++t) {
    linear::Tile& tile = s.tiles[t - tiles.first];
    tile = {};
    tile.b = plan_.b_packed ? (t - tiles.first) * plan_.b_panel : offset_of(b_order_, column(t), ldb_);
    tile.c = plan_.c_packed ? (t - tiles.first) * plan_.c_panel : offset_of(c_order_, column(t), ldc_);
    tile.r = tile.c;
  }
  const Index count = tiles.last - tiles.first;
  const bool apart = plan_.overlap && tiles.last == plan_.tiles;  // kernels keep partial sums in C
  const auto run = [&](Index first, Index last) {
    prepared_->run({s.tiles + first, static_cast<std::size_t>(last - first)}, blocks.first, blocks.last,
                   plan_.b_packed ? s.b : o.b, plan_.c_packed ? s.c : o.c,
                   !residual_       ? nullptr
                   : plan_.c_packed ? s.c
                                    : o.r);
  };
  if (count > apart) run(0, count - apart);
  if (apart) run(count - 1, count);
}

/// Without copies of B but the ones that the kernel makes.
void Tiles::run_in_place(Range tiles, const Operands& o, float* scratch) const noexcept {
  auto* const list = reinterpret_cast<linear::Tile*>(scratch);
  for (Index t = tiles.first; t < tiles.last; ++t) {
    const Index c = offset_of(c_order_, column(t), ldc_);
    list[t - tiles.first] = {.b = column(t), .c = c, .r = c};
  }
  const Index count = tiles.last - tiles.first;
  const Index apart = plan_.overlap && tiles.last == plan_.tiles;  // kernels keep partial sums in C
  const auto run = [&](Index first, Index last) {
    prepared_->run_row_major({list + first, static_cast<std::size_t>(last - first)}, o.b,
                             scratch + list_floats(plan_.tiles), o.c, residual_ ? o.r : nullptr);
  };
  if (count > apart) run(0, count - apart);
  if (apart) run(count - 1, count);
}

void Tiles::run_chunks(Range tiles, const Operands& o, float* scratch) const noexcept {
  if (b_taken_) return run_in_place(tiles, o, scratch);
  const Scratch s = place(scratch, plan_.chunk);
  for (Index t = tiles.first; t < tiles.last; t += plan_.chunk) {
    const Range some{t, std::min(tiles.last, t + plan_.chunk)};
    load(some, o, s);
    multiply(some, {0, prepared_->blocks()}, o, s);
    if (plan_.c_packed) unpack(some, s.c, o.c);
  }
}

/// Few tiles: each thread streams its part of A over all of them, with a B of its own: what another core has
/// just written is slow to read (512 x 512, 90 %, n 32, two threads: 15 us with one B for both).
void Tiles::run_rows(const Operands& o, float* scratch) const noexcept {
  const Index blocks = prepared_->blocks(), own = thread_floats();
  parallel_for(threads_, threads_, [&](Index first, Index last) {
    for (Index k = first; k < last; ++k) {
      const Scratch s = place(scratch + own * k, plan_.tiles);
      load({0, plan_.tiles}, o, s);
      multiply({0, plan_.tiles}, {blocks * k / threads_, blocks * (k + 1) / threads_}, o, s);
    }
  });
}

void Tiles::run(const Operands& o, float* scratch) const noexcept {
  if (threads_ == 1) return run_chunks({0, plan_.tiles}, o, scratch);
  if (!plan_.share_tiles) return run_rows(o, scratch);
  const Index own = thread_floats();
  const Index threads =
      std::min<Index>(threads_, plan_.overlap ? plan_.tiles / 2 : plan_.tiles);  // one writes both
  parallel_for(threads, threads_, [&](Index first, Index last) {
    for (Index k = first; k < last; ++k)
      run_chunks({plan_.tiles * k / threads, plan_.tiles * (k + 1) / threads}, o, scratch + k * own);
  });
}

namespace {
std::optional<std::string> refuse(const Task& t) {
  if (t.a.cols * kLanes <= kLargestOffset) return std::nullopt;
  return std::to_string(t.a.cols) + " columns are more than " + std::to_string(kLargestOffset / kLanes);
}

/// What copying to and from panels takes, at some 40 bytes a nanosecond.
double copies_us(const Task& t, const TilePlan& plan) {
  const Index rows = (plan.b_packed ? t.a.cols : 0) + (plan.c_packed ? t.a.rows : 0);
  return static_cast<double>(rows * plan.tiles * kLanes) * 4 / 40e3;
}

/// What writing C takes when it is larger than the L2 cache; in lines far apart, as tiles write row-major
/// ones, twice as long. Kernels' own models have it in the cache.
double stores_us(const Task& t, const TilePlan& plan) {
  const double bytes = static_cast<double>(t.a.rows * plan.tiles * kLanes) * 4;
  if (bytes < static_cast<double>(cpu_info().l2_bytes) / 2) return 0;
  return bytes / (plan.c_stride > kLanes ? 20e3 : 40e3);
}

/// b_taken: for a kernel that reads a row-major B where it lies.
linear::Problem problem_of(const Task& t, const TilePlan& plan, std::span<const std::int32_t> b_offsets,
                           bool b_taken) {
  linear::Problem p;
  p.a = t.a;
  p.b_offsets = b_offsets;
  p.bias = t.bias;
  p.c_stride = p.r_stride = plan.c_stride;
  p.residual = t.residual;
  p.activation = t.activation;
  p.tiles = plan.share_tiles ? (plan.tiles + t.threads - 1) / t.threads : plan.tiles;
  if (b_taken)
    p.b_ld = t.ldb;
  else
    p.tiles = std::min(plan.chunk, p.tiles);
  return p;
}
}  // namespace

void offer_tiles(const Task& t, std::vector<Offer>& offers) {
  const auto refusal = refuse(t);
  const TilePlan plan(t);
  auto b_offsets = std::make_shared<std::vector<std::int32_t>>();
  for (Index k = 0; !refusal && k < t.a.cols; ++k)
    b_offsets->push_back(static_cast<std::int32_t>(k * plan.b_stride));
  for (const linear::Kernel* kernel : linear::kernels()) {
    const bool b_taken = plan.b_rows && kernel->row_major;
    const linear::Problem p = problem_of(t, plan, *b_offsets, b_taken);
    Offer o{.kernel = std::string(kernel->name),
            .needs = kernel->needs,
            .sparse = kernel->sparse,
            .reference = kernel == linear::kernels().back(),
            .dtype = kernel->dtype,
            .refusal = refusal ? refusal : kernel->refuse(p)};
    if (!o.refusal)
      o.cost_us = kernel->cost_us(p) * static_cast<double>(plan.tiles) / static_cast<double>(p.tiles) +
                  copies_us(t, plan) + stores_us(t, plan);
    o.prepare = [&t, kernel, plan, p, b_taken, b_offsets]() -> std::unique_ptr<Product> {
      return std::make_unique<Tiles>(t, plan, kernel->prepare(p), b_taken);
    };
    offers.push_back(std::move(o));
  }
}
}  // namespace tulle::library
