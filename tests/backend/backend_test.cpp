// ONNX's own node tests (scripts/onnx_backend_cases.py writes them), through reader and operators, and planned. A case is
// passed, wrong, or refused by an Error; what may be refused stands in refused.txt, reviewed, with a reason.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "io/npz.hpp"
#include "io/onnx.hpp"
#include "ops/element.hpp"
#include "ops/op.hpp"
#include "runtime/session.hpp"

using namespace tulle;
namespace fs = std::filesystem;

namespace {
constexpr double kRelative = 1e-3, kAbsolute = 1e-5;  // ONNX's own relative bound; its absolute one is 1e-7
constexpr int kFewestPassed = 1000;  // of some 1,500; so that cases left unwritten are noticed

template <class T>
bool close(T got, T want) {
  constexpr double relative = ops::kIsHalf<T> ? 2 * kRelative : kRelative;  // one unit of f16 is up to 1e-3
  const auto a = static_cast<ops::Compute<T>>(got), b = static_cast<ops::Compute<T>>(want);
  if constexpr (!ops::kIsFloat<T>)
    return a == b;
  else
    return a == b || (std::isnan(a) && std::isnan(b)) ||
           std::abs(a - b) <= kAbsolute + relative * std::abs(b);
}

/// What is wrong with an output, or "".
std::string difference(const Tensor& got, const Tensor& want) {
  const auto text = [](const TensorType& t) { return std::string(name(t.dtype)) + to_string(t.shape); };
  if (got.empty()) return "is missing";
  if (got.type() != want.type()) return "is " + text(got.type()) + "; want " + text(want.type());
  std::string found;
  ops::AnyType::visit(want.dtype(), [&]<class T>(T) {
    for (std::size_t i = 0; i < want.as<T>().size() && found.empty(); ++i) {
      const T a = got.as<T>()[i], b = want.as<T>()[i];
      if (!close(a, b))
        found = "has " + std::to_string(static_cast<ops::Compute<T>>(a)) + " at " + std::to_string(i) +
                "; want " + std::to_string(static_cast<ops::Compute<T>>(b));
    }
  });
  return found;
}

std::vector<Tensor> tensors(const fs::path& file) {
  std::vector<Tensor> all;
  for (auto& [name, tensor] : io::read_npz(file)) all.push_back(std::move(tensor));
  return all;
}

struct Verdict {
  enum Kind { passed, wrong, refused } kind = passed;
  std::string reason;
};
using Runner = std::vector<Tensor> (*)(const fs::path& model, const std::vector<Tensor>& inputs);

std::vector<Tensor> interpreted(const fs::path& model, const std::vector<Tensor>& inputs) {
  const graph::Graph g = io::read_onnx(model);
  ops::require_known(g);
  return ops::interpret(g, inputs);
}

std::vector<Tensor> planned(const fs::path& file, const std::vector<Tensor>& inputs) {
  const Model model = Model::load(file);
  if (model.inputs().size() != inputs.size()) throw Error("case", "has inputs of another number than the model");
  std::vector<NamedInput> named;
  for (std::size_t i = 0; i < inputs.size(); ++i) named.push_back({model.inputs()[i].name, inputs[i].view()});
  return Session(model).impl().run_all(named);
}

Verdict judge(const fs::path& folder, Runner run) {
  std::vector<Tensor> got;
  try {
    got = run(folder / "model.onnx", tensors(folder / "inputs.npz"));
  } catch (const Error& e) {
    return {Verdict::refused, e.what()};
  }
  const std::vector<Tensor> want = tensors(folder / "outputs.npz");
  if (got.size() != want.size())
    return {Verdict::wrong, std::to_string(got.size()) + " outputs of " + std::to_string(want.size())};
  for (std::size_t i = 0; i < want.size(); ++i)
    if (const std::string what = difference(got[i], want[i]); !what.empty())
      return {Verdict::wrong, "output " + std::to_string(i) + " " + what};
  return {};
}

/// refused.txt: "<case, or its start and a *>  <reason>", # begins a comment.
class Reviewed {
 public:
  explicit Reviewed(const fs::path& file) {
    std::ifstream in(file);
    for (std::string line, pattern; std::getline(in, line);)
      if (std::istringstream words(line); words >> pattern && pattern[0] != '#')
        lines_.push_back({pattern, false});
  }
  bool allows(const std::string& name) {
    bool found = false;
    for (auto& [pattern, used] : lines_)
      if (pattern.back() == '*' ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern)
        found = used = true;
    return found;
  }
  std::vector<std::string> unused() const {
    std::vector<std::string> all;
    for (const auto& [pattern, used] : lines_)
      if (!used) all.push_back(pattern);
    return all;
  }

 private:
  std::vector<std::pair<std::string, bool>> lines_;
};

/// The operator of a case for the table: that of its last node, or "(function)" when ONNX wrote its body out.
std::string operator_of(const fs::path& folder) {
  if (folder.filename().string().find("_expanded") != std::string::npos) return "(function bodies)";
  try {
    const graph::Graph g = io::read_onnx(folder / "model.onnx");
    return g.nodes.empty() ? "Constant" : g.nodes.back().op;
  } catch (const Error&) {
    return "(not read)";
  }
}
}  // namespace

class OnnxBackend : public testing::TestWithParam<Runner> {};
INSTANTIATE_TEST_SUITE_P(Ways, OnnxBackend, testing::Values(&interpreted, &planned),
                         [](const auto& way) { return way.param == &planned ? "planned" : "interpreted"; });

TEST_P(OnnxBackend, NoCaseIsWrongAndNoneRefusedWithoutReview) {
  const fs::path cases = fs::path(TULLE_SOURCE_DIR) / "build/onnx_backend";
  if (!fs::exists(cases / "complete"))
    GTEST_SKIP() << "no cases: .venv/bin/python scripts/onnx_backend_cases.py " << cases;
  Reviewed reviewed(fs::path(TULLE_SOURCE_DIR) / "tests/backend/refused.txt");
  std::map<std::string, std::array<int, 3>> table;
  std::array<int, 3> sum{};
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(cases))
    if (entry.is_directory()) folders.push_back(entry.path());
  std::ranges::sort(folders);
  for (const fs::path& folder : folders) {
    const std::string name = folder.filename();
    const Verdict verdict = judge(folder, GetParam());
    ++table[operator_of(folder)][verdict.kind], ++sum[verdict.kind];
    if (verdict.kind == Verdict::wrong) ADD_FAILURE() << name << ": " << verdict.reason;
    if (verdict.kind == Verdict::refused && !reviewed.allows(name))
      ADD_FAILURE() << name << " refused: " << verdict.reason;
  }
  for (const std::string& pattern : reviewed.unused())
    std::cout << "refused.txt: nothing is refused any more that fits " << pattern << '\n';
  std::cout << "passed wrong refused\n";
  const auto print = [](const std::array<int, 3>& n, const std::string& what) {
    std::cout << n[0] << '\t' << n[1] << '\t' << n[2] << '\t' << what << '\n';
  };
  for (const auto& [op, counts] : table) print(counts, op);
  print(sum, "all");
  EXPECT_GE(sum[Verdict::passed], kFewestPassed);
}
