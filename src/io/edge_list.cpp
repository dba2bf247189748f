// One edge a line: "from to" or "from to weight", as SNAP and many graph tools write them.
#include <algorithm>

#include "formats/generate.hpp"
#include "io/matrix_files.hpp"
#include "io/text_reader.hpp"

namespace tulle::io {
Csr parse_edges(std::string_view text, const std::string& where, std::uint64_t seed) {
  constexpr Index kLastNode = (Index{1} << 27) - 1;
  TextReader reader(text, where, ",");
  Coo edges;
  std::int32_t last = -1;
  bool weighted = false;
  while (reader.next_full_line("#%")) {
    const auto from = static_cast<std::int32_t>(reader.whole(0, kLastNode));
    const auto to = static_cast<std::int32_t>(reader.whole(0, kLastNode));
    if (edges.values.empty()) weighted = reader.has_word();
    edges.row_indices.push_back(from);
    edges.columns.push_back(to);
    edges.values.push_back(weighted ? reader.real() : 1);
    reader.end_line();
    last = std::max({last, from, to});
  }
  if (last < 0) throw Error(where, "holds no edge");
  edges.rows = edges.cols = last + 1;
  Csr a = checked_in(where, [&] { return to_csr(edges); });
  if (!weighted) generate::fill_values(a.values, seed);
  return a;
}
}  // namespace tulle::io
