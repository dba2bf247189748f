#pragma once
#include "lab/suite.hpp"
#include "tulle/sparse.hpp"

namespace tulle::lab {
/// Reads or generates it; values that a file lacks are drawn with a fixed seed.
Csr load_matrix(const MatrixSource&);
}  // namespace tulle::lab
