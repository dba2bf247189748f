#include "cli/text.hpp"
#include <gtest/gtest.h>
#include "cli/table.hpp"

using namespace tulle::cli;

TEST(Text, ControlCharactersAndBrokenUtf8BecomePrintable) {
  EXPECT_EQ(printable("plain name"), "plain name");
  EXPECT_EQ(printable("a\x1b[31m\n\x7f"), "a\\x1b[31m\\x0a\\x7f");
  EXPECT_EQ(printable("Schl\xc3\xbcssel \xe5\xb1\xa4"), "Schl\xc3\xbcssel \xe5\xb1\xa4");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");                                // a control character of two bytes
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");                       // turns the direction of writing
  EXPECT_EQ(printable("\xc3 \xff \xc0\xaf \xed\xa0\x80"), "\\xc3 \\xff \\xc0\\xaf \\xed\\xa0\\x80");  // cut, none, too long, half a pair
  EXPECT_EQ(printable(std::string_view("\0x", 2)), "\\x00x");
  EXPECT_LE(printable(std::string(100'000, 'x')).size(), 2010u);
}

TEST(Text, LongNamesKeepTheirEnds) {
  EXPECT_EQ(shortened("encoder/layer_11/output", 12), ".._11/output");
  EXPECT_EQ(shortened("short", 12), "short");
  EXPECT_EQ(shortened("\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", 4), "..\xc3\xbc\xc3\xbc");
}

TEST(Text, SentencesBreakAtSpaces) {
  EXPECT_EQ(wrapped("one two three", 9, 1, 2), " one two\n  three\n");
  EXPECT_EQ(wrapped("aLongWordThatFitsNowhere b", 10, 0, 2), "aLongWordThatFitsNowhere\n  b\n");
}

namespace {
Table table() {
  using enum Table::Align;
  Table t({{"layer", left, 8}, {"note", left, 0, false}, {"ms", right}});
  t.add({"encoder/layer_11/output", "something", "1.25"});
  t.note("a sentence that is told below the row and does not fit into it");
  return t;
}
std::size_t longest(const std::string& text) {
  std::size_t most = 0, from = 0;
  for (std::size_t to; (to = text.find('\n', from)) != std::string::npos; from = to + 1) most = std::max(most, to - from);
  return most;
}
}  // namespace

TEST(Table, IsAsWideAsItsContentsOrAsTheTerminal) {
  EXPECT_EQ(table().text(200).substr(0, 46), "layer                    note         ms\n" "-----");
  for (std::size_t most : {60, 45, 40, 30, 25}) {
    const std::string text = table().text(most);
    EXPECT_LE(longest(text), std::max<std::size_t>(most, 40)) << text;
    EXPECT_NE(text.find("1.25"), std::string::npos);
  }
  EXPECT_NE(table().text(40).find("something"), std::string::npos);
  EXPECT_EQ(table().text(20).find("something"), std::string::npos);
}

TEST(Table, MillisecondsHaveThreeDigitsThatMatter) {
  EXPECT_EQ(milliseconds(0), "0");
  EXPECT_EQ(milliseconds(0.01234), "0.0123");
  EXPECT_EQ(milliseconds(1.234), "1.23");
  EXPECT_EQ(milliseconds(12.34), "12.3");
  EXPECT_EQ(milliseconds(1234.5), "1234");
}
