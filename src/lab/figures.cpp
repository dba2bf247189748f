#include "lab/figures.hpp"
#include <fmt/format.h>
#include "lab/record.hpp"
#include "tulle/error.hpp"

namespace tulle::lab {
namespace {
using nlohmann::json;
namespace fs = std::filesystem;
constexpr double kSeconds = 600;
constexpr const char* kSystemPython = "/usr/bin/python3";  // has no matplotlib, but writes the table and the page's text
}  // namespace

Drawn draw(const fs::path& results, const fs::path& html, const ProgramPaths& paths) {
  read_records(results);  // so that a bad line is told here, with its number
  const fs::path python = fs::exists(paths.python) ? paths.python : fs::path(kSystemPython);
  const fs::path script = paths.report / "main.py";
  if (!fs::exists(python)) throw Error("lab report", fmt::format("there is neither {} nor {}; 'make peers' installs the former", paths.python.string(), kSystemPython));
  Process report("report", {python, script});
  const json answer = report.ask({{"results", fs::absolute(results)}, {"html", fs::absolute(html)}}, kSeconds);
  return {answer.value("written", std::vector<std::string>{}), answer.value("missing", "")};
}
}  // namespace tulle::lab
