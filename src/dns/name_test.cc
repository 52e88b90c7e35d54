// SPDX-License-Identifier: Apache-2.0

#include "dns/name.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace nearcast::dns {
namespace {

using namespace std::string_literals;

struct Outcome {
    NameError error = NameError::None;
    std::string wire;
    size_t offset = 0;
};

std::string bytes_of(std::span<const uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

Outcome read_at(const std::string& message, size_t offset) {
    const std::vector<uint8_t> bytes(message.begin(), message.end());
    WireReader reader(bytes);
    reader.seek(offset);
    Name name;
    const NameError error = read_name(reader, name);
    return {error, bytes_of(name.wire()), reader.offset()};
}

Name name_of(std::string_view text) { return parse_name(text).value(); }

TEST(ReadName, FollowsPointersAndResumesAfterTheFirst) {
    const Outcome got = read_at("\3org\0\7example\xC0\0\3www\xC0\5tail"s, 15);
    EXPECT_EQ(got.error, NameError::None);
    EXPECT_EQ(got.wire, "\3www\7example\3org\0"s);
    EXPECT_EQ(got.offset, 21U);
}

TEST(ReadName, ReadsTheRootAndAPointerToIt) {
    EXPECT_EQ(read_at("\0"s, 0).wire, "\0"s);
    EXPECT_EQ(read_at("\0\xC0\0"s, 1).wire, "\0"s);
    EXPECT_EQ(read_at("\0\xC0\0"s, 1).offset, 3U);
}

TEST(ReadName, RefusesAPointerThatDoesNotGoBackwards) {
    EXPECT_EQ(read_at("\xC0\0"s, 0).error, NameError::BadPointer);              // To itself.
    EXPECT_EQ(read_at("\1a\xC0\4\1b\xC0\0"s, 4).error, NameError::BadPointer);  // Round a loop.
    EXPECT_EQ(read_at("\xC0\2\0"s, 0).error, NameError::BadPointer);            // Forwards.
}

TEST(ReadName, RefusesWhatTheMessageCannotHold) {
    EXPECT_EQ(read_at(""s, 0).error, NameError::Truncated);
    EXPECT_EQ(read_at("\5abc"s, 0).error, NameError::Truncated);
    EXPECT_EQ(read_at("\3abc"s, 0).error, NameError::Truncated);
    EXPECT_EQ(read_at("\1a\xC0"s, 0).error, NameError::Truncated);
}

// A name of another size, into which labels were copied before the fault, would lead out of itself.
TEST(ReadName, LeavesTheRootAfterAFault) {
    for (const std::string& message : {"\3abc\xC0\7"s, "\3abc\x80"s, ""s, "\77abc"s}) {
        Name name = *parse_name("a.b.c.example.");
        WireReader reader({reinterpret_cast<const uint8_t*>(message.data()), message.size()});
        EXPECT_NE(read_name(reader, name), NameError::None);
        EXPECT_TRUE(name.is_root()) << to_text(name);
    }
}

TEST(ReadName, RefusesReservedLabelTypes) {
    EXPECT_EQ(read_at("\x41x\0"s, 0).error, NameError::BadLabelType);
    EXPECT_EQ(read_at("\x80x\0"s, 0).error, NameError::BadLabelType);
}

TEST(ReadName, TakesTheLongestLegalNameAndNoLonger) {
    const std::string label63 = "\x3F" + std::string(63, 'x');
    const std::string most = label63 + label63 + label63;
    const std::string longest = most + "\x3D" + std::string(61, 'x') + "\0"s;
    ASSERT_EQ(longest.size(), kNameSizeMax);
    EXPECT_EQ(read_at(longest, 0).wire, longest);
    EXPECT_EQ(read_at(most + "\x3E" + std::string(62, 'x') + "\0"s, 0).error, NameError::TooLong);
    EXPECT_EQ(read_at(longest + "\1a\xC0\0"s, 255).error, NameError::TooLong);
}

TEST(NameSize, CountsOnlyWholeNames) {
    const auto size = [](const std::string& text) {
        return name_size({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    };
    EXPECT_EQ(size("\1a\1b\0more"s), 5U);
    EXPECT_EQ(size("\0"s), 1U);
    EXPECT_EQ(size(""s), 0U);
    EXPECT_EQ(size("\1a\1b"s), 0U);
    EXPECT_EQ(size("\1a\xC0\0"s), 0U);
}

TEST(Name, BeginsAsTheRootAndGrowsByLabels) {
    Name name;
    EXPECT_TRUE(name.is_root());
    EXPECT_TRUE(name.append("www"));
    EXPECT_TRUE(name.append("Example"));
    EXPECT_EQ(bytes_of(name.wire()), "\3www\7Example\0"s);
    EXPECT_EQ(name.label_count(), 2U);
    EXPECT_FALSE(name.append(""));
    EXPECT_FALSE(name.append(std::string(64, 'x')));
    EXPECT_EQ(name.label_count(), 2U);
}

TEST(Name, ComparesWithoutCaseAndKeepsIt) {
    EXPECT_EQ(name_of("WWW.Example.ORG."), name_of("www.example.org."));
    EXPECT_EQ(to_text(name_of("WWW.Example.ORG.")), "WWW.Example.ORG.");
    EXPECT_EQ(to_text(name_of("WWW.Example.ORG.").lowered()), "www.example.org.");
    EXPECT_FALSE(name_of("[.") == name_of("{."));  // Differ by the bit of letter case only.
    EXPECT_FALSE(name_of("long-label-@.") == name_of("long-label-`."));
}

TEST(Name, KnowsWhatLiesAboveIt) {
    const Name zone = name_of("example.org.");
    EXPECT_TRUE(name_of("example.org.").is_subdomain_of(zone));
    EXPECT_TRUE(name_of("a.b.EXAMPLE.org.").is_subdomain_of(zone));
    EXPECT_TRUE(name_of("a.").is_subdomain_of(Name()));
    EXPECT_FALSE(name_of("badexample.org.").is_subdomain_of(zone));
    EXPECT_FALSE(name_of("a\\007example.org.").is_subdomain_of(zone));  // A length within a label.
    EXPECT_FALSE(name_of("org.").is_subdomain_of(zone));
    EXPECT_EQ(name_of("a.b.").parent(), name_of("b."));
    EXPECT_TRUE(Name().parent().is_root());
}

TEST(Name, TellsAWildcardByItsFirstLabel) {
    EXPECT_TRUE(name_of("*.example.").is_wildcard());
    EXPECT_FALSE(name_of("**.example.").is_wildcard());
    EXPECT_FALSE(name_of("a.*.example.").is_wildcard());
}

TEST(Name, TakesWireOnlyIfItIsExactlyOneName) {
    const std::string wire = "\1a\0"s;
    const std::span bytes(reinterpret_cast<const uint8_t*>(wire.data()), wire.size());
    EXPECT_EQ(Name::from_wire(bytes), name_of("a."));
    EXPECT_FALSE(Name::from_wire(bytes.first(2)));
    EXPECT_FALSE(Name::from_wire({}));
}

// The list of RFC 4034 §6.1.
TEST(CanonicalOrder, IsThatOfTheRfc) {
    const std::vector<std::string> sorted = {
        "example.",         "a.example.",      "yljkjljk.a.example.",
        "Z.a.example.",     "zABC.a.EXAMPLE.", "z.example.",
        "\\001.z.example.", "*.z.example.",    "\\200.z.example."};
    for (size_t i = 0; i < sorted.size(); ++i) {
        for (size_t j = 0; j < sorted.size(); ++j) {
            EXPECT_EQ(canonical_order(name_of(sorted[i]).wire(), name_of(sorted[j]).wire()),
                      i <=> j)
                << sorted[i] << " and " << sorted[j];
        }
    }
}

TEST(NameText, ReadsEscapesAndPrintsThem) {
    EXPECT_EQ(bytes_of(name_of("a\\.b\\032c\\\\.").wire()), "\6a.b c\\\0"s);
    EXPECT_EQ(to_text(name_of("a\\.b\\032c\\\\.")), "a\\.b\\032c\\\\.");
    EXPECT_EQ(to_text(name_of("\\000\\255\\\"\\@\\$\\;\\(\\).")), "\\000\\255\\\"\\@\\$\\;\\(\\).");
    EXPECT_EQ(to_text(Name()), ".");
}

TEST(NameText, PutsRelativeNamesInFrontOfTheOrigin) {
    const Name origin = name_of("example.org.");
    EXPECT_EQ(to_text(parse_name("www", &origin).value()), "www.example.org.");
    EXPECT_EQ(to_text(parse_name("@", &origin).value()), "example.org.");
    EXPECT_EQ(to_text(parse_name("www.", &origin).value()), "www.");
    EXPECT_EQ(to_text(parse_name("\\@", &origin).value()), "\\@.example.org.");
    EXPECT_EQ(to_text(parse_name("a\\.", &origin).value()), "a\\..example.org.");
}

TEST(NameText, SaysWhatIsWrong) {
    Name name;
    EXPECT_EQ(read_name_text("", nullptr, name), NameTextError::Empty);
    EXPECT_EQ(read_name_text("a..b.", nullptr, name), NameTextError::EmptyLabel);
    EXPECT_EQ(read_name_text(".a.", nullptr, name), NameTextError::EmptyLabel);
    EXPECT_EQ(read_name_text("a\\256.", nullptr, name), NameTextError::BadEscape);
    EXPECT_EQ(read_name_text("a\\25", nullptr, name), NameTextError::BadEscape);
    EXPECT_EQ(read_name_text("a\\", nullptr, name), NameTextError::BadEscape);
    EXPECT_EQ(read_name_text("www", nullptr, name), NameTextError::NoOrigin);
    EXPECT_EQ(read_name_text("@", nullptr, name), NameTextError::NoOrigin);
    EXPECT_EQ(read_name_text(std::string(64, 'x') + ".", nullptr, name),
              NameTextError::LabelTooLong);
    std::string name254;
    for (int i = 0; i < 127; ++i) name254 += "a.";
    EXPECT_EQ(read_name_text(name254, nullptr, name), NameTextError::None);
    EXPECT_EQ(read_name_text("a." + name254, nullptr, name), NameTextError::NameTooLong);
    EXPECT_EQ(parse_name("a..b").error().message, "\"a..b\" has an empty label (a dot too many)");
}

}  // namespace
}  // namespace nearcast::dns
