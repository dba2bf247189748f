#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "core/cpu.hpp"
#include "tulle/sparse.hpp"

namespace tulle::spgemm {
/// C = A B at the entries of C, whose pattern is known: c_ij = sum_p a_ip b_pj, in the order of A's row.
/// C may have fewer entries than A B (a mask); what has no entry takes no part.
struct Problem {
  CsrView a, b;
  std::span<const Index> c_offsets;
  std::span<const std::int32_t> c_columns;
  bool masked = false;  ///< there are products at places that C does not have
};

struct Kernel {
  std::string_view name;
  Features needs;
  /// Words of 32 bits, zeroed before the first run, that one thread needs.
  Index (*scratch_words)(const Problem&);
  /// The values of rows first .. last - 1 of C. Serial, allocates nothing; an entry has the same bits
  /// whatever the cut into ranges. |error| <= (s + 1) 2^-24 sum_p |a_ip b_pj|, s products.
  void (*run)(const Problem&, Index first, Index last, float* c, std::uint32_t* scratch) noexcept;
};
std::span<const Kernel* const> kernels();
}  // namespace tulle::spgemm
