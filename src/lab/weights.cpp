#include "lab/weights.hpp"

namespace tulle::lab {
Weight weight_of(const graph::Graph& g, const graph::Node& n) {
  for (std::size_t i = 0; i < n.inputs.size(); ++i) {
    const graph::ValueId id = n.inputs[i];
    if (!g.is_constant(id) || g.value(id).constant.dtype() != DType::f32) continue;
    const Tensor& t = g.value(id).constant;
    const Shape& s = t.shape();
    if (t.count() == 0) continue;
    if (n.op == "Conv" && i == 1 && s.size() >= 3) return {&t, s[0], t.count() / s[0], false};
    if (n.op == "Linear" && i == 1 && s.size() == 2) return {&t, s[0], s[1], false};
    if (n.op == "MatMul" && s.size() == 2) return {&t, i == 1 ? s[1] : s[0], i == 1 ? s[0] : s[1], i == 1};
    if (n.op == "Gemm" && i == 1 && s.size() == 2) {
      const bool kept = n.int_attribute("transB", 0) != 0;
      return {&t, kept ? s[0] : s[1], kept ? s[1] : s[0], !kept};
    }
  }
  return {};
}

std::map<std::string, Pattern> patterns(const graph::Graph& g) {
  std::map<std::string, Pattern> found;
  for (const graph::Node& n : g.nodes)
    if (const Weight w = weight_of(g, n); w.tensor)
      found.emplace(n.name, find_pattern(w.tensor->as<float>().data(), w.rows, w.cols, w.transposed));
  return found;
}
}  // namespace tulle::lab
