#include "lab/operations/list.hpp"
#include <algorithm>
#include "tulle/error.hpp"

namespace tulle::lab {
std::span<const Operation> operations() {
  static const std::vector<Operation> all{spmm_operation(), spmv_operation(), sddmm_operation(), attention_operation(), conv_operation(), aggregate_operation(), spgemm_operation(), radixnet_operation()};
  return all;
}

const Operation& find_operation(std::string_view name) {
  const auto all = operations();
  const auto at = std::find_if(all.begin(), all.end(), [&](const Operation& o) { return o.name == name; });
  if (at != all.end()) return *at;
  std::string known;
  for (const Operation& o : all) known += (known.empty() ? "" : ", ") + std::string(o.name);
  throw Error("op", "'" + std::string(name) + "' is none of " + known);
}
}  // namespace tulle::lab
