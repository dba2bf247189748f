#include "lab/compare.hpp"
#include <algorithm>
#include <cmath>
#include <map>
#include "tulle/error.hpp"

namespace tulle::lab {
namespace {
using nlohmann::json;
constexpr double kEqual = 0.1;

struct Layer {
  std::string kernel;
  double ms = 0;
};

std::map<std::string, Layer> layers_of(const json& report, const std::string& file) {
  std::map<std::string, Layer> layers;
  try {
    for (const json& l : report.at("layers")) layers[l.at("name")] = {l.at("kernel"), l.at("ms")};
  } catch (const json::exception&) {
    throw Error(file, "is no report of 'explain --json' or 'bench --json': it lacks layers with name, kernel and ms");
  }
  return layers;
}

bool alike(const Change& c) {
  return c.kernel_before == c.kernel_now && std::abs(c.ms_now - c.ms_before) <= kEqual * std::max(c.ms_now, c.ms_before);
}
}  // namespace

Comparison compare(const json& before, const json& now, const std::string& file) {
  std::map<std::string, Change> all;
  for (const auto& [name, layer] : layers_of(before, file)) {
    Change& c = all[name];
    c.kernel_before = layer.kernel, c.ms_before = layer.ms;
  }
  for (const auto& [name, layer] : layers_of(now, "this report")) {
    Change& c = all[name];
    c.kernel_now = layer.kernel, c.ms_now = layer.ms;
  }
  Comparison result;
  for (auto& [name, c] : all) {
    c.layer = name;
    result.ms_before += c.ms_before;
    result.ms_now += c.ms_now;
    if (alike(c))
      ++result.same;
    else
      result.changes.push_back(c);
  }
  std::sort(result.changes.begin(), result.changes.end(), [](const Change& a, const Change& b) {
    return std::abs(a.ms_now - a.ms_before) > std::abs(b.ms_now - b.ms_before);
  });
  return result;
}
}  // namespace tulle::lab
