#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>
#include "tulle/error.hpp"
#include "tulle/tensor.hpp"

namespace tulle {
/// A named input or output of a model. A symbolic dimension has size -1 and its symbol ("batch", or "").
struct TensorInfo {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;
  std::vector<std::string> symbols;  ///< one per dimension; "" where the size is fixed or unnamed
};

struct LoadOptions {
  bool follow_links = false;  ///< weights beside the file may be links out of its folder, as hubs' caches have them
};

/// A neural network as its file has it. Immutable and cheap to copy; may be shared by threads.
class Model {
 public:
  /// Reads an ONNX file (opset 7 and newer). Throws Error in one line for anything damaged or unsupported.
  static Model load(const std::filesystem::path&, const LoadOptions& = {});
  const std::vector<TensorInfo>& inputs() const;
  const std::vector<TensorInfo>& outputs() const;

  struct Impl;
  explicit Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  const Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

struct SessionOptions {
  int threads = 1;
  bool sparse = true;                ///< false: dense kernels only, for comparison
  std::filesystem::path plan_cache;  ///< folder where plans are kept between processes; empty: nowhere
  std::function<void(Index done, Index total)> progress;  ///< called while planning
};

struct NamedInput {
  std::string_view name;
  TensorView tensor;  ///< lent for the call
};
struct NamedOutput {
  std::string_view name;
  MutableTensorView tensor;  ///< the caller's memory, of the type that output_types() gives
};

/// A model prepared to run. run() may be called from many threads at once; plans are made once for each set of input
/// shapes and a few are kept.
class Session {
 public:
  explicit Session(Model, SessionOptions = {});
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  /// Plans for these shapes now, not at the first run.
  void prepare(std::span<const NamedInput>);
  /// Types of all outputs for these inputs, in the model's order.
  std::vector<TensorType> output_types(std::span<const NamedInput>);
  /// Every input of the model by name; the outputs that the caller wants by name. Throws Error when a name, type or
  /// shape is wrong, or an index in the data is out of range. The same
  /// bits from run to run, for any number of threads and whichever kernels a plan chose, dense or sparse: all add in one
  /// order. For finite data, on a CPU with AVX2 or AVX-512; where a whole sum underflows, its zero may have either sign.
  void run(std::span<const NamedInput>, std::span<const NamedOutput>);

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};
}  // namespace tulle
