#include "lab/job.hpp"
#include "tulle/error.hpp"

namespace tulle::lab {
namespace {
template <class Map> const auto& named(const Map& all, const std::string& name, const Job& job) {
  const auto at = all.find(name);
  if (at == all.end()) throw Error(job.op, "the job lacks '" + name + "'");
  return at->second;
}
}  // namespace

const float* Job::operand(const std::string& name) const { return named(operands, name, *this).template as<float>().data(); }
double Job::parameter(std::string_view name) const { return named(parameters, std::string(name), *this); }
}  // namespace tulle::lab
