// The text format of the Deep Learning Matrix Collection (Gale et al., arXiv 2006.10901): a CSR pattern in
// three lines.
#include <limits>

#include "formats/generate.hpp"
#include "io/matrix_files.hpp"
#include "io/text_reader.hpp"

namespace tulle::io {
namespace {
/// Exactly `count` numbers of the current line. Each takes two characters at least, so the line bounds the
/// memory.
template <class To>
std::vector<To> numbers(TextReader& reader, Index count, const char* what) {
  if (count > static_cast<Index>(reader.line().size() / 2 + 1))
    reader.fail(std::to_string(count) + " " + what + " are wanted, the line has " +
                std::to_string(reader.line().size()) + " characters");
  std::vector<To> found;
  found.reserve(static_cast<std::size_t>(count));
  while (reader.has_word() && static_cast<Index>(found.size()) < count)
    found.push_back(static_cast<To>(reader.whole(0, std::numeric_limits<To>::max())));
  if (static_cast<Index>(found.size()) < count)
    reader.fail(std::to_string(found.size()) + " " + what + ", " + std::to_string(count) + " are wanted");
  reader.end_line();
  return found;
}
}  // namespace

Csr parse_smtx(std::string_view text, const std::string& where, std::uint64_t seed) {
  constexpr Index kMost = std::numeric_limits<std::int32_t>::max();
  TextReader reader(text, where, ",");
  if (!reader.next_line()) throw Error(where, "is empty; 'rows, cols, nnz' is wanted");
  const Index rows = reader.whole(0, kMost), cols = reader.whole(0, kMost);
  const Index nnz = reader.whole(0, std::numeric_limits<Index>::max());
  reader.end_line();
  if (nnz > rows * cols)
    reader.fail(std::to_string(nnz) + " entries do not fit " + std::to_string(rows) + " x " +
                std::to_string(cols));
  if (!reader.next_line()) reader.fail("the text ends where the offsets of the rows are wanted");
  std::vector<Index> offsets = numbers<Index>(reader, rows + 1, "offsets");
  if (!reader.next_line() && nnz > 0) reader.fail("the text ends where the columns are wanted");
  std::vector<std::int32_t> columns;
  if (nnz > 0)
    columns = numbers<std::int32_t>(reader, nnz, "columns");
  else
    reader.end_line();
  if (reader.next_full_line("")) reader.fail("text follows the columns");
  std::vector<float> values(columns.size());
  Csr a = checked_in(
      where, [&] { return make_csr(rows, cols, std::move(offsets), std::move(columns), std::move(values)); });
  generate::fill_values(a.values, seed);
  return a;
}

std::string smtx_text(const CsrView& a) {
  std::string text =
      std::to_string(a.rows) + ", " + std::to_string(a.cols) + ", " + std::to_string(a.nnz()) + "\n";
  const auto add = [&](const auto& numbers) {
    for (std::size_t i = 0; i < numbers.size(); ++i) text += (i ? " " : "") + std::to_string(numbers[i]);
    text += '\n';
  };
  add(a.offsets);
  add(a.columns);
  return text;
}
}  // namespace tulle::io
