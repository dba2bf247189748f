// Matrix Market exchange format (Boisvert, Pozo and Remington, NISTIR 5935).
#include <algorithm>
#include <charconv>
#include <limits>

#include "formats/generate.hpp"
#include "io/matrix_files.hpp"
#include "io/text_reader.hpp"

namespace tulle::io {
namespace {
enum class Field { real, integer, complex, pattern };
enum class Symmetry { general, symmetric, skew, hermitian };

template <class Value>
struct Word {
  std::string_view text;
  Value value;
};
constexpr Word<bool> kLayouts[] = {{"coordinate", false}, {"array", true}};
constexpr Word<Field> kFields[] = {{"real", Field::real},
                                   {"double", Field::real},
                                   {"integer", Field::integer},
                                   {"complex", Field::complex},
                                   {"pattern", Field::pattern}};
constexpr Word<Symmetry> kSymmetries[] = {{"general", Symmetry::general},
                                          {"symmetric", Symmetry::symmetric},
                                          {"skew-symmetric", Symmetry::skew},
                                          {"hermitian", Symmetry::hermitian}};

struct Header {
  bool array = false;
  Field field = Field::real;
  Symmetry symmetry = Symmetry::general;
  Index rows = 0, cols = 0, entries = 0;  ///< entries: of a coordinate file
};

std::string lower(std::string_view word) {
  std::string text(word);
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

template <class Value, std::size_t count>
Value one_of(const Word<Value> (&words)[count], TextReader& reader) {
  const std::string given = lower(reader.word());
  std::string all;
  for (const auto& w : words) {
    if (w.text == given) return w.value;
    all += (all.empty() ? "" : ", ") + std::string(w.text);
  }
  reader.fail("'" + given.substr(0, 24) + "' is none of " + all);
}

Header read_banner(TextReader& reader) {
  if (!reader.next_line() || !reader.line().starts_with("%%MatrixMarket") ||
      reader.word() != "%%MatrixMarket")
    throw Error(reader.where(), "is no Matrix Market file: it does not begin with '%%MatrixMarket matrix'");
  if (lower(reader.word()) != "matrix") reader.fail("only a 'matrix' is read");
  Header h;
  h.array = one_of(kLayouts, reader);
  h.field = one_of(kFields, reader);
  h.symmetry = one_of(kSymmetries, reader);
  reader.end_line();
  if (h.array && h.field == Field::pattern) reader.fail("an array has values, 'pattern' has none");
  if (h.symmetry == Symmetry::hermitian && h.field != Field::complex)
    reader.fail("'hermitian' goes with 'complex' only");
  if (h.symmetry == Symmetry::skew && h.field == Field::pattern)
    reader.fail("'skew-symmetric' goes with values only");
  return h;
}

void read_sizes(TextReader& reader, Header& h) {
  constexpr Index kMost = std::numeric_limits<std::int32_t>::max();
  if (!reader.next_full_line("%")) reader.fail("the text ends where the size of the matrix is wanted");
  h.rows = reader.whole(0, kMost);
  h.cols = reader.whole(0, kMost);
  if (!h.array) h.entries = reader.whole(0, std::numeric_limits<Index>::max());
  reader.end_line();
  if (h.entries > h.rows * h.cols)
    reader.fail(std::to_string(h.entries) + " entries do not fit " + std::to_string(h.rows) + " x " +
                std::to_string(h.cols));
  if (h.symmetry != Symmetry::general && h.rows != h.cols)
    reader.fail(std::to_string(h.rows) + " x " + std::to_string(h.cols) +
                " is not square, hence not symmetric");
}

/// The value of an entry, the real part of a complex one; 1 in a pattern.
float read_value(TextReader& reader, Field field) {
  if (field == Field::pattern) return 1;
  if (field == Field::integer) return reader.whole_real();
  const float value = reader.real();
  if (field == Field::complex) reader.real();
  return value;
}

/// Entry (i, j), counted from 0, and the one opposite if there is one.
void add(Coo& c, Symmetry symmetry, Index i, Index j, float value) {
  const auto put = [&](Index row, Index col, float x) {
    c.row_indices.push_back(static_cast<std::int32_t>(row));
    c.columns.push_back(static_cast<std::int32_t>(col));
    c.values.push_back(x);
  };
  put(i, j, value);
  if (symmetry != Symmetry::general && i != j) put(j, i, symmetry == Symmetry::skew ? -value : value);
}

Coo read_coordinates(TextReader& reader, const Header& h) {
  Coo c{h.rows, h.cols, {}, {}, {}};
  for (Index p = 0; p < h.entries; ++p) {
    if (!reader.next_full_line("%"))
      reader.fail("the text ends after " + std::to_string(p) + " of " + std::to_string(h.entries) +
                  " entries");
    const Index i = reader.whole(1, h.rows) - 1, j = reader.whole(1, h.cols) - 1;
    const float value = read_value(reader, h.field);
    reader.end_line();
    if (h.symmetry == Symmetry::skew && i == j)
      reader.fail("a skew-symmetric matrix has no entries on its diagonal");
    add(c, h.symmetry, i, j, value);
  }
  return c;
}

/// Column after column; of a symmetric matrix the part on and below the diagonal, of a skew one that below
/// it.
Coo read_array(TextReader& reader, const Header& h) {
  Coo c{h.rows, h.cols, {}, {}, {}};
  for (Index j = 0; j < h.cols && h.rows > 0; ++j)
    for (Index i = h.symmetry == Symmetry::general ? 0
                   : h.symmetry == Symmetry::skew  ? j + 1
                                                   : j;
         i < h.rows; ++i) {
      if (!reader.next_full_line("%"))
        reader.fail("the text ends where the value of row " + std::to_string(i + 1) + ", column " +
                    std::to_string(j + 1) + " is wanted");
      const float value = read_value(reader, h.field);
      reader.end_line();
      if (value != 0) add(c, h.symmetry, i, j, value);
    }
  return c;
}
}  // namespace

Csr parse_matrix_market(std::string_view text, const std::string& where, std::uint64_t seed) {
  TextReader reader(text, where);
  Header h = read_banner(reader);
  read_sizes(reader, h);
  const Coo entries = h.array ? read_array(reader, h) : read_coordinates(reader, h);
  if (reader.next_full_line("%")) reader.fail("text follows the last entry");
  Csr a = checked_in(where, [&] { return to_csr(entries); });
  if (h.field == Field::pattern) generate::fill_values(a.values, seed);
  return a;
}

std::string matrix_market_text(const CsrView& a) {
  std::string text = "%%MatrixMarket matrix coordinate real general\n" + std::to_string(a.rows) + " " +
                     std::to_string(a.cols) + " " + std::to_string(a.nnz()) + "\n";
  char number[32];
  for (Index i = 0; i < a.rows; ++i)
    for (Index p = a.offsets[static_cast<std::size_t>(i)]; p < a.offsets[static_cast<std::size_t>(i) + 1];
         ++p) {
      const char* end =
          std::to_chars(number, number + sizeof number, a.values[static_cast<std::size_t>(p)]).ptr;
      text += std::to_string(i + 1) + " " + std::to_string(a.columns[static_cast<std::size_t>(p)] + 1) + " ";
      text.append(static_cast<const char*>(number), end);
      text += '\n';
    }
  return text;
}
}  // namespace tulle::io
