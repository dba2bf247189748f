// From bytes to a parsed and accepted ModelProto: what the file is, whether it is whole, which versions it
// speaks.
#include "io/onnx.hpp"

#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/stubs/logging.h>

#include <limits>

#include "io/onnx_builder.hpp"

namespace tulle::io {
namespace {
namespace fs = std::filesystem;
constexpr Index kMostBytes = std::numeric_limits<int>::max();  // of one protobuf message
constexpr Index kIrFrom = 3, kIrTo = 14, kOpsetFrom = 7, kOpsetTo = 28;

struct Look {
  std::size_t offset;
  std::string_view magic, name;
};
using namespace std::string_view_literals;
constexpr Look kLooks[] = {
    {0, "version https://git-lfs"sv, "a git-lfs pointer: the model itself was not fetched"},
    {0, "<"sv, "an HTML or XML page"},
    {0, "{"sv, "JSON"},
    {0,
     "\xFD"
     "7zXZ"sv,
     "an xz archive: unpack it first"},
    {0, "\x1F\x8B"sv, "a gzip archive: unpack it first"},
    {0, "PK\x03\x04"sv, "a zip archive (a PyTorch file or an .npz?)"},
    {0, "\x80\x02"sv, "a Python pickle"},
    {0, "GGUF"sv, "a GGUF model"},
    {0, "\x89HDF"sv, "an HDF5 file (Keras?)"},
    {4, "TFL3"sv, "a TensorFlow Lite model"},
    {8, "{\""sv, "a safetensors file"}};

std::string looks_like(std::string_view head) {
  for (const Look& look : kLooks)
    if (head.size() > look.offset && head.substr(look.offset).substr(0, look.magic.size()) == look.magic)
      return "is no ONNX model but looks like " + std::string(look.name);
  return "is no ONNX model, or one that is damaged or cut short (protobuf does not parse)";
}

void require_range(const char* what, Index version, Index from, Index to) {
  if (version >= from && version <= to) return;
  throw Error("model", std::string(what) + " " + std::to_string(version) + " is not supported, " +
                           std::to_string(from) + " to " + std::to_string(to) + " are");
}

graph::Graph parse(google::protobuf::io::ZeroCopyInputStream& stream, Index bytes, std::string_view head,
                   const fs::path& folder, const ReadOptions& options) {
  if (bytes == 0) throw Error("model", "is empty");
  if (bytes > kMostBytes)
    throw Error("model", "has " + std::to_string(bytes) + " bytes; one protobuf message has at most " +
                             std::to_string(kMostBytes) +
                             ", larger models keep their weights in external data");
  onnx::ModelProto model;
  if (!model.ParsePartialFromZeroCopyStream(&stream)) throw Error("model", looks_like(head));
  if (!model.has_ir_version() && !model.has_graph()) throw Error("model", looks_like(head));
  require_range("IR version", model.ir_version(), kIrFrom, kIrTo);
  if (!model.has_graph()) throw Error("model", "has no graph");
  TensorReader tensors(ExternalData(folder, options.follow_links), options.most_grown_bytes);
  return Builder(model, std::move(tensors), options.most_grown_bytes).build();
}
}  // namespace

std::string domain_from_onnx(const std::string& domain) {
  return domain == "ai.onnx" ? "" : domain;
}

Versions read_versions(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& imports,
                       const std::string& where) {
  Versions versions;
  for (const auto& import : imports) {
    const std::string domain = domain_from_onnx(import.domain());
    if (domain.empty()) require_range("opset", import.version(), kOpsetFrom, kOpsetTo);
    if (import.version() < 0 || import.version() > std::numeric_limits<int>::max())
      throw Error(where,
                  "opset " + std::to_string(import.version()) + " of domain '" + domain + "' is no version");
    const auto [it, added] = versions.emplace(domain, static_cast<int>(import.version()));
    if (!added && it->second != import.version())
      throw Error(where, "imports two operator sets of domain '" + domain +
                             "': " + std::to_string(it->second) + " and " + std::to_string(import.version()));
  }
  return versions;
}

Builder::Builder(onnx::ModelProto& model, TensorReader tensors, Index most_grown_bytes)
    : model_(model),
      tensors_(std::move(tensors)),
      versions_(read_versions(model.opset_import(), "model")),
      grown_bytes_left_(most_grown_bytes) {
  if (versions_.empty()) throw Error("model", "imports no operator set (opset_import)");
}

graph::Graph parse_onnx(std::span<const std::byte> bytes, const fs::path& folder,
                        const ReadOptions& options) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  google::protobuf::io::ArrayInputStream stream(bytes.data(),
                                                static_cast<int>(std::min(std::ssize(bytes), kMostBytes)));
  return parse(stream, std::ssize(bytes), text.substr(0, 64), folder, options);
}

graph::Graph read_onnx(const fs::path& path, const ReadOptions& options) {
  const InputFile file(path);
  const std::vector<std::byte> head = file.read(0, std::min<Index>(64, file.size_bytes()));
  google::protobuf::io::FileInputStream stream(file.descriptor());
  try {
    return parse(stream, file.size_bytes(), {reinterpret_cast<const char*>(head.data()), head.size()},
                 path.has_parent_path() ? path.parent_path() : ".", options);
  } catch (const Error& e) {
    throw Error(path.string(), e.what());
  }
}
}  // namespace tulle::io
