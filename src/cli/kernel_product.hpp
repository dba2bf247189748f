#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "tulle/kernel_choice.hpp"
#include "tulle/sparse.hpp"

namespace tulle::cli {
/// What the commands below tulle kernel share: matrices.
struct NamedMatrix {
  std::string name;
  Csr a;
  double zeros() const;
};
/// Of the file `matrix` or of the text `random`, "512x768:0.9", one of the two.
NamedMatrix read_or_make(const std::string& command, const std::string& matrix, const std::string& random,
                         const std::string& tensor, std::uint64_t seed);

/// Rows of whole numbers from -127 to 127, each with the scale that gives its values back.
struct Quantised {
  explicit Quantised(Csr& a);
  std::vector<float> scales;
};

DType dtype_of(const std::string& name);
/// Each candidate: its refusal, or its cost and, where it was timed, its time, rate and share of a known
/// peak.
nlohmann::json candidates_json(std::span<const KernelChoice>, double flops, double peak_gflops = 0);
/// Of the fastest dense candidate that was timed; 0: none was.
double best_dense_us(std::span<const KernelChoice>);
/// "" unless x is above 0.
std::string number(double x, int digits);
/// "refused: a, b (why), c (why)": those with the same reason together.
std::string refusals(std::span<const KernelChoice>);
}  // namespace tulle::cli
