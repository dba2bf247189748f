#include "passes/match.hpp"

#include <algorithm>
#include <cmath>

namespace tulle::passes {
bool near(double value, double want) {
  return std::abs(value - want) <= 1e-4 * std::abs(want);
}

std::optional<double> scalar(const Rewriter& r, ValueId id) {
  const Tensor& t = r.constant_of(id);
  if (t.empty() || t.dtype() != DType::f32 || t.count() != 1) return std::nullopt;
  return t.as<float>()[0];
}
bool is_scalar(const Rewriter& r, ValueId id, double want) {
  const auto value = scalar(r, id);
  return value && near(*value, want);
}

std::optional<std::vector<Index>> integers(const Rewriter& r, ValueId id) {
  const Tensor& t = r.constant_of(id);
  if (t.empty()) return std::nullopt;
  if (t.dtype() == DType::i64) return std::vector<Index>(t.as<Index>().begin(), t.as<Index>().end());
  if (t.dtype() == DType::i32)
    return std::vector<Index>(t.as<std::int32_t>().begin(), t.as<std::int32_t>().end());
  return std::nullopt;
}

std::optional<std::vector<Index>> integers_of(const Rewriter& r, const Node& node, std::string_view attribute,
                                              std::size_t i) {
  if (node.has_attribute(attribute)) return node.ints_attribute(attribute);
  if (const ValueId id = input(node, i); id != kAbsent) return integers(r, id);
  return std::vector<Index>();
}

ValueId input(const Node& node, std::size_t i) {
  return i < node.inputs.size() ? node.inputs[i] : kAbsent;
}

namespace {
// Whether exponent is a constant 2 or 3, written as a float or as an integer.
std::optional<int> small_power(const Rewriter& r, ValueId exponent) {
  for (const int power : {2, 3}) {
    if (is_scalar(r, exponent, power)) return power;
    if (const auto whole = integers(r, exponent); whole && *whole == std::vector<Index>{power}) return power;
  }
  return std::nullopt;
}

// Patterns are small; a chain of thousands of products is none, and must cost neither stack nor time.
constexpr int kDeepest = 8;

void multiply(const Rewriter& r, ValueId id, Product& product, int depth);

// Takes the node apart if it is part of a product; false: it is not.
bool multiply_node(const Rewriter& r, int n, Product& product, int depth) {
  if (r.is(n, "Mul")) {
    multiply(r, r.node(n).inputs[0], product, depth + 1);
    multiply(r, r.node(n).inputs[1], product, depth + 1);
    return true;
  }
  if (r.is(n, "Neg")) {
    product.scale = -product.scale;
    multiply(r, r.node(n).inputs[0], product, depth + 1);
    return true;
  }
  if (r.is(n, "Div"))
    if (const auto divisor = scalar(r, r.node(n).inputs[1]); divisor && *divisor != 0) {
      product.scale /= *divisor;
      multiply(r, r.node(n).inputs[0], product, depth + 1);
      return true;
    }
  if (r.is(n, "Pow"))
    if (const auto power = small_power(r, r.node(n).inputs[1])) {
      product.factors.insert(product.factors.end(), static_cast<std::size_t>(*power), r.node(n).inputs[0]);
      return true;
    }
  return false;
}

void multiply(const Rewriter& r, ValueId id, Product& product, int depth) {
  if (const auto c = scalar(r, id)) {
    product.scale *= *c;
  } else if (depth > kDeepest || !r.read_once(id) || !multiply_node(r, r.maker(id), product, depth)) {
    product.factors.push_back(id);
  }
}

void add(const Rewriter& r, ValueId id, double sign, int depth, Sum& sum) {
  const bool inside = depth == 0 || (depth <= kDeepest && r.read_once(id));
  const int n = inside ? r.maker(id) : kNobody;
  if (const auto c = scalar(r, id)) {
    sum.constant += sign * *c;
  } else if (r.is(n, "Add") || (r.is(n, "Sub") && scalar(r, r.node(n).inputs[1]))) {
    add(r, r.node(n).inputs[0], sign, depth + 1, sum);
    add(r, r.node(n).inputs[1], r.is(n, "Sub") ? -sign : sign, depth + 1, sum);
  } else {
    sum.terms.push_back(id);
  }
}
}  // namespace

Product product_at(const Rewriter& r, int root) {
  Product product;
  multiply_node(r, root, product, 0);
  return product;
}
Product product_of(const Rewriter& r, ValueId id) {
  Product product;
  multiply(r, id, product, 0);
  return product;
}
Sum sum_of(const Rewriter& r, ValueId id) {
  Sum sum;
  add(r, id, 1, 0, sum);
  return sum;
}

ValueId other_of(const std::vector<ValueId>& two, ValueId known) {
  if (two.size() != 2) return kAbsent;
  if (two[0] == known) return two[1];
  return two[1] == known ? two[0] : kAbsent;
}

std::optional<std::vector<float>> per_channel(const Tensor& t, const Shape& full, std::size_t axis) {
  if (t.empty() || t.dtype() != DType::f32 || t.shape().size() > full.size()) return std::nullopt;
  const std::size_t missing = full.size() - t.shape().size();
  for (std::size_t i = 0; i < t.shape().size(); ++i)
    if (t.shape()[i] != 1 && (i + missing != axis || t.shape()[i] != full[axis])) return std::nullopt;
  const auto values = t.as<float>();
  if (values.size() == 1) return std::vector<float>(static_cast<std::size_t>(full[axis]), values[0]);
  return std::vector<float>(values.begin(), values.end());
}

std::size_t absolute_axis(Index axis, std::size_t rank) {
  return static_cast<std::size_t>(axis < 0 ? axis + static_cast<Index>(rank) : axis);
}

Node tulle_node(std::string op, std::string name, std::vector<ValueId> inputs) {
  return {.name = std::move(name),
          .op = std::move(op),
          .domain = "tulle",
          .version = 1,
          .inputs = std::move(inputs)};
}

Node reshape_node(Rewriter& r, std::string name, ValueId input, const Shape& shape) {
  const ValueId target = r.constant(
      name + ".shape", Tensor::of<Index>(DType::i64, {static_cast<Index>(shape.size())}, std::span(shape)));
  return {.name = std::move(name), .op = "Reshape", .version = 13, .inputs = {input, target}};
}
}  // namespace tulle::passes
