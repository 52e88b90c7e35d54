// SPDX-License-Identifier: Apache-2.0

#include "dns/zone_pieces.h"

#include <array>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/response.h"
#include "dns/zone_file.h"

namespace nearcast::dns {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(CutZoneText, CutsInFrontOfLinesThatGiveAnOwner) {
    EXPECT_THAT(cut_zone_text("a A x\nb A x\n", 1), ElementsAre("a A x\n", "b A x\n"));
    EXPECT_THAT(cut_zone_text("a A x\nb A x\n", 7), ElementsAre("a A x\nb A x\n"));
    EXPECT_THAT(cut_zone_text("a A x\n\tA y\n\n;b\n$TTL 1\n(c) A z\r\nd\\.e A x", 1),
                ElementsAre("a A x\n\tA y\n\n;b\n$TTL 1\n(c) A z\r\n", "d\\.e A x"));
    EXPECT_THAT(cut_zone_text("a", 5), ElementsAre("a"));
    EXPECT_THAT(cut_zone_text("", 5), IsEmpty());
}

using namespace std::string_view_literals;

// Lines as they come, and as they should not: each may stand at the begin or the end of a piece.
constexpr std::array kLines = {
    "a A 192.0.2.1\n"sv,
    "b 60 A 192.0.2.2\n"sv,
    "c A 192.0.2.3 ; (note\r\n"sv,
    "Z.EXAMPLE.org. 5 MX 10 Mail\n"sv,
    "\tTXT \"x;(\" y\n"sv,
    "  7 AAAA 2001:db8::1\n"sv,
    "@ SOA ns1 h ( 1 2 ; note (\n3 4\n5 )\n"sv,
    "@ SOA ns1 h 1 2 3 4 77\n"sv,
    "d TXT (\n\nx A 192.0.2.9\ny A\n) z\n"sv,
    "$TTL 1h\n"sv,
    "$TTL 2h\n"sv,
    "$ORIGIN sub\n"sv,
    "$ORIGIN EXAMPLE.org.\n"sv,
    "$ORIGIN example.org.\n"sv,
    "$INCLUDE hosts\n"sv,
    "$INCLUDE large elsewhere.\n"sv,
    "$GENERATE 1-3 g$ A 192.0.2.$\n"sv,
    "; a comment (\n"sv,
    "\n"sv,
    "  \r\n"sv,
    "e TXT \\( \\\" \\;\n"sv,
    "n A 192.0.2.4"sv,  // The next line is part of it.
};
constexpr std::array kFaults = {
    "$TTL x\n"sv,           "$NONE\n"sv,
    "$INCLUDE nowhere\n"sv, "$GENERATE 1-3 g$ A 192.0.2\n"sv,
    "f A 192.0.2.300\n"sv,  "g TXT \"open\n"sv,
    "h TXT (\n"sv,          ") A 192.0.2.1\n"sv,
    "i TXT a\rb\n"sv,       "\xEF\xBB\xBFj A 192.0.2.1\n"sv,
    "k TXT \0\n"sv,         "l TXT x\\\n"sv,
};

class TextMaker {
 public:
    explicit TextMaker(unsigned seed) : draw_(seed) {}

    std::string text() {
        std::string text;
        const size_t lines = below(60);
        // Most texts have few faults: what follows a bound of errors is not read.
        const size_t faults = below(2) == 0 ? 0 : below(30);
        for (size_t i = 0; i < lines; ++i) {
            text += below(100) < faults ? kFaults[below(kFaults.size())]
                                        // Plain ones more often: something must fit, too.
                                        : kLines[below(2) == 0 ? below(5) : below(kLines.size())];
        }
        return text;
    }

    size_t below(size_t bound) { return draw_() % bound; }

 private:
    std::mt19937 draw_;
};

// Everything that reading `text` gives, one thing a line.
std::string outcome(const std::string& text, const ZoneFileOptions& options) {
    std::string all;
    const auto place = [](std::string_view file, size_t line, size_t column) {
        return std::string(file) + ':' + std::to_string(line) + ':' + std::to_string(column) + ' ';
    };
    const auto errors =
        parse_zone_file(text, options, [&](const Record& record, const ZoneFilePlace& at) {
            all += place(at.file, at.line, at.column) + to_text(record) + '\n';
        });
    for (const ZoneFileError& error : errors) {
        all +=
            place(error.file, error.line, error.column) + error.reason + ", " + error.hint + '\n';
    }
    return all;
}

// The property that reading in pieces rests on, for cuts at every place that there can be.
TEST(ReadingInPieces, GivesWhatReadingAtOnceGives) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        TextMaker maker(seed);
        const std::string text = maker.text();
        const std::string large = maker.text();
        ZoneFileOptions options;
        options.file = "z/a";
        options.origin = parse_name("example.org.").value();
        if (maker.below(2) == 0) options.default_ttl = 300;
        options.error_count_max = 1 + maker.below(5);
        options.generate_count_max = maker.below(20);
        options.read_file = [&](const std::string& path) -> base::Result<std::string> {
            if (path == "z/hosts") return "\n$ORIGIN hosts\n$TTL 9\nm A 192.0.2.7\n";
            if (path == "z/large") return large;
            return base::fail("no such file");
        };
        const std::string expected = outcome(text, options);
        for (const size_t size : {1U, 30U, 100U}) {
            options.piece_size = size;
            ASSERT_EQ(outcome(text, options), expected)
                << "seed " << seed << ", pieces of " << size << " bytes of:\n"
                << text;
        }
    }
}

// A SOA without a TTL takes its own minimum only where no record is before it. The piece before it
// takes so long that it is read by somebody else meanwhile.
TEST(ReadingInPieces, KnowsThatARecordCameBeforeTheSoa) {
    ZoneFileOptions options;
    std::string text = ";" + std::string(10'000, ' ') + "\na.";
    for (int i = 0; i < 2'000; ++i) text += " 5 A 192.0.2.1\n";
    text += ". SOA . . 1 2 3 4 77\n" + std::string(10'000, '\n') + "b. A 192.0.2.2\n";
    const std::string expected = outcome(text, options);
    options.piece_size = 10'000;
    for (int i = 0; i < 10; ++i) ASSERT_EQ(outcome(text, options), expected);
}

// Guesses about the origin are wrong all the time, so that the rest is read at once.
TEST(ReadingInPieces, EndsWhereTheOriginsAreMany) {
    std::string text = "$TTL 5\n";
    for (int i = 0; i < 500; ++i) {
        text += "$ORIGIN n" + std::to_string(i) + ".example.\na A 192.0.2.1\nb A 192.0.2.2\n";
    }
    ZoneFileOptions options;
    const std::string expected = outcome(text, options);
    options.piece_size = 64;
    EXPECT_EQ(outcome(text, options), expected);
}

// Each is larger than is read ahead.
TEST(ReadingInPieces, TakesManyRecordsOfOneOwner) {
    std::string text = "$TTL 5\n";
    for (const std::string_view owner : {"a", "b", "c"}) {
        text += owner;
        for (int i = 0; i < 50; ++i) text += "\tA 192.0.2." + std::to_string(i) + "\n";
    }
    ZoneFileOptions options;
    const std::string expected = outcome(text, options);
    options.piece_size = 64;
    EXPECT_EQ(outcome(text, options), expected);
}

}  // namespace
}  // namespace nearcast::dns
