#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <csignal>
#include <cstdio>
#include "cli/commands.hpp"
#include "cli/text.hpp"
#include "tulle/error.hpp"

namespace {
constexpr int kRefused = 2;  // bad input or arguments: one line said why

int refuse(const std::string& what) {
  fmt::print(stderr, "tulle: {}\n", tulle::cli::printable(what));
  return kRefused;
}
}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a failed write, told in a line, not a signal
  CLI::App app{"Tulle runs ONNX models and makes their zeros pay.", "tulle"};
  app.require_subcommand(1);
  app.set_version_flag("--version", TULLE_VERSION);
  app.footer("Environment: TULLE_ISA=none|avx2|avx512 lowers the instruction sets, TULLE_JIT=0 forbids generated code.");
  tulle::cli::add_inspect(app);
  tulle::cli::add_bench(app);
  tulle::cli::add_explain(app);
  tulle::cli::add_run(app);
  tulle::cli::add_doctor(app);
  tulle::cli::add_peer(app);
  try {
    app.parse(argc, argv);
    if (std::fflush(stdout) != 0) return refuse("standard output could not be written");
    return 0;
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    return refuse(std::string(e.what()) + "; see tulle --help");
  } catch (const tulle::Error& e) {
    return refuse(e.what());
  } catch (const std::bad_alloc&) {
    return refuse("out of memory");
  } catch (const std::exception& e) {
    return refuse(e.what());
  }
}
