#include "io/external_data.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace tulle::io {
namespace fs = std::filesystem;
namespace {
/// The names between the slashes, each a plain one.
std::vector<std::string> components(const std::string& location) {
  const std::string shown = location.c_str();  // up to a zero byte, which would cut the message short
  const auto refuse = [&](const char* what) { throw Error("external data '" + shown + "'", what); };
  if (location.empty()) refuse("the location is empty");
  if (location.size() > 4096) throw Error("external data", "the location is longer than 4096 bytes");
  if (location.front() == '/') refuse("the location is absolute; it must stay in the model's folder");
  if (location.find('\0') != std::string::npos) refuse("the location contains a zero byte");
  if (location.find('\\') != std::string::npos) refuse("the location contains a backslash");
  std::vector<std::string> names;
  for (std::size_t from = 0; from <= location.size();) {
    const std::size_t to = std::min(location.find('/', from), location.size());
    std::string name = location.substr(from, to - from);
    if (name == "..") refuse("the location contains '..'; it must stay in the model's folder");
    if (name.empty() && to == location.size()) refuse("the location names no file");
    if (!name.empty() && name != ".") names.push_back(std::move(name));
    from = to + 1;
  }
  if (names.empty()) refuse("the location names no file");
  return names;
}

Descriptor open_step(const std::string& location, int folder, const std::string& name, int flags) {
  Descriptor d(::openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags));
  if (d.get() >= 0) return d;
  const int why = errno;
  const bool link = why == ELOOP || why == ENOTDIR;
  throw Error("external data '" + location + "'",
              "'" + name + "' cannot be opened: " + std::strerror(why) +
                  (link && (flags & O_NOFOLLOW) ? " (links are not followed unless asked for)" : ""));
}

/// Walks down from the folder one name at a time, so that nothing can be swapped between a check and its use.
InputFile open_beneath(const fs::path& folder, const std::string& location, bool follow_links) {
  const int no_follow = follow_links ? 0 : O_NOFOLLOW;
  const std::vector<std::string> names = components(location);
  Descriptor at = open_step(location, AT_FDCWD, folder.string(), O_DIRECTORY);
  for (std::size_t i = 0; i + 1 < names.size(); ++i)
    at = open_step(location, at.get(), names[i], O_DIRECTORY | no_follow);
  Descriptor file = open_step(location, at.get(), names.back(), no_follow);
  struct stat status {};
  if (!follow_links && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink > 1)
    throw Error("external data '" + location + "'",
                "the file has " + std::to_string(status.st_nlink) +
                    " hard links, maybe out of the model's folder (links are not followed unless asked for)");
  return InputFile(std::move(file), "external data '" + location + "'");
}
}  // namespace

ExternalData::ExternalData(fs::path folder, bool follow_links)
    : folder_(std::move(folder)), follow_links_(follow_links) {}

const InputFile& ExternalData::open(const std::string& location) {
  if (const auto it = files_.find(location); it != files_.end()) return it->second;
  if (folder_.empty())
    throw Error("external data '" + location.substr(0, 200) + "'",
                "a model in memory has no folder to look in");
  return files_.emplace(location, open_beneath(folder_, location, follow_links_)).first->second;
}

void ExternalData::require(const ExternalPlace& place, Index bytes) {
  const InputFile& file = open(place.location);
  if (place.offset < 0 || bytes < 0 || place.offset > file.size_bytes() ||
      bytes > file.size_bytes() - place.offset)
    throw Error(file.name(), std::to_string(bytes) + " bytes from byte " + std::to_string(place.offset) +
                                 " reach past the end of the file, which has " +
                                 std::to_string(file.size_bytes()));
}

void ExternalData::read(const ExternalPlace& place, std::span<std::byte> out) {
  require(place, static_cast<Index>(out.size()));
  open(place.location).read(place.offset, out);
}
}  // namespace tulle::io
