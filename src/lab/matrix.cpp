#include "lab/matrix.hpp"
#include "formats/generate.hpp"
#include "tulle/io.hpp"

namespace tulle::lab {
Csr load_matrix(const MatrixSource& source) {
  if (const auto* g = std::get_if<Generated>(&source.from)) return generate::make(g->kind, g->parameters);
  return read_matrix(std::get<std::filesystem::path>(source.from));
}
}  // namespace tulle::lab
