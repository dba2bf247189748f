#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include "cli/commands.hpp"
#include "cli/paths.hpp"
#include "core/cpu.hpp"
#include "kernels/linear/kernel.hpp"
#include "kernels/spmv/kernel.hpp"
#include "lab/process.hpp"

namespace tulle::cli {
namespace {
void line(const std::string& what, const std::string& is) { fmt::print("{:<22} {}\n", what, is); }

template <class Kernels> std::string usable(const Kernels& kernels, Features have) {
  std::string text;
  for (const auto* k : kernels)
    if (contains(have, k->needs)) text += (text.empty() ? "" : ", ") + std::string(k->name);
  return text;
}
template <class Kernels> void missing(const Kernels& kernels, Features have) {
  for (const auto* k : kernels)
    if (!contains(have, k->needs)) line("  not here", fmt::format("{} (needs {})", k->name, to_string(k->needs)));
}

// A peer is there when Python can import it.
void peer(const lab::PeerPaths& paths, const std::string& module) {
  if (!std::filesystem::exists(paths.python)) return line("peer " + module, "not installed; run 'make peers'");
  try {
    lab::Process process(module, {paths.python, "-c", fmt::format("import json, {0}; print(json.dumps({{'v': {0}.__version__}}))", module)});
    line("peer " + module, process.ask({{"cmd", "version"}}, 30).value("v", "?"));
  } catch (const Error& e) {
    line("peer " + module, "not installed; run 'make peers'");
  }
}

void doctor() {
  const CpuInfo cpu = cpu_info();
  const Features have = cpu_features();
  line("Tulle", TULLE_VERSION);
  line("CPU", cpu.model);
  line("cores", std::to_string(cpu.cores));
  line("instruction sets", to_string(have));
  line("caches", fmt::format("L1 {} KiB, L2 {} KiB, L3 {} KiB", cpu.l1d_bytes >> 10, cpu.l2_bytes >> 10, cpu.l3_bytes >> 10));
  line("products", usable(linear::kernels(), have));
  missing(linear::kernels(), have);
  line("few vectors", usable(spmv::kernels(), have));
  missing(spmv::kernels(), have);
  if (!contains(have, Features::jit)) line("generated code", "off (TULLE_JIT=0); packed kernels serve");
  const lab::PeerPaths paths = peer_paths("");
  peer(paths, "onnxruntime");
  peer(paths, "openvino");
}
}  // namespace

void add_doctor(CLI::App& app) {
  CLI::App* c = app.add_subcommand("doctor", "Tell what this machine has: CPU, caches, kernels, engines to compare with.");
  c->callback([] { doctor(); });
}
}  // namespace tulle::cli
