#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "core/tensor.hpp"
#include "io/npz.hpp"
#include "tulle/formats.hpp"
#include "tulle/io.hpp"

namespace tulle::io {
/// The readers and writers behind read_matrix() and write_matrix(). `where` names the file in messages.
Csr parse_smtx(std::string_view text, const std::string& where, std::uint64_t seed);
Csr parse_matrix_market(std::string_view text, const std::string& where, std::uint64_t seed);
Csr parse_edges(std::string_view text, const std::string& where, std::uint64_t seed);
Csr read_npz_matrix(const std::filesystem::path&, const ReadOptions&);
Csr read_safetensors(const std::filesystem::path&, const ReadOptions&);

std::string smtx_text(const CsrView&);
std::string matrix_market_text(const CsrView&);
void write_npz_matrix(const std::filesystem::path&, const CsrView&);

/// The elements of a tensor as f32; a finite one that f32 cannot hold is an Error.
std::vector<float> as_f32(const Tensor&, const std::string& where);
/// The elements of an integer tensor of one dimension.
std::vector<Index> as_indices(const Tensor&, const std::string& where);
/// The same, of numbers below 2^31.
std::vector<std::int32_t> as_int32(const Tensor&, const std::string& where);
Csr matrix_of(const Tensor& dense, const std::string& where);
bool is_matrix(const Shape&);  ///< has two dimensions or more

/// Runs the checks of a format on what a file said, and puts the file's name before what they say without it.
template <class Body>
auto checked_in(const std::string& where, const Body& body) {
  try {
    return body();
  } catch (const Error& e) {
    if (std::string_view(e.what()).starts_with(where)) throw;
    throw Error(where, e.what());
  }
}

/// The one of `names` that is meant: `wanted`, or the only one.
const std::string& choose_tensor(const std::vector<std::string>& names, const std::string& wanted,
                                 const std::string& where);
}  // namespace tulle::io
