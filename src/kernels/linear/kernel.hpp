#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include "core/cpu.hpp"
#include "formats/csr.hpp"
#include "formats/layout.hpp"
#include "kernels/activation.hpp"

namespace tulle::linear {
/// C = act(A B + bias + R) on tiles of 16 columns: every matrix product with a constant weight A (rows x cols), and
/// every convolution, whose columns of A are (channel, kernel row, kernel column) and whose "rows of B" are shifted
/// looks at the same planes. One tile of C is `rows` vectors of 16 floats.
/// Every kernel but the reference adds in one order, so that all give the same bits for finite data: an element
/// starts at its bias (+0 without one), adds R, then one FMA after the other with the entries of its row, k rising
/// (where rows of B do not lie at rising multiples of 16 floats: in the order of linear/order.hpp), then the
/// activation of pointwise. Absent entries add nothing; a dense kernel's 0 changes no finite sum but the sign of
/// one that underflowed to zero.
struct Problem {
  CsrView a;
  std::span<const std::int32_t> b_offsets;  ///< a.cols: floats from a tile's b to row k of B; any sign, any alignment
  std::span<const float> bias;              ///< a.rows values, or empty
  Index c_stride = kLanes;                  ///< floats from row i to row i + 1 of C within a tile
  Index r_stride = kLanes;                  ///< the same for the residual R
  bool residual = false;                    ///< R is added before the activation; R may be C itself
  bool mask = false;                        ///< lanes outside Tile::lanes are stored as zero
  Activation activation;
  Index tiles = 1;                          ///< how many tiles a run will have, for choices and cost
  Index lanes = 0;                          ///< how many of their lanes are real columns; 0: all
  /// Not 0: B is row-major, this many floats from row to row; b_offsets (rising multiples of 16) say where rows
  /// would lie in panels. Only for kernels that are row_major, without mask.
  Index b_ld = 0;
};

/// Floats from the buffers' starts to the tile; bit i of lanes: lane i is a real column.
struct Tile {
  Index b = 0, c = 0, r = 0;
  std::uint32_t lanes = 0xffff;
};

/// A packed (or generated) weight. Immutable; run may be called from many threads at once.
class Prepared {
 public:
  virtual ~Prepared() = default;
  /// Work is cut into blocks of rows; a thread may run any range of blocks over any range of tiles, and every
  /// element of C has the same bits whatever the cut.
  virtual Index blocks() const = 0;
  /// Rows first_block .. last_block - 1 of C for these tiles. Serial, allocates nothing. All 16 lanes of C are
  /// written, all 16 of B are read.
  virtual void run(std::span<const Tile> tiles, Index first_block, Index last_block, const float* b, float* c,
                   const float* r) const noexcept = 0;
  /// All rows of C for whole tiles of a row-major B (Problem::b_ld), rows of which may be copied to `panels`,
  /// panel_floats(tiles) of scratch at a multiple of 64 bytes.
  virtual void run_row_major(std::span<const Tile>, const float* /*b*/, float* /*panels*/, float* /*c*/,
                             const float* /*r*/) const noexcept {}
  virtual Index panel_floats(Index /*tiles*/) const { return 0; }
  virtual std::size_t bytes() const = 0;  ///< of code, values and indices
  /// What a run reads first, and what will be read after this run ends: for prefetching across layers.
  virtual std::span<const std::byte> first_bytes() const { return {}; }
  virtual void follow_with(std::span<const std::byte>) {}
};

struct Kernel {
  std::string_view name;  ///< family/isa/variant, as plans, reports and the plan cache print it
  Features needs;         ///< the CPU must have them all
  bool sparse = true;     ///< false: its time does not fall with zeros (the dense candidate)
  std::optional<std::string> (*refuse)(const Problem&);            ///< why not, with the numbers; nullopt: accepts
  double (*cost_us)(const Problem&);                               ///< rough model of one run on one core
  std::unique_ptr<Prepared> (*prepare)(const Problem&);            ///< copies what it needs from the problem
  DType dtype = DType::f32;  ///< of values and activations
  bool row_major = false;    ///< heeds Problem::b_ld: has run_row_major
};

/// Best first; the last, the reference, accepts everything.
std::span<const Kernel* const> kernels();
}  // namespace tulle::linear
