#include "lab/suite.hpp"
#include <fmt/format.h>
#include <fnmatch.h>
#include <toml++/toml.h>
#include <algorithm>
#include <map>
#include <span>
#include "formats/generate.hpp"
#include "io/file.hpp"
#include "lab/exchange.hpp"
#include "lab/operation.hpp"
#include "tulle/error.hpp"

namespace tulle::lab {
namespace {
namespace fs = std::filesystem;
constexpr Index kMostBytes = Index{1} << 20, kMostN = Index{1} << 16;
constexpr std::size_t kMostCases = 1'000'000, kMostListed = 10'000;
constexpr int kMostThreads = 1024;

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
  Keys(const toml::table& table, std::string file) : table_(table), file_(std::move(file)) {}
  Keys(const toml::table& table, std::string file, const Words& known) : Keys(table, std::move(file)) {
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

// Every case so far with every value: what is expanded last varies fastest.
template <class Value, class Set> void expand(std::vector<Case>& cases, const Keys& keys, const std::vector<Value>& values, const Set& set) {
  if (cases.size() * values.size() > kMostCases) keys.fail(fmt::format("more than {} cases", kMostCases));
  std::vector<Case> more;
  more.reserve(cases.size() * values.size());
  for (const Case& c : cases)
    for (const Value& v : values) {
      more.push_back(c);
      set(more.back(), v);
    }
  cases = std::move(more);
}

std::vector<DType> dtypes_of(const Keys& keys, const Operation& op) {
  std::vector<DType> dtypes;
  Words names;
  for (const DType d : op.dtypes) names.push_back(name(d));
  for (const std::string& word : keys.list<std::string>("dtype", {std::string(names[0])})) {
    keys.word("dtype", word, names);
    dtypes.push_back(dtype_of(word));
  }
  return dtypes;
}

std::vector<std::string> orders_of(const Keys& keys, const Operation& op) {
  const std::vector<std::string> orders = keys.list<std::string>("order", {std::string(op.orders[0])});
  for (const std::string& word : orders) keys.word("order", word, op.orders);
  return orders;
}

std::vector<Index> widths_of(const Keys& keys, const Operation& op) {
  if (!op.n.empty()) return keys.sizes("n", {}, kMostN);
  if (keys.has("n")) keys.fail(fmt::format("{} has no 'n'", op.name));
  return {1};
}

void add_cases(Suite& suite, const toml::table& table, const std::string& file, const SuiteOptions& o) {
  Words known{"op", "matrices", "dlmc", "generate", "n", "dtype", "order", "cold", "threads"}, names;
  for (const Operation& op : operations()) names.push_back(op.name);
  const Keys any(table, file);
  const Operation& op = find_operation(any.word("op", any.one<std::string>("op", "spmm"), names));
  for (const auto& [name, otherwise] : op.parameters) known.push_back(name);
  const Keys keys(table, file, known);
  std::vector<Case> cases{{.op = std::string(op.name)}};
  expand(cases, keys, threads_of(keys, o), [](Case& c, int threads) { c.threads = threads; });
  expand(cases, keys, matrices_of(keys, o), [](Case& c, const MatrixSource& source) { c.matrix = source; });
  for (const auto& [name, otherwise] : op.parameters)
    expand(cases, keys, keys.numbers(name, {otherwise}, 0, 1e9), [&](Case& c, double value) { c.parameters[name] = value; });
  expand(cases, keys, dtypes_of(keys, op), [](Case& c, DType dtype) { c.dtype = dtype; });
  expand(cases, keys, orders_of(keys, op), [](Case& c, const std::string& order) { c.order = order; });
  expand(cases, keys, keys.list<bool>("cold", {false}), [](Case& c, bool cold) { c.cold = cold; });
  expand(cases, keys, widths_of(keys, op), [](Case& c, Index n) { c.n = n; });
  if (suite.cases.size() + cases.size() > kMostCases) keys.fail(fmt::format("more than {} cases", kMostCases));
  suite.cases.insert(suite.cases.end(), cases.begin(), cases.end());
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
    add_cases(suite, t, keys.file(), o);
  });
  if (suite.cases.empty()) throw Error(path.string(), "has no [[cases]]");
  return suite;
}
}  // namespace tulle::lab
