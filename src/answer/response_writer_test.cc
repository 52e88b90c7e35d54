// SPDX-License-Identifier: Apache-2.0

#include "answer/response_writer.h"

#include <gtest/gtest.h>

#include "answer/served_zones.h"
#include "zone/compile.h"

namespace nearcast::answer {
namespace {

constexpr const char* kZone = R"(
$TTL 60
@     SOA ns.example.net. h 1 2 3 4 5
@     NS  ns1.far.example.net.
@     NS  ns2.far.example.net.
@     NS  ns.child
child NS  ns1.child
child NS  ns2.child
child NS  child
*.w   MX  1 a.w
*.w   MX  2 b.w
)";

// A message whose question is www.child.example.org, with `filler` bytes of records before the
// RRset that a test adds.
class ResponseWriterTest : public testing::Test {
 protected:
    ResponseWriterTest()
        : zone_(zone::compile_zone_text(*dns::parse_name("example.org."), kZone)),
          query_(query_for("www.child.example.org A")),
          name_(std::span(query_).subspan(12, 23)) {
        frame_.assign_question(name_, std::span(query_).subspan(12, 23));
    }

    void begin(size_t limit, size_t filler = 0) {
        writer_.begin(room_, limit, std::span(query_).subspan(12, 27));
        const std::vector<uint8_t> rdata(filler);
        const RecordHead head{dns::RRType::NULL_, dns::RRClass::IN, 0};
        if (filler > 0) {
            ASSERT_TRUE(writer_.add_record(Section::Answer, {12, {}}, head, rdata));
        }
    }

    bool add_ns(const char* owner) {
        const zone::HashedName name(dns::parse_name(owner)->wire());
        const zone::Node node = zone_.image.image().find(name.hash(), name.wire());
        const Owner place{frame_.suffix_at(name.size()), node.owner()};
        return writer_.add(Section::Authority, node.find(dns::RRType::NS), place, frame_,
                           node.owner());
    }

    std::string authority() {
        writer_.finish(1, dns::kFlagQr);
        const auto response = dns::read_response(writer_.message());
        if (!response) return response.error().message;
        std::string text;
        for (const dns::Record& record : response->authority) text += dns::to_text(record) + "\n";
        return text;
    }

    zone::CompiledZone zone_;
    std::vector<uint8_t> query_;
    zone::HashedName name_;
    PlacedName frame_;
    std::vector<uint8_t> room_ = std::vector<uint8_t>(dns::kMessageSizeMax);
    ResponseWriter writer_;
};

constexpr const char* kChildNs =
    "child.example.org. 60 IN NS ns1.child.example.org.\n"
    "child.example.org. 60 IN NS ns2.child.example.org.\n"
    "child.example.org. 60 IN NS child.example.org.\n";
constexpr const char* kApexNs =
    "example.org. 60 IN NS ns1.far.example.net.\n"
    "example.org. 60 IN NS ns2.far.example.net.\n"
    "example.org. 60 IN NS ns.child.example.org.\n";

TEST_F(ResponseWriterTest, CompressesAgainstTheQuestionAndWithinTheSet) {
    begin(512);
    EXPECT_TRUE(add_ns("child.example.org."));
    // Header, question, and three records: two with a label and a pointer, one with a pointer.
    EXPECT_EQ(writer_.size(), 12U + 27U + 3 * 12U + 6U + 6U + 2U);
    EXPECT_EQ(authority(), kChildNs);
    begin(512);
    EXPECT_TRUE(add_ns("example.org."));
    EXPECT_EQ(writer_.size(), 12U + 27U + 3 * 12U + 21U + 6U + 5U + 6U);
    EXPECT_EQ(authority(), kApexNs);
}

TEST_F(ResponseWriterTest, SpellsOutWhatPointersMayNotReach) {
    for (const size_t filler : {8'192U, 16'300U, 16'384U, 40'000U}) {
        begin(dns::kMessageSizeMax, filler);
        EXPECT_TRUE(add_ns("child.example.org."));
        EXPECT_EQ(authority(), kChildNs);
        begin(dns::kMessageSizeMax, filler);
        EXPECT_TRUE(add_ns("example.org."));
        EXPECT_EQ(authority(), kApexNs);
    }
}

TEST_F(ResponseWriterTest, AddsAllOrNothing) {
    for (const size_t filler : {0U, 9'000U}) {
        begin(dns::kMessageSizeMax, filler);
        const size_t before = writer_.size();
        ASSERT_TRUE(add_ns("example.org."));
        const size_t needed = writer_.size();
        begin(needed - 1, filler);
        EXPECT_FALSE(add_ns("example.org."));
        EXPECT_EQ(writer_.size(), before);
        EXPECT_EQ(writer_.count(Section::Authority), 0);
        begin(needed, filler);
        EXPECT_TRUE(add_ns("example.org."));
    }
}

TEST_F(ResponseWriterTest, KeepsReservedBytesFree) {
    begin(512);
    ASSERT_TRUE(add_ns("example.org."));
    const size_t needed = writer_.size();
    begin(needed + 11);
    writer_.reserve(12);
    EXPECT_FALSE(add_ns("example.org."));
}

TEST_F(ResponseWriterTest, SetsTheTtlOfWhatWasWrittenLast) {
    begin(512);
    ASSERT_TRUE(add_ns("child.example.org."));
    const size_t start = writer_.size();
    ASSERT_TRUE(add_ns("example.org."));
    writer_.set_ttls(start, 7);
    std::string expected = kApexNs;
    for (size_t at = 0; (at = expected.find(" 60 ", at)) != std::string::npos;) {
        expected.replace(at, 4, " 7 ");
    }
    EXPECT_EQ(authority(), kChildNs + expected);
}

// Many targets, most of them where no pointer reaches.
TEST(LargeResponse, IsRightToTheEnd) {
    ServedZones zones;
    std::string text = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n";
    for (int i = 0; i < 1500; ++i) {
        const std::string number = std::to_string(i);
        text += "@ MX 1 h" + number + ".far.example.net.\n";
    }
    for (int i = 0; i < 10; ++i) {
        text += "@ MX 2 near" + std::to_string(i) + "\nnear" + std::to_string(i) + " A 10.0.0." +
                std::to_string(i) + "\n";
    }
    zones.serve("example.org", text);
    const auto response = dns::read_response(zones.ask_for_bytes("example.org MX +tcp"));
    ASSERT_TRUE(response);
    ASSERT_EQ(response->answer.size(), 1510U);
    EXPECT_EQ(dns::to_text(response->answer[1499]),
              "example.org. 60 IN MX 1 h1499.far.example.net.");
    ASSERT_EQ(response->additional.size(), 10U);
    EXPECT_EQ(dns::to_text(response->additional[9]), "near9.example.org. 60 IN A 10.0.0.9");
}

}  // namespace
}  // namespace nearcast::answer
