#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/text.hpp"
#include "tulle/error.hpp"

namespace {
constexpr int kRefused = 2;  // bad input or arguments: one line said why

int refuse(const std::string& what) {
  fmt::print(stderr, "tulle: {}\n", tulle::cli::printable(what));
  return kRefused;
}

std::string commands(const CLI::App& app) {
  std::string names;
  for (const CLI::App* c : app.get_subcommands([](const CLI::App*) { return true; })) names += (names.empty() ? "" : ", ") + c->get_name();
  return names;
}

// "" when the first argument is a command or an option.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  const auto known = app.get_subcommands([&](const CLI::App* c) { return c->get_name() == first; });
  if (first.empty()) return "no command is given; there are " + commands(app) + "; see tulle --help";
  if (first[0] == '-' || !known.empty()) return "";
  return "there is no command '" + first + "'; there are " + commands(app) + "; see tulle --help";
}

std::string help_of(const CLI::App& app) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  return "; see tulle " + (chosen.empty() ? "" : chosen[0]->get_name() + " ") + "--help";
}
}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a failed write, told in a line, not a signal
  tulle::cli::open_standard_streams();
  tulle::cli::end_on_interrupt();
  CLI::App app{"Tulle runs ONNX models and makes their zeros pay.", "tulle"};
  app.require_subcommand(1);
  app.set_version_flag("--version", TULLE_VERSION);
  app.footer("Environment: TULLE_ISA=none|avx2|avx512 lowers the instruction sets, TULLE_JIT=0 forbids generated code.");
  app.footer(app.get_footer() + "\nExamples: tulle inspect model.onnx\n"
             "          tulle explain model.onnx --shapes x:1x3x224x224\n"
             "          tulle bench model.onnx --shapes x:1x3x224x224 --against onnxruntime\n"
             "          tulle run model.onnx --input in.npz --output out.npz");
  tulle::cli::add_inspect(app);
  tulle::cli::add_bench(app);
  tulle::cli::add_explain(app);
  tulle::cli::add_run(app);
  tulle::cli::add_kernel(app);
  tulle::cli::add_doctor(app);
  tulle::cli::add_peer(app);
  tulle::cli::add_lab(app);
  if (const std::string refusal = unknown_command(app, argc, argv); !refusal.empty()) return refuse(refusal);
  try {
    app.parse(argc, argv);
    if (std::fflush(stdout) != 0) return refuse(std::string("standard output cannot be written: ") + std::strerror(errno));
    return 0;
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    return refuse(e.what() + help_of(app));
  } catch (const tulle::Error& e) {
    return refuse(e.what());
  } catch (const std::bad_alloc&) {
    return refuse("out of memory");
  } catch (const std::exception& e) {
    return refuse(e.what());
  }
}
