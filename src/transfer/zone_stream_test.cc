// SPDX-License-Identifier: Apache-2.0

#include "transfer/zone_stream.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "dns/response.h"
#include "zone/compile.h"

namespace nearcast::transfer {
namespace {

using Bytes = std::vector<uint8_t>;
using Lines = std::vector<std::string>;

constexpr std::string_view kZone = R"($TTL 300
@ IN SOA ns1 admin.example.org. 7 3600 900 604800 60
@ NS ns1
@ NS ns2.example.net.
@ MX 10 mail
ns1 A 192.0.2.1
mail A 192.0.2.2
mail AAAA 2001:db8::2
MiXeD TXT "case" "kept"
*.wild CNAME mail.example.org.
deep.empty.name TXT "x"
sub NS ns.sub
ns.sub A 192.0.2.3
sub DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000
_sip._tcp SRV 0 5 5060 mail
@ RRSIG SOA 8 2 300 20300101000000 20200101000000 1 example.org. AAAA
)";

class Streaming : public testing::Test {
 protected:
    void load(std::string_view text) {
        zone_ = zone::compile_zone_text(apex_, text);
        ASSERT_TRUE(zone_.image) << zone_.diagnostics.front().to_text();
    }

    // The messages that answer "example.org. AXFR".
    std::vector<Bytes> messages(size_t reserved = 0, bool has_edns = false) {
        dns::QueryDraft draft;
        draft.id = 99;
        draft.qname = apex_;
        draft.qtype = dns::RRType::AXFR;
        draft.has_edns = has_edns;
        const Bytes request = dns::build_query(draft);
        dns::Query query;
        EXPECT_EQ(dns::parse_query(request, query), dns::ParseError::None);
        ZoneStream stream(zone::Version(zone_.image.image()), query, request);
        MessageWriter writer;
        std::vector<Bytes> all;
        while (stream.next(writer, reserved)) {
            all.emplace_back(writer.message().begin(), writer.message().end());
        }
        is_complete_ = stream.is_complete();
        return all;
    }

    static Lines lines_of(const std::vector<Bytes>& all) {
        Lines lines;
        for (const Bytes& message : all) {
            const auto response = dns::read_response(message);
            EXPECT_TRUE(response.has_value());
            if (!response) continue;
            EXPECT_EQ(response->header.id, 99);
            EXPECT_TRUE(response->is_authoritative());
            for (const dns::Record& record : response->answer) {
                lines.push_back(dns::to_text(record));
            }
        }
        return lines;
    }

    const dns::Name apex_ = *dns::parse_name("example.org.");
    zone::CompiledZone zone_;
    bool is_complete_ = false;
};

TEST_F(Streaming, AllRecordsComeBetweenTwoSoas) {
    load(kZone);
    const Lines lines = lines_of(messages());
    ASSERT_EQ(lines.size(), 16U);
    EXPECT_TRUE(is_complete_);
    EXPECT_EQ(lines.front(), lines.back());
    EXPECT_EQ(lines.front(),
              "example.org. 300 IN SOA ns1.example.org. admin.example.org. 7 3600 900 604800 60");
    for (const char* line : {"MiXeD.example.org. 300 IN TXT \"case\" \"kept\"",
                             "*.wild.example.org. 300 IN CNAME mail.example.org.",
                             "ns.sub.example.org. 300 IN A 192.0.2.3",
                             "_sip._tcp.example.org. 300 IN SRV 0 5 5060 mail.example.org.",
                             "example.org. 300 IN NS ns2.example.net."}) {
        EXPECT_EQ(std::ranges::count(lines, line), 1) << line;
    }
}

TEST_F(Streaming, ALargeZoneTakesManyMessagesOfBoundedSize) {
    std::string text(kZone);
    for (int i = 0; i < 5000; ++i) {
        text += "host" + std::to_string(i) + " A 192.0.2.9\n";
    }
    load(text);
    const auto all = messages();
    EXPECT_GT(all.size(), 4U);
    for (const Bytes& message : all) EXPECT_LT(message.size(), kStreamMessageSize + 512);
    EXPECT_EQ(lines_of(all).size(), 5016U);
}

TEST_F(Streaming, ARecordNearTheLargestStillFits) {
    std::string text(kZone);
    text += "big TXT";
    for (int i = 0; i < 240; ++i) text += " \"" + std::string(255, 'x') + '"';
    load(text + "\n");
    const auto all = messages(300);
    EXPECT_TRUE(is_complete_);
    EXPECT_EQ(lines_of(all).size(), 17U);
}

TEST_F(Streaming, ARecordThatLeavesNoRoomForASignatureEndsIt) {
    std::string text(kZone);
    text += "big TXT";
    for (int i = 0; i < 240; ++i) text += " \"" + std::string(255, 'x') + '"';
    load(text + "\n");
    (void)messages(8000);
    EXPECT_FALSE(is_complete_);
}

TEST_F(Streaming, OptIsInEachMessageForWhoUsesIt) {
    std::string text(kZone);
    for (int i = 0; i < 2000; ++i) text += "host" + std::to_string(i) + " A 192.0.2.9\n";
    load(text);
    for (const bool has_edns : {false, true}) {
        const auto all = messages(0, has_edns);
        EXPECT_GT(all.size(), 1U);
        for (const Bytes& each : all) EXPECT_EQ(dns::read_response(each)->has_edns, has_edns);
    }
}

}  // namespace
}  // namespace nearcast::transfer
