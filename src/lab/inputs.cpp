#include "lab/inputs.hpp"
#include <algorithm>
#include <charconv>
#include <random>
#include "core/checked.hpp"
#include "io/npz.hpp"

namespace tulle::lab {
namespace {
constexpr Index kIntegersBelow = 100, kLikelySize = 128;
constexpr Index kMostInputBytes = Index{1} << 31;

Index parse_size(const std::string& text, const std::string& whole) {
  Index value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0)
    throw Error("--shapes", "'" + text + "' in '" + whole + "' is no size; want NAME:DxDxD, e.g. x:1x3x224x224");
  return value;
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (std::size_t to; (to = text.find(at, from)) != std::string::npos; from = to + 1) parts.push_back(text.substr(from, to - from));
  parts.push_back(text.substr(from));
  return parts;
}
}  // namespace

std::map<std::string, Shape> parse_shapes(const std::string& text) {
  std::map<std::string, Shape> shapes;
  if (text.empty()) return shapes;
  for (const std::string& part : split(text, ',')) {
    const std::size_t colon = part.rfind(':');
    if (colon == std::string::npos) throw Error("--shapes", "'" + part + "' has no ':'; want NAME:DxDxD, e.g. x:1x3x224x224");
    Shape shape;
    if (colon + 1 < part.size())
      for (const std::string& size : split(part.substr(colon + 1), 'x')) shape.push_back(parse_size(size, part));
    if (!shapes.emplace(part.substr(0, colon), shape).second) throw Error("--shapes", "'" + part.substr(0, colon) + "' is given twice");
  }
  return shapes;
}

namespace {
bool is_fixed(const TensorInfo& info) { return std::none_of(info.shape.begin(), info.shape.end(), [](Index d) { return d < 0; }); }

// "x:1x128" with likely sizes where the file has symbols.
std::string example(const TensorInfo& info) {
  std::string text = info.name + ":";
  for (std::size_t i = 0; i < info.shape.size(); ++i)
    text += (i ? "x" : "") + std::to_string(info.shape[i] >= 0 ? info.shape[i] : i == 0 ? Index{1} : kLikelySize);
  return text;
}

std::string declared(const TensorInfo& info) {
  std::string text;
  for (std::size_t i = 0; i < info.shape.size(); ++i)
    text += (i ? ", " : "") + (info.shape[i] >= 0 ? std::to_string(info.shape[i]) : info.symbols[i].empty() ? "?" : info.symbols[i]);
  return "[" + text + "]";
}

// Names every input that still needs a shape, and a line to start from.
void require_shapes(const Model& model, const std::map<std::string, Shape>& shapes) {
  std::string needed, all;
  for (const TensorInfo& info : model.inputs()) {
    if (is_fixed(info)) continue;
    all += (all.empty() ? "" : ",") + example(info);
    if (!shapes.contains(info.name)) needed += (needed.empty() ? "'" : ", '") + info.name + "' " + declared(info);
  }
  if (!needed.empty()) throw Error("inputs without a fixed shape", needed + "; give their sizes, e.g. --shapes " + all);
}

Shape shape_for(const TensorInfo& info, const std::map<std::string, Shape>& shapes) {
  const auto given = shapes.find(info.name);
  if (given == shapes.end()) return info.shape;
  const Shape& s = given->second;
  bool fits = s.size() == info.shape.size();
  for (std::size_t i = 0; fits && i < s.size(); ++i) fits = info.shape[i] < 0 || info.shape[i] == s[i];
  if (!fits && !info.shape.empty()) throw Error("--shapes", "'" + info.name + "' is " + to_string(s) + ", the model wants " + declared(info));
  return s;
}

void require_size(const TensorInfo& info, const Shape& shape) {
  const Index bytes = checked_mul(element_count(shape, info.name.c_str()), static_cast<Index>(size_bytes(info.dtype)), info.name.c_str());
  if (bytes > kMostInputBytes)
    throw Error("--shapes", "'" + info.name + "' of " + to_string(shape) + " takes " + std::to_string(bytes) + " bytes; at most " +
                                std::to_string(kMostInputBytes) + " are made");
}

template <class T> void fill_integers(Tensor& t, const std::string& name, std::mt19937& bits) {
  const bool mask = name.find("mask") != std::string::npos, type = name.find("type") != std::string::npos;
  for (T& x : t.as_mutable<T>()) x = static_cast<T>(mask ? 1 : type ? 0 : bits() % kIntegersBelow);
}

void fill(Tensor& t, const std::string& name, std::mt19937& bits) {
  std::normal_distribution<float> normal;
  switch (t.dtype()) {
    case DType::f32:
      for (float& x : t.as_mutable<float>()) x = normal(bits);
      return;
    case DType::f64:
      for (double& x : t.as_mutable<double>()) x = normal(bits);
      return;
    case DType::i64: return fill_integers<std::int64_t>(t, name, bits);
    case DType::i32: return fill_integers<std::int32_t>(t, name, bits);
    case DType::u8:
    case DType::i8: return fill_integers<std::uint8_t>(t, name, bits);
    case DType::boolean:
      for (std::uint8_t& x : t.as_mutable<std::uint8_t>()) x = 1;
      return;
    default: throw Error("input '" + name + "'", "no random data for " + std::string(tulle::name(t.dtype())) + "; give --input FILE.npz");
  }
}
}  // namespace

Inputs random_inputs(const Model& model, const std::map<std::string, Shape>& shapes, unsigned seed) {
  for (const auto& [name, shape] : shapes)
    if (std::none_of(model.inputs().begin(), model.inputs().end(), [&](const TensorInfo& i) { return i.name == name; }))
      throw Error("--shapes", "the model has no input '" + name + "'");
  require_shapes(model, shapes);
  std::mt19937 bits(seed);
  Inputs inputs;
  for (const TensorInfo& info : model.inputs()) {
    const Shape shape = shape_for(info, shapes);
    require_size(info, shape);
    Tensor t(TensorType{info.dtype, shape});
    fill(t, info.name, bits);
    inputs.emplace_back(info.name, std::move(t));
  }
  return inputs;
}

Inputs read_inputs(const Model& model, const std::filesystem::path& path) {
  if (path.extension() != ".npy") return io::read_npz(path);
  if (model.inputs().size() != 1)
    throw Error(path.string(), "an .npy file holds one array and the model has " + std::to_string(model.inputs().size()) + " inputs; give an .npz");
  return {{model.inputs()[0].name, io::read_npy(path)}};
}

std::vector<NamedInput> views(const Inputs& inputs) {
  std::vector<NamedInput> named;
  for (const auto& [name, tensor] : inputs) named.push_back({name, tensor.view()});
  return named;
}
}  // namespace tulle::lab
