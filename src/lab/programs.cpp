#include "lab/programs.hpp"
#include <fmt/format.h>
#include <algorithm>
#include "tulle/error.hpp"

namespace tulle::lab {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

std::vector<std::string> command(const std::string& name, const ProgramPaths& paths) {
  if (name == "tulle") return {paths.tulle, "lab", "serve"};
  const std::string who = "peer '" + name + "'";
  const fs::path script = paths.scripts / (name + ".py"), source = paths.scripts / (name + ".cpp"), program = paths.programs / name;
  const bool plain = !name.empty() && name.find('/') == name.npos && name[0] != '.';
  if (plain && fs::exists(script)) {
    if (!fs::exists(paths.python)) throw Error(who, fmt::format("is absent: there is no {}; 'make peers' installs it", paths.python.string()));
    return {paths.python, script};
  }
  if (plain && fs::exists(program)) return {program};
  if (plain && fs::exists(source)) throw Error(who, fmt::format("is absent: it is not built ({}); 'make peers' does that and says what is missing", program.string()));
  std::string known;
  for (const std::string& p : known_peers(paths)) known += (known.empty() ? "" : ", ") + p;
  throw Error(who, "is not known; there are " + known);
}
}  // namespace

std::vector<std::string> known_peers(const ProgramPaths& paths) {
  std::vector<std::string> names;
  std::error_code none;
  for (fs::directory_iterator at(paths.scripts, none), end; !none && at != end; at.increment(none))
    if (const fs::path& p = at->path(); p.extension() == ".py" || p.extension() == ".cpp") names.push_back(p.stem());
  std::sort(names.begin(), names.end());
  return names;
}

Program find_program(const std::string& name, const ProgramPaths& paths, double seconds) {
  Program p{.name = name, .command = command(name, paths)};
  try {
    const json answer = Process(name, p.command).ask({{"cmd", "hello"}}, seconds);
    p.version = answer.value("version", "?");
    for (const json& o : answer.at("offers")) p.offers.push_back({o.at("op"), o.at("kernel"), o.at("dtypes").get<std::vector<std::string>>()});
  } catch (const json::exception&) {
    throw Error("peer '" + name + "'", "answers 'hello' with what the protocol does not know");
  } catch (const Error& e) {
    throw Error(e.what(), "it is absent; 'make peers' installs it");
  }
  return p;
}
}  // namespace tulle::lab
