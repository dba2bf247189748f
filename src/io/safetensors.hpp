#pragma once
#include <map>
#include <string>
#include <string_view>

#include "core/tensor.hpp"
#include "io/file.hpp"

namespace tulle::io {
/// A tensor as the header of a .safetensors file has it. The bytes are counted from the end of the header.
struct SafeTensor {
  std::string dtype;  ///< "F32", "BF16", ...
  Shape shape;
  Index begin = 0, end = 0;
};
using SafeTensors = std::map<std::string, SafeTensor, std::less<>>;

/// Reads the JSON of a header: one object of tensors, and "__metadata__", whose strings are skipped. Nothing
/// else that JSON allows is taken, so that no depth has to be limited; a name given twice is an Error.
SafeTensors parse_safetensors_header(std::string_view json, const std::string& where);

/// A .safetensors file: 8 bytes with the length of the header, the header, the data. Checked when it is
/// opened: known types, sizes that fit the shapes, data without holes and overlaps to the end of the file.
class SafeTensorsFile {
 public:
  explicit SafeTensorsFile(const std::filesystem::path&);
  const SafeTensors& tensors() const { return tensors_; }
  Tensor read(std::string_view name, Index most_bytes) const;
  const std::string& where() const { return file_.name(); }

 private:
  void check_data() const;
  InputFile file_;
  Index data_ = 0;  ///< where the data begin
  SafeTensors tensors_;
};
}  // namespace tulle::io
