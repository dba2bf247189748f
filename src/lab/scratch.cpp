#include "lab/scratch.hpp"
#include <cstdlib>
#include "tulle/error.hpp"

namespace tulle::lab {
Scratch::Scratch(const std::string& name) {
  std::string made = (std::filesystem::temp_directory_path() / (name + "-XXXXXX")).string();
  if (!mkdtemp(made.data())) throw Error(name, "no temporary folder under " + made);
  path = made;
  until_then.emplace(path);
}
Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}
}  // namespace tulle::lab
