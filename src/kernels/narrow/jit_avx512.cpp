// The generated tile of linear/jit_avx512.cpp on words: one vdpbf16ps, or vpdpbusd, where f32 has one FMA. A
// word of A is broadcast from the stream inside the instruction, a lane of B holds the word of its column.
#include "kernels/linear/jit_piece.hpp"
#include "kernels/narrow/words.hpp"

namespace tulle::narrow {
namespace {
using namespace linear::generated;

constexpr Emitter kPairs{jit::Isa::avx512, kAvx512Rows, 8, emit_avx512, Product::bf16_pairs};
constexpr Emitter kQuads{jit::Isa::avx512, kAvx512Rows, 8, emit_avx512, Product::s8_u8_quads};

/// The product of words as the generator knows it.
struct OnWords {
  explicit OnWords(const Problem& p) : words(pack_words(p.a, p.dtype)) {
    for (Index w = 0; w < words.cols; ++w) offsets.push_back(static_cast<std::int32_t>(w * kLanes));
    problem = {words.view(), offsets, p.bias,       p.c_stride, p.r_stride,
               p.residual,   p.mask,  p.activation, p.tiles};
  }
  OnWords(const OnWords&) = delete;
  Csr words;
  std::vector<std::int32_t> offsets;
  linear::Problem problem;
};

template <const Emitter& emitter>
std::optional<std::string> refuse(const Problem& p) {
  if (auto why = refuse_values(p)) return why;
  return refuse_program(OnWords(p).problem, emitter);
}

std::unique_ptr<Prepared> prepare_pairs(const Problem& p) {
  return make_program(OnWords(p).problem, kPairs);
}
std::unique_ptr<Prepared> prepare_quads(const Problem& p) {
  const std::vector<std::int32_t> starts = first_sums(p);
  const std::vector<float> scales = scales_of(p);
  return make_program(OnWords(p).problem, kQuads, {starts, scales});
}

double cost_us(const Problem& p) {
  const OnWords on(p);
  const TileCounts n = count_tiles(on.problem.a, kAvx512Rows);
  const double cycles = 0.55 * static_cast<double>(n.nonzeros + n.columns);
  return run_us(on.problem, cycles + 60 * static_cast<double>(n.row_tiles), 12);
}
}  // namespace

extern constinit const Kernel jit_bf16{"narrow/jit/bf16",
                                       DType::bf16,
                                       Features::avx512 | Features::avx512_bf16 | Features::jit,
                                       true,
                                       refuse<kPairs>,
                                       cost_us,
                                       prepare_pairs};
extern constinit const Kernel jit_i8{"narrow/jit/i8",
                                     DType::i8,
                                     Features::avx512 | Features::avx512_vnni | Features::jit,
                                     true,
                                     refuse<kQuads>,
                                     cost_us,
                                     prepare_quads};
}  // namespace tulle::narrow
