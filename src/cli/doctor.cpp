#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <link.h>
#include <memory>
#include "cli/commands.hpp"
#include "cli/paths.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "core/cpu.hpp"
#include "kernels/linear/kernel.hpp"
#include "kernels/spmv/kernel.hpp"
#include "lab/process.hpp"

namespace tulle::cli {
namespace {
constexpr const char* kNotInstalled = "not installed; 'make peers' does it";

void line(const std::string& what, const std::string& is) {
  constexpr std::size_t kFirst = 22;
  const std::string text = wrapped(printable(is), std::min<std::size_t>(terminal_width(), 120), kFirst, kFirst);
  fmt::print("{:<{}}{}", what, kFirst, text.substr(kFirst));
}

// Shared libraries of this program that do the work or read files, with the version that their names tell.
std::string libraries() {
  std::string found;
  const auto visit = [](dl_phdr_info* info, std::size_t, void* to) {
    const std::string name = std::filesystem::path(info->dlpi_name).filename();
    for (const char* known : {"libgomp", "libonnx", "libprotobuf", "libz.", "libfmt", "libtulle"})
      if (name.starts_with(known)) *static_cast<std::string*>(to) += " " + name;
    return 0;
  };
  dl_iterate_phdr(visit, &found);
  return found.empty() ? "linked into the program" : found.substr(1);
}

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
  if (!std::filesystem::exists(paths.python)) return line("peer " + module, kNotInstalled);
  try {
    lab::Process process(module, {paths.python, "-c", fmt::format("import json, {0}; print(json.dumps({{'v': {0}.__version__}}))", module)});
    line("peer " + module, process.ask({{"cmd", "version"}}, 30).value("v", "?"));
  } catch (const Error& e) {
    line("peer " + module, kNotInstalled);
  }
}

void doctor(const std::string& python) {
  const CpuInfo cpu = cpu_info();
  const Features have = cpu_features();
  line("Tulle", TULLE_VERSION);
  line("CPU", cpu.model);
  line("cores", fmt::format("{} that this process may use", cpu.cores));
  line("threads", fmt::format("1 unless --threads says otherwise; up to {} pay here", cpu.cores));
  line("instruction sets", to_string(have));
  line("caches", fmt::format("L1 {} KiB, L2 {} KiB, L3 {} KiB", cpu.l1d_bytes >> 10, cpu.l2_bytes >> 10, cpu.l3_bytes >> 10));
  line("libraries", libraries());
  line("products", usable(linear::kernels(), have));
  missing(linear::kernels(), have);
  line("few vectors", usable(spmv::kernels(), have));
  missing(spmv::kernels(), have);
  if (!contains(have, Features::jit)) line("generated code", "off (TULLE_JIT=0); linear/*/rows serves");
  const lab::PeerPaths paths = peer_paths(python);
  peer(paths, "onnxruntime");
  peer(paths, "openvino");
}
}  // namespace

void add_doctor(CLI::App& app) {
  CLI::App* c = app.add_subcommand("doctor", "Tell what this machine has: CPU, caches, kernels, engines to compare with.");
  auto python = std::make_shared<std::string>();
  c->add_option("--peer-python", *python, "Python that has the engines installed");
  c->footer("Example: tulle doctor");
  c->callback([python] { doctor(*python); });
}
}  // namespace tulle::cli
