// SPDX-License-Identifier: Apache-2.0

#include "console/table.h"

#include <gtest/gtest.h>

namespace nearcast::console {
namespace {

Table zones() {
    Table table({"ZONE", "SERIAL", "COMMENT"});
    table.add({"example.org.", "7", "the web server moves to another place"});
    table.add({"a.example.", "2026112601", ""});
    return table;
}

TEST(Table, AlignsItsColumnsAndNumbersToTheRight) {
    EXPECT_EQ(zones().to_text(0),
              "ZONE              SERIAL  COMMENT\n"
              "example.org.           7  the web server moves to another place\n"
              "a.example.    2026112601\n");
}

TEST(Table, AlignsAddressesAsWords) {
    Table table({"DATA", "LATE"});
    table.add({"192.0.2.1", "0.5"});
    EXPECT_EQ(table.to_text(0), "DATA       LATE\n192.0.2.1   0.5\n");
}

TEST(Table, IsCutToTheTerminalWhereItIsWidest) {
    EXPECT_EQ(zones().to_text(46),
              "ZONE              SERIAL  COMMENT\n"
              "example.org.           7  the web server move…\n"
              "a.example.    2026112601\n");
}

TEST(Table, NoLineIsWiderThanTheTerminal) {
    for (size_t width = 30; width < 90; ++width) {
        const std::string text = zones().to_text(width);
        for (size_t at = 0; at < text.size();) {
            const size_t end = text.find('\n', at);
            EXPECT_LE(width_of(std::string_view(text).substr(at, end - at)), width) << text;
            at = end + 1;
        }
    }
}

TEST(Table, LeavesOutWhatIsEmptyBeforeItCuts) {
    Table table({"NAME", "CITY", "SINCE"});
    table.add({"sin", "", "2026-11-26"});
    EXPECT_EQ(table.to_text(21), "NAME  SINCE\nsin   2026-11-26\n");
    EXPECT_EQ(table.to_text(22), "NAME  CITY  SINCE\nsin         2026-11-26\n");
}

TEST(Table, NeverCutsATime) {
    Table table({"AT (UTC)", "ZONE", "DIGEST", "BY"});
    table.add({"2026-11-27 02:03:04", "example.org.", std::string(40, 'd'), "somebody@example"});
    EXPECT_EQ(table.to_text(60),
              "AT (UTC)             ZONE          DIGEST           BY\n"
              "2026-11-27 02:03:04  example.org.  dddddddddddddd…  somebod…\n");
    EXPECT_EQ(table.to_text(1),
              "AT (UTC)             ZONE      DIGEST    BY\n"
              "2026-11-27 02:03:04  example…  ddddddd…  somebod…\n");
}

TEST(Table, CutsATextThatBeginsWithATime) {
    Table table({"AT (UTC)", "COMMENT"});
    table.add({"2026-11-27 02:03:04", "2026-11-27 01:02 the very long story"});
    table.add({"not yet", "2026-11-27 01:02:03"});
    EXPECT_EQ(table.to_text(30),
              "AT (UTC)             COMMENT\n"
              "2026-11-27 02:03:04  2026-11-…\n"
              "not yet              2026-11-…\n");
}

TEST(Table, NeverCutsANumber) {
    Table table({"ZONE", "SERIAL", "COMMENT"});
    table.add({"a.example.", "2026112601", "why"});
    table.add({"example.org.", "", "2026112601 it moves"});
    EXPECT_EQ(table.to_text(1),
              "ZONE          SERIAL  COMMENT\n"
              "a.examp…  2026112601  why\n"
              "example…              2026112…\n");
}

TEST(Table, LeavesAFewLettersOfEachColumn) {
    EXPECT_EQ(zones().to_text(1),
              "ZONE          SERIAL  COMMENT\n"
              "example…           7  the web…\n"
              "a.examp…  2026112601\n");
}

TEST(Table, ShowsNothingThatATerminalObeys) {
    Table table({"NAME"});
    table.add({"a\x1b[31m\nb"});
    EXPECT_EQ(table.to_text(0), "NAME\na [31m b\n");
}

TEST(WidthOf, CountsCharactersAndNotBytes) {
    EXPECT_EQ(width_of("São Paulo"), 9U);
    EXPECT_EQ(cut("São Paulo", 4), "São…");
    EXPECT_EQ(cut("São", 3), "São");
}

}  // namespace
}  // namespace nearcast::console
