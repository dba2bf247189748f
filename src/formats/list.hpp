#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "tulle/sparse.hpp"

namespace tulle {
/// A matrix in some format.
struct StoredMatrix {
  std::size_t bytes = 0;
  std::function<Csr()> to_csr;
  std::function<void()> check;  ///< throws Error if the arrays are not what the format wants
};

struct Format {
  std::string_view name;                                 ///< "bsr/4x4", "n:m/2:4"
  bool keeps_zeros;                                      ///< entries stored as 0 come back
  std::optional<std::string> (*refuse)(const CsrView&);  ///< why not this matrix
  StoredMatrix (*from_csr)(const CsrView&);              ///< throws Error where refuse says why
};

/// Every format, with the sizes that kernels know.
std::span<const Format> formats();
}  // namespace tulle
