#pragma once
#include "ops/op.hpp"
// The only file that knows every operator: a new one is its file, its name here and its name in list.cpp.
namespace tulle::ops {
extern const Operator kRelu;
}  // namespace tulle::ops
