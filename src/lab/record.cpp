#include "lab/record.hpp"
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <cstring>
#include "io/file.hpp"
#include "tulle/error.hpp"

namespace tulle::lab {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
constexpr Index kMostBytes = Index{1} << 30;
constexpr const char* kName = "results.jsonl";

struct Lines {
  std::vector<json> records;
  std::size_t whole_bytes = 0, bytes = 0;  ///< up to the last end of a line, and in all
};

json parse(std::string_view line, const fs::path& file, std::size_t number) {
  const json record = json::parse(line, nullptr, false);
  const auto wrong = [&](const std::string& what) { return Error(fmt::format("{}:{}", file.string(), number), what); };
  if (!record.is_object()) throw wrong("is no record: one JSON object a line is wanted");
  for (const char* key : {"op", "matrix", "dtype", "order", "kernel"})
    if (!record.contains(key) || !record[key].is_string()) throw wrong(fmt::format("lacks '{}' as a string", key));
  for (const char* key : {"n", "threads"})
    if (!record.contains(key) || !record[key].is_number_integer()) throw wrong(fmt::format("lacks '{}' as a whole number", key));
  for (const char* key : {"us_min", "us_median"})
    if (record.contains(key) && (!record[key].is_number() || !(record[key].get<double>() > 0))) throw wrong(fmt::format("its '{}' is no positive number", key));
  return record;
}

Lines lines_of(const fs::path& file) {
  const std::vector<std::byte> bytes = io::read_file(file, kMostBytes);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Lines lines{.bytes = text.size()};
  for (std::size_t end; (end = text.find('\n', lines.whole_bytes)) != text.npos; lines.whole_bytes = end + 1)
    if (const std::string_view line = text.substr(lines.whole_bytes, end - lines.whole_bytes); !line.empty())
      lines.records.push_back(parse(line, file, lines.records.size() + 1));
  return lines;
}
}  // namespace

std::string key_of(const json& r) {
  const auto text = [&](const char* key) { return r.contains(key) ? r[key].dump() : ""; };
  return fmt::format("{} {} {} {} {} {} {} {} {} {}", text("machine"), text("op"), text("matrix"), text("n"), text("dtype"), text("threads"),
                     text("cold"), text("order"), text("kernel"), text("parameters"));
}

Records::Records(const fs::path& folder) : file_(folder / kName) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (fs::exists(file_)) {
    const Lines lines = lines_of(file_);
    for (const json& r : lines.records) keys_.insert(key_of(r));
    dropped_bytes_ = lines.bytes - lines.whole_bytes;
    if (dropped_bytes_ > 0) fs::resize_file(file_, lines.whole_bytes);
  }
  fd_ = open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0) throw Error(file_.string(), std::string("cannot be written: ") + std::strerror(errno));
}

Records::~Records() {
  if (fd_ >= 0) close(fd_);
}

// One write of a whole line: a kill in the middle leaves a line without its end, which the next start drops.
void Records::add(const json& record) {
  const std::string line = record.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  if (write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw Error(file_.string(), std::string("cannot be written: ") + std::strerror(errno));
  keys_.insert(key_of(record));
}

std::vector<json> read_records(const fs::path& folder) {
  const fs::path file = fs::is_directory(folder) ? folder / kName : folder;
  return lines_of(file).records;
}
}  // namespace tulle::lab
