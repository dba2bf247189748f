#pragma once
#include <filesystem>
#include <string>

#include "tulle/sparse.hpp"

namespace tulle {
struct ReadOptions {
  /// Of the values that entries get where a file has none (.smtx, "pattern", edges without weights): uniform
  /// in
  /// [-1, 1), never 0, the same on every machine.
  std::uint64_t seed = 0;
  /// Which array of a .safetensors or .npz file; may be empty where the file holds one matrix.
  std::string tensor;
  /// The most that the text or the arrays of a file may take in memory, unpacked.
  Index most_bytes = Index{1} << 30;
};

/// Reads a matrix by the end of the file's name; text also packed, as .gz or .xz:
/// .smtx         DLMC's text: "rows, cols, nnz", the offsets, the columns, one line each
/// .mtx          Matrix Market, coordinate and array, every field and symmetry, expanded; entries at one
/// place are
///               summed; of a complex matrix the real part is taken
/// .el .tsv .txt edges, "from to" or "from to weight" a line, nodes counted from 0; # and % begin comments;
/// the
///               weights of one edge are summed
/// .npz          SciPy's csr, csc, coo or bsr, or a dense array
/// .npy          dense
/// .safetensors  a dense tensor, or one that llm-compressor packed as bitmask and values
/// Dense arrays of more than two dimensions are matrices of the first by the product of the others; their
/// zeros are no entries. Numbers become f32; a finite one that f32 cannot hold is refused. Throws Error in
/// one line that names the file and the place, for anything damaged or over a limit; memory is asked for once
/// the file is seen to fill it.
Csr read_matrix(const std::filesystem::path&, const ReadOptions& = {});

/// Writes .smtx (where the values stay behind), .mtx (both also .gz and .xz), SciPy's .npz or a dense .npy:
/// whole or not at all. Reading .mtx, .npz gives back the same bits.
void write_matrix(const std::filesystem::path&, const CsrView&);
}  // namespace tulle
