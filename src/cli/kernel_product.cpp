#include "cli/kernel_product.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "formats/generate.hpp"
#include "tulle/io.hpp"

namespace tulle::cli {
namespace {
/// "512x768:0.9": rows, columns and the fraction of zeros.
NamedMatrix random_matrix(const std::string& text, std::uint64_t seed) {
  long long rows = 0, cols = 0;
  double zeros = 0;
  int used = 0;
  const int found = std::sscanf(text.c_str(), "%9lldx%9lld:%lf%n", &rows, &cols, &zeros, &used);
  if (found != 3 || used != static_cast<int>(text.size()) || rows < 0 || cols < 0)
    throw Error("--random", "'" + text + "'; want ROWSxCOLS:ZEROS, as in 512x768:0.9");
  const generate::Parameters p{{"rows", static_cast<double>(rows)},
                               {"cols", static_cast<double>(cols)},
                               {"sparsity", zeros},
                               {"seed", static_cast<double>(seed)}};
  return {"random " + text, generate::make("uniform", p)};
}
}  // namespace

double NamedMatrix::zeros() const {
  const double cells = static_cast<double>(a.rows) * static_cast<double>(a.cols);
  return cells > 0 ? 1 - static_cast<double>(a.values.size()) / cells : 0;
}

NamedMatrix read_or_make(const std::string& command, const std::string& matrix, const std::string& random,
                         const std::string& tensor, std::uint64_t seed) {
  if (matrix.empty() == random.empty())
    throw Error(command, "wants a file or --random ROWSxCOLS:ZEROS, one of the two");
  if (!random.empty()) return random_matrix(random, seed);
  return {matrix, read_matrix(matrix, {.seed = seed, .tensor = tensor})};
}

Quantised::Quantised(Csr& a) : scales(static_cast<std::size_t>(a.rows), 1) {
  constexpr float kMost = 127;
  for (std::size_t i = 0; i < scales.size(); ++i) {
    const auto begin = a.values.begin() + a.offsets[i], end = a.values.begin() + a.offsets[i + 1];
    float largest = 0;
    std::for_each(begin, end, [&](float x) { largest = std::max(largest, std::abs(x)); });
    if (largest > 0) scales[i] = largest / kMost;
    std::for_each(begin, end, [&](float& x) { x = std::round(x / scales[i]); });
  }
}

DType dtype_of(const std::string& text) {
  if (text == "i8") return DType::i8;
  return text == "bf16" ? DType::bf16 : DType::f32;
}

nlohmann::json candidates_json(std::span<const KernelChoice> candidates, double flops, double peak_gflops) {
  nlohmann::json all = nlohmann::json::array();
  for (const KernelChoice& c : candidates) {
    nlohmann::json line{{"kernel", c.name}};
    if (!c.refusal.empty()) line["refusal"] = c.refusal;
    if (c.refusal.empty()) line["cost_us"] = c.cost_us;
    if (c.time_us > 0)
      line.update({{"time_us", c.time_us},
                   {"gflops", flops / c.time_us / 1e3},
                   {"prepare_us", c.prepare_us},
                   {"bytes", c.bytes}});
    if (c.time_us > 0 && peak_gflops > 0) line["peak_share"] = flops / c.time_us / 1e3 / peak_gflops;
    all.push_back(std::move(line));
  }
  return all;
}

double best_dense_us(std::span<const KernelChoice> candidates) {
  double best = 0;
  for (const KernelChoice& c : candidates)
    if (!c.sparse && c.time_us > 0 && (best == 0 || c.time_us < best)) best = c.time_us;
  return best;
}

std::string number(double x, int digits) {
  return x > 0 ? fmt::format("{:.{}f}", x, digits) : "";
}

std::string refusals(std::span<const KernelChoice> candidates) {
  std::vector<std::pair<std::string, std::string>> names_and_why;
  for (const KernelChoice& c : candidates) {
    if (c.refusal.empty()) continue;
    const auto same = std::find_if(names_and_why.begin(), names_and_why.end(),
                                   [&](const auto& known) { return known.second == c.refusal; });
    if (same == names_and_why.end())
      names_and_why.push_back({c.name, c.refusal});
    else
      same->first += ", " + c.name;
  }
  std::string text;
  for (const auto& [names, why] : names_and_why)
    text += (text.empty() ? "refused: " : "; ") + names + " (" + why + ")";
  return text;
}

}  // namespace tulle::cli
