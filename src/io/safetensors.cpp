// The safetensors format of Hugging Face, and the "sparse-bitmask" tensors of llm-compressor in it:
// NAME.compressed (the values), NAME.bitmask ([rows][ceil(cols / 8)] bytes, least bit first), NAME.shape,
// NAME.row_offsets.
#include "io/safetensors.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "io/matrix_files.hpp"

namespace tulle::io {
namespace {
constexpr Index kMostHeaderBytes = 100'000'000;  // the limit of the format's own library

struct SafeType {
  std::string_view name;
  Index bytes;
  std::optional<DType> dtype;  ///< nullopt: known, not read
};
constexpr SafeType kTypes[] = {
    {"BOOL", 1, DType::boolean},  {"U8", 1, DType::u8},         {"I8", 1, DType::i8},
    {"F8_E5M2", 1, std::nullopt}, {"F8_E4M3", 1, std::nullopt}, {"I16", 2, DType::i16},
    {"U16", 2, DType::u16},       {"F16", 2, DType::f16},       {"BF16", 2, DType::bf16},
    {"I32", 4, DType::i32},       {"U32", 4, DType::u32},       {"F32", 4, DType::f32},
    {"F64", 8, DType::f64},       {"I64", 8, DType::i64},       {"U64", 8, DType::u64}};

const SafeType& type_of(const SafeTensor& t, const std::string& where) {
  for (const SafeType& type : kTypes)
    if (type.name == t.dtype) return type;
  throw Error(where, "the type '" + t.dtype.substr(0, 24) + "' is unknown");
}
std::string in_quotes(std::string_view name) {
  return "'" + std::string(name.substr(0, 80)) + "'";
}
}  // namespace

SafeTensorsFile::SafeTensorsFile(const std::filesystem::path& path) : file_(path) {
  std::uint64_t length = 0;
  if (file_.size_bytes() < 8)
    throw Error(where(), "has " + std::to_string(file_.size_bytes()) + " bytes, too few for a .safetensors");
  file_.read(0, std::as_writable_bytes(std::span(&length, 1)));
  const Index left = file_.size_bytes() - 8;
  if (length > static_cast<std::uint64_t>(std::min(left, kMostHeaderBytes)))
    throw Error(where(), "says its header has " + std::to_string(length) + " bytes; the file has " +
                             std::to_string(left) + " more, and at most " + std::to_string(kMostHeaderBytes) +
                             " are read");
  std::string header(static_cast<std::size_t>(length), '\0');
  file_.read(8, std::as_writable_bytes(std::span(header)));
  if (!header.starts_with('{'))
    throw Error(where(), "is no .safetensors: its header does not begin with '{'");
  tensors_ = parse_safetensors_header(header, where());
  data_ = 8 + static_cast<Index>(length);
  check_data();
}

void SafeTensorsFile::check_data() const {
  std::vector<const SafeTensors::value_type*> order;
  for (const auto& item : tensors_) order.push_back(&item);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
  });
  Index at = 0;
  for (const auto* item : order) {
    const SafeTensor& t = item->second;
    const std::string place = where() + ": " + in_quotes(item->first);
    if (t.begin != at)
      throw Error(place,
                  "begins at byte " + std::to_string(t.begin) + ", " + std::to_string(at) + " is wanted");
    const Index bytes =
        checked_mul(element_count(t.shape, place.c_str()), type_of(t, place).bytes, place.c_str());
    if (bytes != t.end - t.begin)
      throw Error(place, t.dtype + to_string(t.shape) + " takes " + std::to_string(bytes) +
                             " bytes, its offsets give " + std::to_string(t.end - t.begin));
    at = t.end;
  }
  if (at != file_.size_bytes() - data_)
    throw Error(where(), "has " + std::to_string(file_.size_bytes() - data_) +
                             " bytes of data, its header tells of " + std::to_string(at));
}

Tensor SafeTensorsFile::read(std::string_view name, Index most_bytes) const {
  const std::string place = where() + ": " + in_quotes(name);
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) throw Error(place, "is not there");
  const SafeTensor& t = found->second;
  const SafeType& type = type_of(t, place);
  if (!type.dtype) throw Error(place, "the type " + t.dtype + " is not supported");
  if (t.end - t.begin > most_bytes)
    throw Error(place, "takes " + std::to_string(t.end - t.begin) + " bytes, at most " +
                           std::to_string(most_bytes) + " are allowed");
  Tensor tensor(TensorType{*type.dtype, t.shape});
  file_.read(data_ + t.begin, {static_cast<std::byte*>(tensor.mutable_data()), tensor.size_bytes()});
  return tensor;
}

namespace {
constexpr std::string_view kValues = ".compressed", kBits = ".bitmask", kShape = ".shape",
                           kOffsets = ".row_offsets";

/// Names of the matrices: dense ones, and those packed as bitmask and values by their common name.
std::vector<std::string> matrices(const SafeTensors& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) {
    const bool values = name.ends_with(kValues);
    const std::string base =
        name.substr(0, name.size() - (values ? kValues : kBits).size() * (values || name.ends_with(kBits)));
    const bool packed = base != name && tensors.contains(base + std::string(kValues)) &&
                        tensors.contains(base + std::string(kBits));
    if (packed ? values : is_matrix(tensor.shape)) names.push_back(packed ? base : name);
  }
  return names;
}

/// Turns bytes with the least bit first into the words of a Bitmask.
void set_bits(Bitmask& b, const Tensor& bytes) {
  const Index row_bytes = (b.cols + 7) / 8;
  const auto* from = static_cast<const std::byte*>(bytes.data());
  b.bits.resize(static_cast<std::size_t>(b.rows * b.words()));
  for (Index i = 0; i < b.rows; ++i)
    for (Index k = 0; k < row_bytes; ++k)
      b.bits[static_cast<std::size_t>(i * b.words() + k / 8)] |=
          std::to_integer<std::uint64_t>(from[i * row_bytes + k]) << (k % 8 * 8);
}

Csr unpacked(const SafeTensorsFile& file, const std::string& name, Index most_bytes) {
  const std::string place = file.where() + ": " + in_quotes(name);
  const auto part = [&](std::string_view suffix) {
    return file.read(name + std::string(suffix), most_bytes);
  };
  const Tensor sizes = part(kShape), bits = part(kBits), values = part(kValues), offsets = part(kOffsets);
  const std::vector<std::int32_t> shape = as_int32(sizes.reshaped({sizes.count()}), place + kShape.data());
  if (shape.size() != 2)
    throw Error(place, "is packed with " + std::to_string(shape.size()) + " dimensions, 2 are wanted");
  Bitmask b{shape[0],
            shape[1],
            {},
            as_indices(offsets.reshaped({offsets.count()}), place + kOffsets.data()),
            as_f32(values, place)};
  const Shape wanted{b.rows, (b.cols + 7) / 8};
  if (size_bytes(bits.dtype()) != 1 || bits.shape() != wanted)
    throw Error(place, "its bitmask is " + std::string(tulle::name(bits.dtype())) + to_string(bits.shape()) +
                           ", u8" + to_string(wanted) + " is wanted");
  b.offsets.push_back(static_cast<Index>(b.values.size()));
  set_bits(b, bits);
  return checked_in(place, [&] {
    check(b);
    return to_csr(b);
  });
}
}  // namespace

Csr read_safetensors(const std::filesystem::path& path, const ReadOptions& options) {
  const SafeTensorsFile file(path);
  const std::string name = choose_tensor(matrices(file.tensors()), options.tensor, file.where());
  if (file.tensors().contains(name))
    return matrix_of(file.read(name, options.most_bytes), file.where() + ": " + in_quotes(name));
  return unpacked(file, name, options.most_bytes);
}
}  // namespace tulle::io
