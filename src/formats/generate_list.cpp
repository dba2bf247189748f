// Generators by name: the table that the lab's suites and messages go by.
#include <cmath>

#include "core/checked.hpp"
#include "formats/generate.hpp"

namespace tulle::generate {
namespace {
constexpr Index kMostEntries = Index{1} << 28;
constexpr Index kLongestMask = 1 << 15;  // masks look at every place
}  // namespace

/// The parameters of one matrix, read with their ranges.
class Arguments {
 public:
  Arguments(const Kind& kind, const Parameters& given) : kind_(kind), given_(given) {
    for (const auto& [name, value] : given)
      if (!kind.defaults.contains(name)) fail(name, "is unknown; " + names() + " are taken");
  }
  Index count(std::string_view name, Index least, Index most) const {
    const double x = value(name);
    if (!(x >= static_cast<double>(least) && x <= static_cast<double>(most)) || x != std::floor(x))
      fail(name, "is " + text(x) + "; whole numbers from " + std::to_string(least) + " to " +
                     std::to_string(most) + " are taken");
    return static_cast<Index>(x);
  }
  double real(std::string_view name, double least, double most) const {
    const double x = value(name);
    if (!(x >= least && x <= most))
      fail(name, "is " + text(x) + "; " + text(least) + " to " + text(most) + " are taken");
    return x;
  }
  std::uint64_t seed() const { return static_cast<std::uint64_t>(count("seed", 0, Index{1} << 53)); }
  Index length() const { return count("n", 1, kLongestMask); }
  bool flag(std::string_view name) const { return count(name, 0, 1) == 1; }
  double sparsity() const { return real("sparsity", 0, 1); }
  /// A side of a matrix of which `share` is kept.
  std::pair<Index, Index> size(double share) const {
    constexpr Index kLongest = 1 << 27;
    const Index rows = count("rows", 0, kLongest), cols = count("cols", 0, kLongest);
    if (static_cast<double>(rows) * static_cast<double>(cols) * share > static_cast<double>(kMostEntries))
      fail("rows", "and cols make " + text(static_cast<double>(rows) * static_cast<double>(cols) * share) +
                       " entries, over " + std::to_string(kMostEntries));
    return {rows, cols};
  }

 private:
  double value(std::string_view name) const {
    const auto found = given_.find(name);
    return found == given_.end() ? kind_.defaults.find(name)->second : found->second;
  }
  static std::string text(double x) {
    std::string s = std::to_string(x);
    s.erase(s.find_last_not_of('0') + 1);
    return s.back() == '.' ? s.substr(0, s.size() - 1) : s;
  }
  std::string names() const {
    std::string all;
    for (const auto& [name, value] : kind_.defaults) all += (all.empty() ? "" : ", ") + name;
    return all;
  }
  [[noreturn]] void fail(std::string_view name, const std::string& what) const {
    throw Error("generator '" + std::string(kind_.name) + "'", "'" + std::string(name) + "' " + what);
  }
  const Kind& kind_;
  const Parameters& given_;
};

namespace {
Csr make_uniform(const Arguments& r) {
  const auto [rows, cols] = r.size(1 - r.sparsity());
  return uniform(rows, cols, r.sparsity(), r.seed());
}
Csr make_power_law(const Arguments& r) {
  const auto [rows, cols] = r.size(1 - r.sparsity());
  return power_law(rows, cols, r.sparsity(), r.real("alpha", 0, 4), r.real("column_alpha", 0, 2), r.seed());
}
Csr make_banded(const Arguments& r) {
  const Index lower = r.count("lower", 0, 1 << 20), upper = r.count("upper", 0, 1 << 20);
  const auto [rows, cols] = r.size(0);
  if (checked_mul(rows, lower + upper + 1) > kMostEntries)
    throw Error("generator 'banded'", "over 2^28 entries");
  return banded(rows, cols, lower, upper, r.real("fill", 0, 1), r.seed());
}
Csr make_blocks(const Arguments& r) {
  const auto [rows, cols] = r.size(1 - r.sparsity());
  return blocks(rows, cols, r.count("block_rows", 1, 4096), r.count("block_cols", 1, 4096), r.sparsity(),
                r.seed());
}
Csr make_n_of_m(const Arguments& r) {
  const Index m = r.count("m", 1, 4096), n = r.count("n", 1, m);
  const auto [rows, cols] = r.size(static_cast<double>(n) / static_cast<double>(m));
  return n_of_m(rows, cols, n, m, r.seed());
}
/// `layers` of them one below the other, from `layer` on.
Csr make_radixnet(const Arguments& r) {
  const Index n = r.count("n", 2, 1 << 20), fan = r.count("fan", 1, 64),
              layers = r.count("layers", 1, 1 << 12);
  const Index first = r.count("layer", 1, 1 << 20);
  if (2 * fan * n > kMostEntries / layers) throw Error("generator 'radixnet'", "over 2^28 entries");
  Csr all{layers * n, n, {0}, {}, {}};
  for (Index layer = first; layer < first + layers; ++layer) {
    const Csr a = radixnet(n, layer, fan, r.seed());
    const Index before = all.offsets.back();
    for (Index i = 1; i <= n; ++i) all.offsets.push_back(before + a.offsets[static_cast<std::size_t>(i)]);
    all.columns.insert(all.columns.end(), a.columns.begin(), a.columns.end());
    all.values.insert(all.values.end(), a.values.begin(), a.values.end());
  }
  return all;
}
Csr make_causal(const Arguments& r) {
  return causal(r.length(), r.seed());
}
Csr make_local(const Arguments& r) {
  return local(r.length(), r.count("window", 0, kLongestMask), r.flag("causal"), r.seed());
}
Csr make_strided(const Arguments& r) {
  return strided(r.length(), r.count("window", 0, kLongestMask), r.count("stride", 1, kLongestMask),
                 r.seed());
}
Csr make_fixed(const Arguments& r) {
  const Index span = r.count("span", 1, kLongestMask);
  return fixed(r.length(), span, r.count("last", 0, span), r.seed());
}
Csr make_sinks(const Arguments& r) {
  return sinks(r.length(), r.count("first", 0, kLongestMask), r.count("window", 0, kLongestMask), r.seed());
}
Csr make_vertical_slash(const Arguments& r) {
  return vertical_slash(r.length(), r.count("verticals", 0, kLongestMask),
                        r.count("slashes", 0, kLongestMask), r.count("window", 0, kLongestMask), r.seed());
}
Csr make_bigbird(const Arguments& r) {
  return bigbird(r.length(), r.count("block", 1, kLongestMask), r.count("globals", 0, kLongestMask),
                 r.count("window", 0, kLongestMask), r.count("random", 0, kLongestMask), r.seed());
}
Csr make_block_mask(const Arguments& r) {
  return block_mask(r.length(), r.count("block", 1, kLongestMask), r.real("density", 0, 1), r.flag("causal"),
                    r.seed());
}

const std::vector<Kind> kKinds = {
    {"uniform", make_uniform, {{"rows", 512}, {"cols", 512}, {"sparsity", 0.9}, {"seed", 0}}},
    {"power_law",
     make_power_law,
     {{"rows", 4096}, {"cols", 4096}, {"sparsity", 0.995}, {"alpha", 1}, {"column_alpha", 0}, {"seed", 0}}},
    {"banded",
     make_banded,
     {{"rows", 512}, {"cols", 512}, {"lower", 64}, {"upper", 64}, {"fill", 1}, {"seed", 0}}},
    {"blocks",
     make_blocks,
     {{"rows", 512}, {"cols", 512}, {"block_rows", 4}, {"block_cols", 4}, {"sparsity", 0.9}, {"seed", 0}}},
    {"n_of_m", make_n_of_m, {{"rows", 512}, {"cols", 512}, {"n", 2}, {"m", 4}, {"seed", 0}}},
    {"radixnet", make_radixnet, {{"n", 1024}, {"layer", 1}, {"layers", 1}, {"fan", 16}, {"seed", 0}}},
    {"causal", make_causal, {{"n", 512}, {"seed", 0}}},
    {"local", make_local, {{"n", 512}, {"window", 128}, {"causal", 0}, {"seed", 0}}},
    {"strided", make_strided, {{"n", 512}, {"window", 32}, {"stride", 64}, {"seed", 0}}},
    {"fixed", make_fixed, {{"n", 512}, {"span", 64}, {"last", 8}, {"seed", 0}}},
    {"sinks", make_sinks, {{"n", 512}, {"first", 4}, {"window", 128}, {"seed", 0}}},
    {"vertical_slash",
     make_vertical_slash,
     {{"n", 512}, {"verticals", 30}, {"slashes", 20}, {"window", 64}, {"seed", 0}}},
    {"bigbird",
     make_bigbird,
     {{"n", 512}, {"block", 64}, {"globals", 1}, {"window", 3}, {"random", 2}, {"seed", 0}}},
    {"block_mask",
     make_block_mask,
     {{"n", 512}, {"block", 64}, {"density", 0.25}, {"causal", 0}, {"seed", 0}}},
};
}  // namespace

std::span<const Kind> kinds() {
  return kKinds;
}

Csr make(std::string_view kind, const Parameters& parameters) {
  std::string names;
  for (const Kind& k : kKinds)
    if (k.name == kind) return k.make(Arguments(k, parameters));
  for (const Kind& k : kKinds) names += (names.empty() ? "" : ", ") + std::string(k.name);
  throw Error("generator '" + std::string(kind) + "'", "is unknown; there are " + names);
}
}  // namespace tulle::generate
