#pragma once
#include <map>

#include "io/file.hpp"

namespace tulle::io {
/// Where a tensor's bytes lie, as the model says it.
struct ExternalPlace {
  std::string location;  ///< file, relative to the model's folder
  Index offset = 0;
};

/// The files beside a model that hold its larger tensors; the only code that opens them. A location must stay
/// in the model's folder: no absolute path, no "..", no symbolic link at any level and no file with a second
/// hard link, unless `follow_links` says that the folder is trusted (caches of model hubs are made of links).
class ExternalData {
 public:
  ExternalData(std::filesystem::path folder,
               bool follow_links);  ///< an empty folder: every location is refused
  const InputFile& open(const std::string& location);
  /// An Error unless `bytes` from the place on lie in the file: to be asked before memory is.
  void require(const ExternalPlace&, Index bytes);
  void read(const ExternalPlace&, std::span<std::byte> out);

 private:
  std::filesystem::path folder_;
  bool follow_links_;
  std::map<std::string, InputFile> files_;
};
}  // namespace tulle::io
