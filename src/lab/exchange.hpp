#pragma once
#include <filesystem>
#include <string>
#include "tulle/sparse.hpp"
#include "tulle/tensor.hpp"

namespace tulle::lab {
/// How the lab hands a sparse matrix to a contender: an .npz with SciPy's names (data f32, indices i32, indptr i64,
/// shape), entries of a row in rising order. read_csr checks all of it.
void write_csr(const std::filesystem::path&, const CsrView&);
Csr read_csr(const std::filesystem::path&);

/// "f32", "bf16", "f16", "i8"; an Error names another.
DType dtype_of(const std::string&);
}  // namespace tulle::lab
