#pragma once
#include <optional>
#include <string>
#include <vector>

#include "passes/rewriter.hpp"

namespace tulle::passes {
/// The value of an f32 constant with one element.
std::optional<double> scalar(const Rewriter&, ValueId);
/// Whether the value is an f32 scalar constant within 1e-4 (relative) of `want`, as exporters round sqrt(2)
/// and such.
bool is_scalar(const Rewriter&, ValueId, double want);
bool near(double value, double want);
/// The elements of a constant of integers (i64 or i32).
std::optional<std::vector<Index>> integers(const Rewriter&, ValueId);
/// Integers given by an attribute in older opsets and by input `i` in newer ones; nullopt: not known; empty:
/// absent.
std::optional<std::vector<Index>> integers_of(const Rewriter&, const Node&, std::string_view attribute,
                                              std::size_t i);
/// Input i, kAbsent when the node has fewer.
ValueId input(const Node&, std::size_t i);

/// c x a x b ...: a product of values and scalar constants, whatever the order and association of its Mul,
/// Div, Neg and Pow (by 2 or 3) nodes. Inner nodes belong to it as long as nothing else reads them.
struct Product {
  double scale = 1;
  std::vector<ValueId> factors;
};
Product product_at(const Rewriter&, int root);  ///< of the node; {1, {}} when it is none of these
Product product_of(const Rewriter&,
                   ValueId);  ///< {1, {value}} when another node reads it too, or no Mul made it

/// c + a + b ...: the same for Add and Sub with constants.
struct Sum {
  double constant = 0;
  std::vector<ValueId> terms;
};
Sum sum_of(const Rewriter&, ValueId);

/// Of two values that a commutative node reads: the one that is not `known`; kAbsent when neither is.
ValueId other_of(const std::vector<ValueId>& two, ValueId known);

/// A constant as one value for each of `channels` positions along `axis` of a value of shape `full`: nullopt
/// unless the constant broadcasts along all other axes and does not enlarge `full`.
std::optional<std::vector<float>> per_channel(const Tensor&, const Shape& full, std::size_t axis);

/// axis, counted from the end when negative.
std::size_t absolute_axis(Index axis, std::size_t rank);

Node tulle_node(std::string op, std::string name, std::vector<ValueId> inputs);
Node reshape_node(Rewriter&, std::string name, ValueId input, const Shape& shape);
}  // namespace tulle::passes
