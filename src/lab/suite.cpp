#include "lab/suite.hpp"
#include <fmt/format.h>
#include <fnmatch.h>
#include <toml++/toml.h>
#include <algorithm>
#include <map>
#include <span>
#include "formats/generate.hpp"
#include "io/file.hpp"
#include "tulle/error.hpp"

namespace tulle::lab {
namespace {
namespace fs = std::filesystem;
constexpr Index kMostBytes = Index{1} << 20, kMostN = Index{1} << 16;
constexpr std::size_t kMostCases = 1'000'000, kMostListed = 10'000;
constexpr int kMostThreads = 1024;

const std::map<std::string, DType> kTypes{{"f32", DType::f32}, {"bf16", DType::bf16}, {"f16", DType::f16}, {"i8", DType::i8}};

template <class Names, class Name> std::string listed(const Names& names, const Name& name) {
  std::string all;
  for (const auto& n : names) all += (all.empty() ? "" : ", ") + std::string(name(n));
  return all;
}
std::string listed(std::span<const std::string_view> names) {
  return listed(names, [](std::string_view n) { return n; });
}
using Words = std::vector<std::string_view>;

// A table of the file that tells what is wrong in it with its line.
class Keys {
 public:
  Keys(const toml::table& table, std::string file, const Words& known) : table_(table), file_(std::move(file)) {
    for (const auto& [key, value] : table_)
      if (std::find(known.begin(), known.end(), key.str()) == known.end())
        fail(value, fmt::format("unknown key '{}'; there are {}", key.str(), listed(known)));
  }

  [[noreturn]] void fail(const toml::node& at, const std::string& what) const {
    throw Error(fmt::format("{}:{}", file_, at.source().begin.line), what);
  }
  [[noreturn]] void fail(const std::string& what) const { fail(table_, what); }

  // One value or an array of them.
  template <class T> std::vector<T> list(std::string_view key, std::vector<T> otherwise) const {
    const toml::node* node = table_.get(key);
    if (!node) return otherwise;
    std::vector<T> values;
    const auto take = [&](const toml::node& n) {
      const auto value = n.value_exact<T>();
      if (!value) fail(n, fmt::format("'{}' wants {}", key, wanted<T>()));
      values.push_back(*value);
    };
    if (const toml::array* array = node->as_array()) {
      if (array->empty() || array->size() > kMostListed) fail(*node, fmt::format("'{}' has {} values; from 1 to {} may stand there", key, array->size(), kMostListed));
      for (const toml::node& n : *array) take(n);
    } else {
      take(*node);
    }
    return values;
  }

  template <class T> T one(std::string_view key, T otherwise) const {
    return only(key, list<T>(key, {otherwise}));
  }
  template <class T> T only(std::string_view key, const std::vector<T>& values) const {
    if (values.size() != 1) fail(*table_.get(key), fmt::format("'{}' has {} values, wants one", key, values.size()));
    return values[0];
  }

  std::vector<Index> sizes(std::string_view key, std::vector<Index> otherwise, Index most) const {
    const std::vector<Index> values = list<Index>(key, std::move(otherwise));
    for (const Index v : values)
      if (v < 1 || v > most) fail(fmt::format("'{}' is {}, wants 1 to {}", key, v, most));
    if (values.empty()) fail(fmt::format("'{}' is missing", key));
    return values;
  }

  // A number in [least, most]; whole numbers count too.
  std::vector<double> numbers(std::string_view key, std::vector<double> otherwise, double least, double most) const {
    const toml::node* node = table_.get(key);
    std::vector<double> values;
    const auto take = [&](const toml::node& n) {
      const auto value = n.value<double>();
      if (!value || !(*value >= least && *value <= most)) fail(n, fmt::format("'{}' wants a number from {} to {}", key, least, most));
      values.push_back(*value);
    };
    if (!node) return otherwise;
    if (const toml::array* array = node->as_array())
      for (const toml::node& n : *array) take(n);
    else
      take(*node);
    if (values.empty() || values.size() > kMostListed) fail(*node, fmt::format("'{}' has {} values", key, values.size()));
    return values;
  }

  std::string word(std::string_view key, const std::string& value, const Words& known) const {
    if (std::find(known.begin(), known.end(), value) == known.end())
      fail(fmt::format("'{}' is '{}'; there are {}", key, value, listed(known)));
    return value;
  }

  template <class Body> void tables(std::string_view key, const Body& body) const {
    const toml::node* node = table_.get(key);
    if (!node) return;
    const toml::array* array = node->as_array();
    if (!array || !array->is_homogeneous<toml::table>()) fail(*node, fmt::format("'{0}' wants tables: [[{0}]]", key));
    for (const toml::node& n : *array) body(*n.as_table());
  }
  const std::string& file() const { return file_; }
  bool has(std::string_view key) const { return table_.contains(key); }

 private:
  template <class T> static const char* wanted() {
    if constexpr (std::is_same_v<T, bool>) return "true or false";
    if constexpr (std::is_same_v<T, std::string>) return "a string";
    return "a whole number";
  }
  const toml::table& table_;
  std::string file_;
};

// "../matrices/dlmc/a/b.smtx.xz" is dlmc/a/b, in whatever folder all of DLMC lies.
std::string name_of(const fs::path& relative) {
  fs::path name;
  for (const fs::path& part : relative.lexically_normal())
    if (part != ".." && (part != "matrices" || !name.empty())) name /= part;
  for (const char* packed : {".xz", ".gz"})
    if (name.extension() == packed) name.replace_extension();
  return name.replace_extension();
}

void add_files(std::vector<MatrixSource>& to, const Keys& keys, std::string_view key, const fs::path& folder, const fs::path& prefix) {
  for (const std::string& pattern : keys.list<std::string>(key, {})) {
    const std::vector<fs::path> found = matching_files(folder, pattern);
    if (found.empty()) keys.fail(fmt::format("no file matches '{}' below {}", pattern, folder.string()));
    for (const fs::path& file : found) to.push_back({name_of(prefix / file.lexically_relative(folder)), file});
  }
}

// Every parameter may be a list; each combination is a matrix.
void add_generated(std::vector<MatrixSource>& to, const toml::table& table, const Keys& parent) {
  const auto kinds = generate::kinds();
  const std::string wanted = table["kind"].value_or(std::string("uniform"));
  const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const generate::Kind& k) { return k.name == wanted; });
  if (kind == kinds.end()) parent.fail(table, fmt::format("there is no generator '{}'; there are {}", wanted, listed(kinds, [](const auto& k) { return k.name; })));
  std::vector<std::string_view> known{"kind"};
  for (const auto& [name, value] : kind->defaults) known.push_back(name);
  const Keys keys(table, parent.file(), known);
  std::vector<Generated> all{{wanted, {}}};
  std::vector<std::string> names{wanted};
  for (const auto& [name, otherwise] : kind->defaults) {
    if (!keys.has(name)) continue;
    std::vector<Generated> more;
    std::vector<std::string> longer;
    for (const double value : keys.numbers(name, {}, 0, 1e12))
      for (std::size_t i = 0; i < all.size(); ++i) {
        more.push_back(all[i]);
        more.back().parameters[name] = value;
        longer.push_back(fmt::format("{} {}={}", names[i], name, value));
      }
    all = std::move(more), names = std::move(longer);
    if (all.size() > kMostListed) keys.fail(fmt::format("more than {} matrices", kMostListed));
  }
  for (std::size_t i = 0; i < all.size(); ++i) to.push_back({names[i], all[i]});
}

std::vector<MatrixSource> matrices_of(const Keys& keys, const SuiteOptions& o) {
  std::vector<MatrixSource> sources;
  if (!o.dlmc.empty() && keys.has("dlmc"))
    add_files(sources, keys, "dlmc", o.dlmc, "dlmc");
  else
    add_files(sources, keys, "matrices", fs::path(keys.file()).parent_path(), "");
  keys.tables("generate", [&](const toml::table& t) { add_generated(sources, t, keys); });
  if (sources.empty()) keys.fail("no matrices: wants 'matrices' or [[cases.generate]]" + std::string(keys.has("dlmc") ? ", or --dlmc with a folder" : ""));
  return sources;
}

std::vector<int> threads_of(const Keys& keys, const SuiteOptions& o) {
  if (!o.threads.empty()) return o.threads;
  std::vector<int> threads;
  for (const Index t : keys.sizes("threads", {1}, kMostThreads)) threads.push_back(static_cast<int>(t));
  return threads;
}

void add_cases(Suite& suite, const Keys& keys, const SuiteOptions& o) {
  Case c{.op = keys.word("op", keys.one<std::string>("op", "spmm"), {"spmm"})};
  for (const int threads : threads_of(keys, o))
    for (MatrixSource& source : matrices_of(keys, o))
      for (const std::string& dtype : keys.list<std::string>("dtype", {"f32"}))
        for (const std::string& order : keys.list<std::string>("order", {"row_major"}))
          for (const bool cold : keys.list<bool>("cold", {false}))
            for (const Index n : keys.sizes("n", {}, kMostN)) {
              keys.word("dtype", dtype, {"f32", "bf16", "f16", "i8"});
              keys.word("order", order, {"row_major", "tokens", "panels"});
              c.matrix = source, c.n = n, c.dtype = kTypes.at(dtype), c.threads = threads, c.cold = cold, c.order = order;
              if (suite.cases.size() == kMostCases) keys.fail(fmt::format("more than {} cases", kMostCases));
              suite.cases.push_back(c);
            }
}
}  // namespace

std::vector<fs::path> matching_files(const fs::path& folder, const std::string& pattern) {
  const std::size_t wild = pattern.find_first_of("*?[");
  if (wild == std::string::npos) return fs::is_regular_file(folder / pattern) ? std::vector{folder / pattern} : std::vector<fs::path>{};
  const std::size_t slash = pattern.rfind('/', wild);
  const fs::path below = slash == std::string::npos ? folder : folder / pattern.substr(0, slash);
  const std::string rest = slash == std::string::npos ? pattern : pattern.substr(slash + 1);
  std::vector<fs::path> found;
  std::error_code none;
  for (fs::recursive_directory_iterator at(below, none), end; !none && at != end; at.increment(none))
    if (at->is_regular_file() && fnmatch(rest.c_str(), at->path().lexically_relative(below).c_str(), 0) == 0) found.push_back(at->path());
  std::sort(found.begin(), found.end());
  return found;
}

Suite read_suite(const fs::path& path, const SuiteOptions& o) {
  const std::vector<std::byte> bytes = io::read_file(path, kMostBytes);
  toml::table table;
  try {
    table = toml::parse(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  } catch (const toml::parse_error& e) {
    throw Error(fmt::format("{}:{}", path.string(), e.source().begin.line), std::string(e.description()));
  }
  const Keys keys(table, path.string(), {"about", "rounds", "round_ms", "kernels", "cases"});
  Suite suite{.name = path.stem().string(), .about = keys.one<std::string>("about", ""), .kernels = keys.list<std::string>("kernels", {})};
  suite.rounds = static_cast<int>(keys.only("rounds", keys.sizes("rounds", {5}, 1000)));
  suite.round_ms = keys.only("round_ms", keys.numbers("round_ms", {50}, 0.1, 60000));
  keys.tables("cases", [&](const toml::table& t) {
    add_cases(suite, Keys(t, keys.file(), {"op", "matrices", "dlmc", "generate", "n", "dtype", "order", "cold", "threads"}), o);
  });
  if (suite.cases.empty()) throw Error(path.string(), "has no [[cases]]");
  return suite;
}
}  // namespace tulle::lab
