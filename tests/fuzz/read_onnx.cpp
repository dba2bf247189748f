// What a model file goes through before anything is planned; nothing in it may end but in a graph or an Error.
#include <cstdint>
#include "io/onnx.hpp"
#include "ops/op.hpp"
#include "passes/passes.hpp"
#include "tulle/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto graph = tulle::io::parse_onnx(std::as_bytes(std::span(data, size)));
    tulle::ops::require_known(graph);
    tulle::passes::Log log;
    tulle::passes::optimize(tulle::passes::specialize(graph, {}, log), log);
  } catch (const tulle::Error&) {
  }
  return 0;
}
