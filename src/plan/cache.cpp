#include "plan/cache.hpp"
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include "io/file.hpp"
#include "kernels/linear/kernel.hpp"
#include "kernels/spmv/kernel.hpp"

namespace tulle::plan {
namespace {
using nlohmann::json;
constexpr int kFormat = 1;

// FNV-1a over text: a name for a file, not a protection.
std::uint64_t hash(const std::string& text) {
  std::uint64_t h = 14695981039346656037u;
  for (unsigned char c : text) h = (h ^ c) * 1099511628211u;
  return h;
}

json to_json(const Candidate& c) {
  return {{"kernel", c.name}, {"refusal", c.refusal}, {"cost_us", c.cost_us}, {"time_us", c.time_us}};
}
Candidate candidate(const json& j) {
  return {.name = j.at("kernel"), .refusal = j.at("refusal"), .cost_us = j.at("cost_us"), .time_us = j.at("time_us")};
}
}  // namespace

std::filesystem::path cache_file(const Options& options, const graph::Graph& g) {
  std::string text = fmt::format("{} {} {} {} {}", kFormat, options.model_key, cpu_info().model, to_string(cpu_features()),
                                 options.sparse ? "sparse" : "dense");
  for (graph::ValueId id : g.inputs) text += " " + to_string(g.value(id).type->shape);
  for (const auto* k : linear::kernels()) text += " " + std::string(k->name);
  for (const auto* k : spmv::kernels()) text += " " + std::string(k->name);
  return options.cache / fmt::format("{:016x}-t{}.json", hash(text), options.threads);
}

std::map<std::string, Verdict> load_verdicts(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return {};
  std::map<std::string, Verdict> verdicts;
  try {
    const json root = json::parse(in);
    if (root.at("format") != kFormat) return {};
    for (const auto& [key, j] : root.at("verdicts").items()) {
      Verdict v{j.at("kernel"), j.at("time_us"), j.at("dense_us"), j.at("sparse_us"), {}};
      for (const json& c : j.at("candidates")) v.candidates.push_back(candidate(c));
      verdicts.emplace(key, std::move(v));
    }
  } catch (const json::exception&) {
    return {};
  }
  return verdicts;
}

void save_verdicts(const std::filesystem::path& file, const std::map<std::string, Verdict>& verdicts, const Plan& plan) {
  json root{{"format", kFormat}, {"machine", cpu_info().model}, {"features", to_string(cpu_features())}};
  for (const TensorType& t : plan.input_types) root["inputs"].push_back(to_string(t.shape));
  for (const auto& [key, v] : verdicts) {
    json j{{"kernel", v.kernel}, {"time_us", v.time_us}, {"dense_us", v.dense_us}, {"sparse_us", v.sparse_us},
           {"candidates", json::array()}};
    for (const Candidate& c : v.candidates) j["candidates"].push_back(to_json(c));
    root["verdicts"][key] = std::move(j);
  }
  std::error_code failed;
  std::filesystem::create_directories(file.parent_path(), failed);
  if (failed) throw Error("plan cache " + file.parent_path().string(), "cannot be made: " + failed.message());
  io::write_file_atomically(file, root.dump(1));
}
}  // namespace tulle::plan
