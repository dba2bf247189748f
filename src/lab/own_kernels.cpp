#include "lab/own_kernels.hpp"
#include <algorithm>
#include "lab/operation.hpp"

namespace tulle::lab {
namespace {
void offer(std::vector<Offer>& offers, const Operation& o, const std::string& kernel, DType dtype) {
  const auto at = std::find_if(offers.begin(), offers.end(), [&](const Offer& x) { return x.op == o.name && x.kernel == kernel; });
  if (at == offers.end())
    offers.push_back({std::string(o.name), kernel, o.prepare, {dtype}});
  else
    at->dtypes.push_back(dtype);
}
}  // namespace

Served own_kernels(const std::string& version) {
  Served served{version, {}};
  for (const Operation& o : operations())
    for (const DType dtype : o.dtypes) {
      offer(served.offers, o, "plan", dtype);
      for (const std::string& kernel : o.kernels(dtype)) offer(served.offers, o, kernel, dtype);
    }
  return served;
}
}  // namespace tulle::lab
