#pragma once
#include "kernels/linear/kernel.hpp"

namespace tulle::narrow {
/// Products with a constant weight in types narrower than f32. An element of A or B is a word of 32 bits that
/// holds several neighbours along K: two bf16 (the even column in the low half) or four bytes. Words of A in
/// which every value is absent are not stored; a value absent from a word that is stored counts as 0, so that
/// in these types a NaN or an infinity of B opposite such a value does reach the sum.
///
/// bf16: C = act(A B + bias + R) with f32 sums of exact products; subnormal numbers may count as 0.
///   |error of element (i, j)| <= (words of row i) * 2 * 2^-24 * sum |a||b|, for A and B as rounded to bf16.
/// i8:  C = act(scale_i * sum_k A_ik (B_kj - zero_point) + bias_i + R): A signed, B unsigned bytes, the sum
/// exact
///   in 32 bits, scale and bias applied in f32 with one rounding after that of the sum to f32 (none below
///   2^24).
///
/// B lies in panels of 16 columns, [N / 16][words of K][16 words]; words behind the end of K hold zeros, and
/// A none.
struct Problem {
  CsrView a;                      ///< bf16: rounded to nearest even; i8: whole numbers in [-128, 127]
  DType dtype = DType::bf16;      ///< or i8
  std::span<const float> bias;    ///< a.rows values, or empty
  std::span<const float> scales;  ///< i8: a.rows values, weight's scale times B's; empty: ones
  std::int32_t zero_point = 0;    ///< i8: of B, 0 to 255
  Index c_stride = kLanes;        ///< floats from row i to row i + 1 of C within a tile
  Index r_stride = kLanes;        ///< the same for the residual R
  bool residual = false;          ///< R is added before the activation; R may be C itself
  bool mask = false;              ///< lanes outside Tile::lanes are stored as zero
  Activation activation;
  Index tiles = 1;  ///< how many tiles a run will have, for choices and cost
};
using linear::Prepared;  ///< b in floats: one for each word
using linear::Tile;

struct Kernel {
  std::string_view name;  ///< family/isa/variant
  DType dtype;
  Features needs;
  bool sparse;  ///< false: its time does not fall with zeros
  std::optional<std::string> (*refuse)(const Problem&);
  double (*cost_us)(const Problem&);
  std::unique_ptr<Prepared> (*prepare)(const Problem&);
  bool words = false;  ///< its time is that of A's words: an order of columns with fewer of them is welcome
  bool pads = false;   ///< bf16: values absent from words (or tiles) that are stored count as 0, see above
};

/// Of both types, best first; the references, which refuse nothing but values that do not fit i8, come last.
std::span<const Kernel* const> kernels();
}  // namespace tulle::narrow
