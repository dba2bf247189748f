#pragma once
#include "kernels/activation.hpp"
#include "ops/op.hpp"

namespace tulle::ops {
/// The activation that the attributes activation, alpha and beta of a node of domain "tulle" name; else none.
Activation activation_of(const Call&);
/// Its value at x, as kernels/activation.hpp defines it.
double activate(const Activation&, double x);
}  // namespace tulle::ops
