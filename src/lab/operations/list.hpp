#pragma once
#include "lab/operation.hpp"

namespace tulle::lab {
Operation spmm_operation();
}  // namespace tulle::lab
