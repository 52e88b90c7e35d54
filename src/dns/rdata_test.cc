// SPDX-License-Identifier: Apache-2.0

#include "dns/rdata.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/encoding.h"
#include "dns/rr_layout.h"
#include "dns/zone_lexer.h"

namespace nearcast::dns {
namespace {

// As a master file would divide it, for text without escapes of a quote.
std::vector<Token> words_of(std::string_view text) {
    std::vector<Token> words;
    for (size_t at = 0; at < text.size();) {
        const bool is_quoted = text[at] == '"';
        const size_t start = at + (is_quoted ? 1 : 0);
        const size_t end = std::min(text.find(is_quoted ? '"' : ' ', start), text.size());
        words.push_back({text.substr(start, end - start), is_quoted});
        at = std::min(text.find_first_not_of(' ', end + (is_quoted ? 1 : 0)), text.size());
    }
    return words;
}

base::Result<std::vector<uint8_t>> parse(RRType type, std::string_view text) {
    static const Name origin = parse_name("example.org.").value();
    return parse_rdata(type, words_of(text), &origin);
}

std::string hex_of(const std::vector<uint8_t>& bytes) {
    std::string text;
    append_hex(bytes, text);
    return text;
}

std::vector<uint8_t> bytes_of(std::string_view hex) {
    std::vector<uint8_t> bytes;
    HexDecoder decoder;
    EXPECT_TRUE(decoder.feed(hex, bytes));
    return bytes;
}

struct Example {
    RRType type;
    std::string_view text;
    std::string_view wire;
};

TEST(ParseRdata, GivesTheWireForm) {
    const Example examples[] = {
        {RRType::A, "192.0.2.1", "c0000201"},
        {RRType::MX, "10 mail", "000a046d61696c076578616d706c65036f726700"},
        {RRType::SOA, "@ . 1 1h 2m 3 1d",
         "076578616d706c65036f7267000000000001"
         "00000e10000000780000000300015180"},
        {RRType::TXT, "\"a b\" c", "036120620163"},
        {RRType::AAAA, "2001:db8::1", "20010db8000000000000000000000001"},
        {RRType::SRV, "1 2 3 .", "00010002000300"},
        {RRType::NSEC, ". A MX RRSIG NSEC TYPE1234",
         "000006400100000003041b000000000000000000000000000000000000000000000000000020"},
        {RRType::NSEC3PARAM, "1 0 12 aabbccdd", "0100000c04aabbccdd"},
        {RRType::RRSIG, "A 5 3 86400 20030322173103 20030220173103 2642 . q80=",
         "0001050300015180"
         "3e7c9dd73e5510d70a5200abcd"},
        {RRType::LOC, "42 21 54 N 71 06 18 W -24m 30m", "0033161389172dd070be15f000988d20"},
        {RRType::APL, "1:192.168.32.0/21 !1:192.168.38.0/28", "00011503c0a82000011c83c0a826"},
        {RRType::SVCB, "1 . port=53 alpn=h2,h3", "00010000010006026832026833000300020035"},
        {RRType::SVCB, "1 . mandatory=key109,alpn key110 key109 alpn=h2",
         "000100000000040001006d00010003026832006d0000006e0000"},
        {RRType::SVCB, "16 foo.example.org. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"",
         "001003666f6f076578616d706c65036f7267000001000c08665c6f6f2c626172026832"},
        {RRType::CAA, "0 issue \"ca\"", "000569737375656361"},
        {RRType::URI, "10 1 \"x:y\"", "000a0001783a79"},
        {RRType::EUI48, "00-00-5e-00-53-2A", "00005e00532a"},
        {RRType::NID, "10 14:4fff:ff20:ee64", "000a00144fffff20ee64"},
        {RRType::IPSECKEY, "10 3 2 gw. q80=", "0a030202677700abcd"},
        {RRType::CERT, "PKIX 1 RSASHA256 q80=", "0001000108abcd"},
        {static_cast<RRType>(65280), "\\# 3 ab cdef", "abcdef"},
        {RRType::A, "\\# 4 0a000001", "0a000001"},
    };
    for (const Example& example : examples) {
        const auto got = parse(example.type, example.text);
        ASSERT_TRUE(got) << example.text << ": " << got.error().message;

        EXPECT_EQ(hex_of(*got), example.wire) << to_text(example.type) << ' ' << example.text;
    }
}

TEST(ParseRdata, DividesALongStringOnlyWhereItIsAskedTo) {
    const auto strings_of = [](RRType type, const std::string& text, LongStrings long_strings) {
        ZoneLexer lexer(text);
        ZoneEntry entry;
        EXPECT_EQ(lexer.next(entry), ZoneLexer::Status::Entry);
        const auto rdata = parse_rdata(type, entry.words, nullptr, long_strings);
        return rdata ? rdata_to_text(type, *rdata) : rdata.error().message;
    };
    const auto quoted = [](size_t size) { return '"' + std::string(size, 'x') + '"'; };
    const struct {
        std::string text;
        std::string divided;
    } examples[] = {
        {quoted(255), quoted(255)},
        {quoted(256), quoted(255) + ' ' + quoted(1)},
        {quoted(510), quoted(255) + ' ' + quoted(255)},
        {"\"a\" " + quoted(300) + " \"\" \"b\"",
         "\"a\" " + quoted(255) + ' ' + quoted(45) + " \"\" \"b\""},
        {'"' + std::string(254, 'x') + "\\\"\\200y\"",
         '"' + std::string(254, 'x') + "\\\"\" \"\\200y\""},
    };
    for (const auto& example : examples) {
        for (const RRType type : {RRType::TXT, RRType::SPF}) {
            EXPECT_EQ(strings_of(type, example.text, LongStrings::Divided), example.divided);
        }
    }
    EXPECT_THAT(strings_of(RRType::TXT, quoted(256), LongStrings::Refused),
                testing::HasSubstr("longer than 255"));
    EXPECT_THAT(strings_of(RRType::HINFO, quoted(256) + " b", LongStrings::Divided),
                testing::HasSubstr("longer than 255"));
    EXPECT_THAT(strings_of(RRType::TXT, quoted(65'535), LongStrings::Divided),
                testing::HasSubstr("over 65535"));
}

TEST(ParseRdata, TakesTheExampleOfEveryTypeAndPrintsItBack) {
    for (const RRLayout& row : rr_layouts()) {
        if (!row.is_known()) continue;
        const auto rdata = parse(row.type, row.example);
        ASSERT_TRUE(rdata) << row.mnemonic << ": " << rdata.error().message;
        EXPECT_TRUE(is_valid_rdata(row.type, *rdata)) << row.mnemonic;
        const std::string text = rdata_to_text(row.type, *rdata);
        EXPECT_FALSE(text.starts_with("\\#")) << row.mnemonic;
        const auto again = parse(row.type, text);
        ASSERT_TRUE(again) << row.mnemonic << ": " << text;
        EXPECT_EQ(hex_of(*again), hex_of(*rdata)) << row.mnemonic << ": " << text;
    }
}

TEST(ParseRdata, SaysWhatIsMissingOrWrong) {
    const struct {
        RRType type;
        std::string_view text;
        std::string_view message;
    } examples[] = {
        {RRType::MX, "10", "MX needs a preference and a host, found nothing after \"10\""},
        {RRType::MX, "", "MX needs a preference and a host, found nothing"},
        {RRType::MX, "mail",
         "MX needs a preference and a host: \"mail\" is not a number from 0 to 65535"},
        {RRType::A, "1.2.3.4 x", "A needs an IPv4 address: \"x\" is one word too many"},
        {RRType::A, "\\# 3 000000",
         "A needs an IPv4 address: \"000000\" ends data that is not of this type's form"},
        {RRType::CNAME, "a..b",
         "CNAME needs the canonical name: \"a..b\" has an empty label (a dot too many)"},
    };
    for (const auto& example : examples) {
        const auto got = parse(example.type, example.text);
        ASSERT_FALSE(got) << example.text;
        EXPECT_EQ(got.error().message, example.message);
    }
    EXPECT_EQ(
        parse(RRType::A, "\033[2J" + std::string(100, 'x')).error().message,
        "A needs an IPv4 address: \"?[2J" + std::string(60, 'x') + "...\" is not an IPv4 address");
    EXPECT_EQ(parse(RRType::MX, "10").error().hint, "MX 10 mail.example.org.");
}

TEST(ParseRdata, RefusesWhatIsNoDatumOfItsKind) {
    const Example examples[] = {
        {RRType::A, "1.2.3", ""},
        {RRType::A, "1.2.3.256", ""},
        {RRType::A, "01.2.3.4", ""},
        {RRType::A, "1.2.3.4.", ""},
        {RRType::AAAA, "1::2::3", ""},
        {RRType::MX, "65536 a", ""},
        {RRType::TXT, "", ""},
        {RRType::DS, "1 8 2 abc", ""},
        {RRType::DS, "1 8 2 49fd46e6c4b45c55d4ac69cbd3cd34ac1afe51de1adfd4a4bd0f0f7e9f5e0b", ""},
        {RRType::ZONEMD, "1 1 1 49fd46e6c4b45c55d4ac69cbd3cd34ac", ""},
        {RRType::URI, "1 1 \"\"", ""},
        {RRType::DS, "1 8 2", ""},
        {RRType::DS, "1 NOSUCH 2 ab", ""},
        {RRType::DNSKEY, "256 3 8 q8=", ""},
        {RRType::DNSKEY, "256 3 8 q80=q80=", ""},
        {RRType::RRSIG, "A 5 3 1 20230231000000 20230101000000 1 . q80=", ""},
        {RRType::LOC, "91 N 0 E 0m", ""},
        {RRType::LOC, "1 60 N 0 E 0m", ""},
        {RRType::APL, "1:192.0.2.0/33", ""},
        {RRType::APL, "3:192.0.2.0/3", ""},
        {RRType::CAA, "0 is-sue \"x\"", ""},
        {RRType::SVCB, "1 . alpn=h2 alpn=h3", ""},
        {RRType::SVCB, "1 . mandatory=port", ""},
        {RRType::SVCB, "1 . mandatory=mandatory", ""},
        {RRType::SVCB, "1 . mandatory=alpn,key109 alpn=h2 key110=x", ""},
        {RRType::SVCB, "1 . alpn=h2,,h3", ""},
        {RRType::SVCB, "1 . ipv4hint=::1", ""},
        {RRType::SVCB, "1 . key65535=x", ""},
        {RRType::SVCB, "1 . no-default-alpn=x", ""},
        {RRType::NSEC3, "1 0 0 - *** A", ""},
        {RRType::EUI48, "00-00-5e-00-53", ""},
        {RRType::NID, "1 1:2:3", ""},
        {RRType::SOA, ". . 1 1x 1 1 1", ""},
        {static_cast<RRType>(65280), "abc", ""},
        {static_cast<RRType>(65280), "\\# 2 ab", ""},
    };
    for (const Example& example : examples) {
        EXPECT_FALSE(parse(example.type, example.text)) << to_text(example.type) << example.text;
    }
}

TEST(ParseRdata, SaysWhatAServiceParameterNeeds) {
    const std::pair<const char*, const char*> examples[] = {
        {"mandatory=port alpn=h2", "without a key that its mandatory names: add that key"},
        {"port=1 port=2", "gives a key twice"},
        {"no-default-alpn", "without alpn: add the protocols"},
        {"mandatory=mandatory", "must list other keys"},
        {"mandatory=port,port port=1", "each once"},
        {"alpn", "must list protocols: alpn=h2,h3"},
        {"port=x", "must give a number from 0 to 65535"},
        {"ipv4hint=2001:db8::1", "must list IPv4 addresses"},
        {"ipv6hint=192.0.2.1", "must list IPv6 addresses"},
        {"dohpath=/dns", "with the variable dns"},
        {"ech=*", "in base64"},
        {"ohttp=x", "takes none"},
        {"key65535=x", "is no parameter"},
    };
    for (const auto& [parameters, words] : examples) {
        const auto rdata = parse(RRType::HTTPS, std::string("1 . ") + parameters);
        ASSERT_FALSE(rdata) << parameters;
        EXPECT_NE(rdata.error().message.find(words), std::string::npos) << rdata.error().message;
    }
}

TEST(IsValidRdata, RefusesWhatTheLayoutDoesNotAllow) {
    EXPECT_FALSE(is_valid_rdata(RRType::A, bytes_of("c00002")));
    EXPECT_FALSE(is_valid_rdata(RRType::A, bytes_of("c000020100")));
    EXPECT_FALSE(is_valid_rdata(RRType::NS, bytes_of("c00c")));  // A compressed name.
    EXPECT_FALSE(is_valid_rdata(RRType::TXT, bytes_of("")));
    EXPECT_FALSE(is_valid_rdata(RRType::NSEC, bytes_of("00000100")));  // A zero at a window's end.
    EXPECT_FALSE(is_valid_rdata(RRType::NSEC, bytes_of("00010140000140")));  // Windows descend.
    EXPECT_FALSE(is_valid_rdata(RRType::SVCB, bytes_of("00010000030002003500030002"
                                                       "0035")));
    EXPECT_TRUE(is_valid_rdata(static_cast<RRType>(65280), bytes_of("")));
    EXPECT_EQ(rdata_to_text(RRType::A, bytes_of("c00002")), "\\# 3 c00002");
    EXPECT_EQ(rdata_to_text(static_cast<RRType>(65280), {}), "\\# 0");
}

// RFC 1876 §2: what another version means is not known, so its data is any bytes.
TEST(IsValidRdata, TakesAPlaceOfAVersionThatIsNotKnown) {
    const auto message = bytes_of("01aabbcc");
    WireReader reader(message);
    std::vector<uint8_t> rdata;
    EXPECT_TRUE(read_rdata(RRType::LOC, reader, 4, rdata));
    EXPECT_EQ(rdata, message);
    EXPECT_EQ(rdata_to_text(RRType::LOC, rdata), "\\# 4 01aabbcc");
    EXPECT_EQ(parse(RRType::LOC, "\\# 4 01aabbcc").value(), rdata);
    EXPECT_TRUE(is_valid_rdata(RRType::LOC, bytes_of("01")));

    EXPECT_FALSE(is_valid_rdata(RRType::LOC, bytes_of("")));
    EXPECT_FALSE(is_valid_rdata(RRType::LOC, bytes_of("00aabbcc")));
}

TEST(RdataNames, WalksTheNamesOfALayout) {
    const auto soa = parse(RRType::SOA, "ns1 hostmaster 1 2 3 4 5").value();
    RdataNames names(RRType::SOA, soa);
    RdataName name;
    ASSERT_TRUE(names.next(name));
    EXPECT_EQ(name.offset, 0U);
    EXPECT_TRUE(name.is_compressible);
    ASSERT_TRUE(names.next(name));
    EXPECT_EQ(name.offset, 17U);
    EXPECT_EQ(name.size, 24U);
    EXPECT_FALSE(names.next(name));

    const auto srv = parse(RRType::SRV, "1 2 3 sip").value();
    RdataNames target(RRType::SRV, srv);
    ASSERT_TRUE(target.next(name));
    EXPECT_EQ(name.offset, 6U);
    EXPECT_FALSE(name.is_compressible);
    EXPECT_TRUE(name.is_folded);
}

TEST(ReadRdata, ExpandsNamesOfAMessage) {
    const auto message = bytes_of(
        "036f726700"
        "000a0161c000"
        "ff");
    WireReader reader(message);
    reader.seek(5);
    std::vector<uint8_t> rdata;
    ASSERT_TRUE(read_rdata(RRType::MX, reader, 6, rdata));
    EXPECT_EQ(hex_of(rdata), "000a0161036f726700");
    EXPECT_EQ(reader.offset(), 11U);
    EXPECT_FALSE(read_rdata(RRType::A, reader, 4, rdata));
}

}  // namespace
}  // namespace nearcast::dns
