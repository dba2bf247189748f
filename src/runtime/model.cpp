#include "runtime/model.hpp"
#include <cstring>
#include "io/onnx.hpp"
#include "ops/op.hpp"

namespace tulle {
namespace {
TensorInfo info_of(const graph::Value& v) {
  TensorInfo info{v.name, v.declared_dtype.value_or(v.type ? v.type->dtype : DType::f32), {}, {}};
  if (v.declared)
    for (const graph::Dim& d : *v.declared) {
      info.shape.push_back(d.size);
      info.symbols.push_back(d.symbol);
    }
  return info;
}

// FNV-1a over 8-byte words: a key for a cache, not a protection.
struct Hash {
  std::uint64_t value = 14695981039346656037u;
  void add(const void* data, std::size_t size) {
    const auto* p = static_cast<const unsigned char*>(data);
    for (; size >= 8; p += 8, size -= 8) {
      std::uint64_t word;
      std::memcpy(&word, p, 8);
      value = (value ^ word) * 1099511628211u;
    }
    for (; size; ++p, --size) value = (value ^ *p) * 1099511628211u;
  }
};
}  // namespace

Model Model::load(const std::filesystem::path& path, const LoadOptions& options) {
  auto impl = std::make_shared<Impl>();
  impl->graph = io::read_onnx(path, {.follow_links = options.follow_links});
  try {
    ops::require_known(impl->graph);
  } catch (const Error& e) {
    throw Error(path.string(), e.what());
  }
  for (graph::ValueId id : impl->graph.inputs) impl->inputs.push_back(info_of(impl->graph.value(id)));
  for (graph::ValueId id : impl->graph.outputs) impl->outputs.push_back(info_of(impl->graph.value(id)));
  return Model(std::move(impl));
}
const std::vector<TensorInfo>& Model::inputs() const { return impl_->inputs; }
const std::vector<TensorInfo>& Model::outputs() const { return impl_->outputs; }

std::string Model::Impl::key() const {
  Hash h;
  const std::string text = graph::to_text(graph);
  h.add(text.data(), text.size());
  for (const graph::Value& v : graph.values)
    if (!v.constant.empty()) h.add(v.constant.data(), v.constant.size_bytes());
  return std::to_string(h.value);
}
}  // namespace tulle
