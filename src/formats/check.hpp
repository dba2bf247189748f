#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "tulle/sparse.hpp"

namespace tulle {
/// Of matrices that a few bytes of a file or a few entries can describe; their offsets take 1 GiB.
constexpr Index kMostRows = Index{1} << 27;

/// The checks that compressed formats share. `where` names the format, `line` what is compressed: "row",
/// "column", "row of blocks".

/// Refuses sizes below 0 and from 2^31 on, where 32-bit indices end.
void check_sizes(const char* where, Index rows, Index cols);
void check_count(const char* where, const char* what, std::size_t have, Index want);

/// `lines` compressed lines: offsets rise from 0 to the number of indices.
void check_offsets(const char* where, const char* line, Index lines, std::span<const Index> offsets,
                   std::size_t entries);
/// Within each line the indices lie in [0, size) and rise. `index` names them: "column".
void check_indices(const char* where, const char* line, const char* index, Index size,
                   std::span<const Index> offsets, std::span<const std::int32_t> indices);
}  // namespace tulle
