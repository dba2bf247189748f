// The generated tile of linear/jit_avx512.cpp on words: one vdpbf16ps, or vpdpbusd, where f32 has one FMA. A
// word of A is broadcast from the stream inside the instruction, a lane of B holds the word of its column. Or
// bf16 one by one: a row of B is widened when it is loaded, and the FMA is that of f32. It needs no AVX-512
// BF16, fills in nothing, and is the faster wherever vdpbf16ps is slower than FMA.
#include "kernels/linear/jit_piece.hpp"
#include "kernels/narrow/words.hpp"

namespace tulle::narrow {
namespace {
using namespace linear::generated;

constexpr Emitter kPairs{jit::Isa::avx512, kAvx512Rows, 8, emit_avx512, Product::bf16_pairs};
constexpr Emitter kSingles{jit::Isa::avx512, kAvx512Rows, 8, emit_avx512, Product::bf16_singles};
constexpr Emitter kQuads{jit::Isa::avx512, kAvx512Rows, 8, emit_avx512, Product::s8_u8_quads};

bool amd() {
  static const bool is = cpu_info().model.find("AMD") != std::string::npos;
  return is;
}

template <class On, const Emitter& emitter>
std::optional<std::string> refuse(const Problem& p) {
  if (auto why = refuse_values(p)) return why;
  return refuse_program(On(p).problem, emitter);
}

template <class On, const Emitter& emitter>
std::unique_ptr<Prepared> prepare(const Problem& p) {
  const std::vector<std::int32_t> starts = first_sums(p);
  const std::vector<float> scales = scales_of(p);
  return make_program(On(p).problem, emitter, {starts, scales});
}

/// Cycles of a word and of a column that a tile of rows uses.
template <class On>
double cost_us(const Problem& p, double word, double column) {
  const On on(p);
  const TileCounts n = estimate_tiles(on.problem.a, kAvx512Rows);
  const double cycles = word * static_cast<double>(n.nonzeros) + column * static_cast<double>(n.columns);
  return run_us(on.problem, cycles + 60 * static_cast<double>(n.row_tiles), 12);
}
/// Intel's servers start a vdpbf16ps of 16 lanes every other cycle (123 GFLOP/s where FMAs reach 238), AMD's
/// one a cycle.
double pairs_us(const Problem& p) {
  return amd() ? cost_us<OnWords>(p, 1, 0.1) : cost_us<OnWords>(p, 2, 0);
}
double singles_us(const Problem& p) {
  return amd() ? cost_us<OnColumns>(p, 1, 0.5) : cost_us<OnColumns>(p, 0.5, 0.6);
}
double quads_us(const Problem& p) {
  return amd() ? cost_us<OnWords>(p, 1, 0.2) : cost_us<OnWords>(p, 0.5, 0.5);
}

constexpr Features kNeeds = Features::avx512 | Features::jit;
}  // namespace

extern constinit const Kernel jit_bf16_pairs{"narrow/jit/bf16/pairs",
                                             DType::bf16,
                                             kNeeds | Features::avx512_bf16,
                                             true,
                                             refuse<OnWords, kPairs>,
                                             pairs_us,
                                             prepare<OnWords, kPairs>,
                                             true,
                                             true};
extern constinit const Kernel jit_bf16_singles{
    "narrow/jit/bf16/singles",   DType::bf16, kNeeds, true, refuse<OnColumns, kSingles>, singles_us,
    prepare<OnColumns, kSingles>};
extern constinit const Kernel jit_i8{
    "narrow/jit/i8",         DType::i8, kNeeds | Features::avx512_vnni, true,
    refuse<OnWords, kQuads>, quads_us,  prepare<OnWords, kQuads>,       true};
}  // namespace tulle::narrow
