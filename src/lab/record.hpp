#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>
#include "core/leftovers.hpp"
#include "lab/suite.hpp"

namespace tulle::lab {
/// What makes two lines of results the same measurement.
std::string key_of(const nlohmann::json& record);

/// The lines of a folder of results, DIR/results.jsonl: each written whole, so that a kill loses nothing that was
/// finished; a last line without its end is dropped.
class Records {
 public:
  explicit Records(const std::filesystem::path& folder);
  ~Records();
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;
  bool has(const nlohmann::json& record) const { return keys_.contains(key_of(record)); }
  void add(const nlohmann::json&);
  std::size_t dropped_bytes() const { return dropped_bytes_; }  ///< of a line that a kill cut

 private:
  std::filesystem::path file_;
  std::set<std::string> keys_;
  std::size_t dropped_bytes_ = 0;
  int fd_ = -1;
};

/// All lines of a folder. Throws Error with file and line where one is no record.
std::vector<nlohmann::json> read_records(const std::filesystem::path& folder);
}  // namespace tulle::lab
