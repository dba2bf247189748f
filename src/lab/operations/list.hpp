#pragma once
#include "lab/operation.hpp"

namespace tulle::lab {
Operation spmm_operation();
Operation spmv_operation();
Operation sddmm_operation();
Operation attention_operation();
Operation conv_operation();
Operation aggregate_operation();
Operation spgemm_operation();
Operation radixnet_operation();
}  // namespace tulle::lab
