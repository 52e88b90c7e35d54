// SPDX-License-Identifier: Apache-2.0

#include "dns/message.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace nearcast::dns {
namespace {

using namespace std::string_literals;

const std::string kQuestion = "\3www\7example\3org\0\0\1\0\1"s;  // A, IN
const std::string kOpt = "\0\0\x29\x04\xD0\0\0\x80\0\0\0"s;      // 1232, DO
const std::string kTsig = "\3key\0\0\xFA\0\xFF\0\0\0\0\0\2zz"s;
const std::string kOther = "\1a\0\0\1\0\1\0\0\0\0\0\4\1\2\3\4"s;

struct Counts {
    uint8_t question = 1;
    uint8_t answer = 0;
    uint8_t authority = 0;
    uint8_t additional = 0;
};

std::vector<uint8_t> message_of(uint16_t flags, Counts counts, const std::string& body) {
    std::vector<uint8_t> message(kHeaderSize + body.size());
    store_header(
        {0x1234, flags, counts.question, counts.answer, counts.authority, counts.additional},
        message);
    std::ranges::copy(body, message.begin() + kHeaderSize);
    return message;
}

class ParseQuery : public testing::Test {
 protected:
    ParseError parse(Counts counts, const std::string& body, uint16_t flags = kFlagRd) {
        message_ = message_of(flags, counts, body);
        return parse_query(message_, query_);
    }

    std::vector<uint8_t> message_;
    Query query_;
};

TEST_F(ParseQuery, ReadsAPlainQuestion) {
    ASSERT_EQ(parse({}, kQuestion), ParseError::None);
    EXPECT_EQ(query_.header.id, 0x1234);
    EXPECT_TRUE(query_.is_recursion_desired());
    EXPECT_EQ(to_text(query_.qname(message_)), "www.example.org.");
    EXPECT_EQ(query_.qtype, RRType::A);
    EXPECT_EQ(query_.qclass, RRClass::IN);
    EXPECT_EQ(query_.question_size, kQuestion.size());
    EXPECT_FALSE(query_.edns.is_present);
    EXPECT_FALSE(query_.has_tsig());
}

TEST_F(ParseQuery, ReadsWhatOptSays) {
    ASSERT_EQ(parse({.additional = 1}, kQuestion + kOpt), ParseError::None);
    EXPECT_TRUE(query_.edns.is_present);
    EXPECT_TRUE(query_.edns.dnssec_ok);
    EXPECT_EQ(query_.edns.udp_payload, 1232);
    EXPECT_EQ(query_.edns.version, 0);
}

TEST_F(ParseQuery, GivesTheOptionsWhereTheyLie) {
    const std::string opt = "\0\0\x29\0\1\0\0\0\0\0\6\0\x0A\0\2hi"s;
    ASSERT_EQ(parse({.additional = 1}, kQuestion + opt), ParseError::None);
    EXPECT_EQ(query_.edns.udp_payload, kUdpPayloadMin);  // It offered one byte.
    OptionReader options(query_.edns.options(message_));
    EdnsOption option;
    ASSERT_TRUE(options.next(option));
    EXPECT_EQ(option.code, kCookie);
    EXPECT_EQ(option.data[1], 'i');
}

TEST_F(ParseQuery, ForgetsTheQueryBefore) {
    ASSERT_EQ(parse({.additional = 2}, kQuestion + kOpt + kTsig), ParseError::None);
    ASSERT_EQ(parse({}, kQuestion), ParseError::None);
    EXPECT_FALSE(query_.edns.is_present);
    EXPECT_FALSE(query_.has_tsig());
}

TEST_F(ParseQuery, LeavesOtherVersionsOptionsAlone) {
    const std::string opt = "\0\0\x29\x04\xD0\0\1\0\0\0\1x"s;
    ASSERT_EQ(parse({.additional = 1}, kQuestion + opt), ParseError::None);
    EXPECT_EQ(query_.edns.version, 1);
}

TEST_F(ParseQuery, FindsTsigAtTheEndOnly) {
    ASSERT_EQ(parse({.additional = 2}, kQuestion + kOpt + kTsig), ParseError::None);
    EXPECT_EQ(query_.tsig_offset, kHeaderSize + kQuestion.size() + kOpt.size());
    EXPECT_EQ(parse({.additional = 2}, kQuestion + kTsig + kOpt), ParseError::BadTsig);
}

TEST_F(ParseQuery, TakesTheSectionsThatOtherOpcodesFill) {
    const std::string body = kQuestion + kOther + kOther;
    constexpr uint16_t kUpdate = 5 << 11;
    constexpr uint16_t kNotify = 4 << 11;
    EXPECT_EQ(parse({.answer = 1, .authority = 1}, body, kUpdate), ParseError::None);
    EXPECT_EQ(parse({.answer = 1}, kQuestion + kOther, kNotify), ParseError::None);
    EXPECT_EQ(parse({.authority = 1}, kQuestion + kOther), ParseError::None);  // As IXFR has.
    EXPECT_EQ(query_.records_offset, kHeaderSize + kQuestion.size());
    EXPECT_EQ(parse({.answer = 1}, kQuestion + kOther), ParseError::UnexpectedRecord);
}

TEST_F(ParseQuery, RefusesWhatIsNotOneQuestion) {
    EXPECT_EQ(parse({.question = 2}, kQuestion + kQuestion), ParseError::ManyQuestions);
    EXPECT_EQ(parse({.question = 0, .additional = 1}, kOpt), ParseError::NoQuestion);
    EXPECT_TRUE(query_.edns.is_present);
    EXPECT_EQ(parse({}, "\3www\0\0\1\0"s), ParseError::BadQuestion);
    EXPECT_EQ(parse({}, "\3www"s), ParseError::BadQuestion);
    EXPECT_EQ(parse({}, "\xC0\4\0\1\0\1"s), ParseError::BadQuestion);  // Into the header.
    EXPECT_EQ(query_.question_size, 0);
}

TEST_F(ParseQuery, RefusesBrokenRecords) {
    EXPECT_EQ(parse({.additional = 2}, kQuestion + kOpt + kOpt), ParseError::TwoOpts);
    EXPECT_EQ(parse({.additional = 1}, kQuestion + "\1x"s + kOpt), ParseError::BadOpt);
    EXPECT_EQ(parse({.additional = 1}, kQuestion), ParseError::BadRecord);
    EXPECT_EQ(parse({.authority = 255}, kQuestion + kOther), ParseError::BadRecord);
    const std::string short_option = "\0\0\x29\x04\xD0\0\0\0\0\0\5\0\x0A\0\2h"s;
    EXPECT_EQ(parse({.additional = 1}, kQuestion + short_option), ParseError::BadOpt);
    const std::string long_data = "\0\0\x29\x04\xD0\0\0\0\0\0\1"s;
    EXPECT_EQ(parse({.additional = 1}, kQuestion + long_data), ParseError::BadRecord);
    EXPECT_EQ(parse({}, kQuestion + "x"), ParseError::TrailingBytes);
}

TEST_F(ParseQuery, RefusesDataThatIsNotOfItsType) {
    const std::string short_address = "\1a\0\0\1\0\1\0\0\0\0\0\3\1\2\3"s;
    const std::string loop = "\1a\0\0\2\0\1\0\0\0\0\0\2\xC0\x39"s;
    const std::string host = "\1a\0\0\2\0\1\0\0\0\0\0\2\xC0\x0C"s;
    for (const std::string& record : {short_address, loop}) {
        EXPECT_EQ(parse({.additional = 1}, kQuestion + record), ParseError::BadRecord);
        EXPECT_EQ(parse({.additional = 2}, kQuestion + kOpt + record), ParseError::BadRecord);
        EXPECT_EQ(parse({.authority = 1}, kQuestion + record), ParseError::BadRecord);
    }
    EXPECT_EQ(parse({.additional = 1}, kQuestion + host), ParseError::None);
    // In another class it is something else, and in an update it may be nothing.
    const std::string chaos = "\1a\0\0\1\0\3\0\0\0\0\0\3\1\2\3"s;
    EXPECT_EQ(parse({.additional = 1}, kQuestion + chaos), ParseError::None);
    const std::string none = "\1a\0\0\1\0\xFE\0\0\0\0\0\0"s;
    EXPECT_EQ(parse({.authority = 1}, kQuestion + none, 5 << 11), ParseError::None);
}

TEST_F(ParseQuery, LooksIntoFewRecords) {
    const std::string host = "\1a\0\0\2\0\1\0\0\0\0\0\2\xC0\x0C"s;
    const std::string short_address = "\1a\0\0\1\0\1\0\0\0\0\0\3\1\2\3"s;
    const std::string many = host + host + host + host;
    EXPECT_EQ(
        parse({.authority = 1, .additional = 3}, kQuestion + host + host + host + short_address),
        ParseError::BadRecord);
    EXPECT_EQ(parse({.authority = 2, .additional = 3}, kQuestion + many + short_address),
              ParseError::None);
}

TEST_F(ParseQuery, TakesAnOptWhoseOwnerPointsAtTheRoot) {
    const std::string rest = kOpt.substr(1);
    ASSERT_EQ(parse({.additional = 1}, kQuestion + "\xC0\x1C"s + rest), ParseError::None);
    EXPECT_TRUE(query_.edns.is_present);
    EXPECT_EQ(parse({.additional = 1}, kQuestion + "\xC0\x0C"s + rest), ParseError::BadOpt);
    EXPECT_EQ(parse({.additional = 1}, kQuestion + "\xC0\x21"s + rest), ParseError::BadOpt);
}

TEST_F(ParseQuery, SaysWhichMessagesGetNoAnswer) {
    EXPECT_EQ(parse_query(std::vector<uint8_t>(11), query_), ParseError::TooShort);
    EXPECT_EQ(parse({}, kQuestion, kFlagQr), ParseError::IsResponse);
    EXPECT_EQ(rcode_of(ParseError::TooShort), std::nullopt);
    EXPECT_EQ(rcode_of(ParseError::IsResponse), std::nullopt);
    EXPECT_EQ(rcode_of(ParseError::BadOpt), Rcode::FormErr);
    constexpr uint16_t kStatus = 2 << 11;
    EXPECT_EQ(parse({}, kQuestion, kStatus), ParseError::UnknownOpcode);
    EXPECT_EQ(rcode_of(ParseError::UnknownOpcode), Rcode::NotImp);
}

TEST_F(ParseQuery, ReadsWhatItCanOfAnUnknownOpcode) {
    constexpr uint16_t kStatus = 2 << 11;
    EXPECT_EQ(parse({.additional = 2}, kQuestion + kOpt + kTsig, kStatus),
              ParseError::UnknownOpcode);
    EXPECT_TRUE(query_.edns.is_present);
    EXPECT_TRUE(query_.has_tsig());
    EXPECT_EQ(to_text(query_.qname(message_)), "www.example.org.");
    EXPECT_EQ(parse({.additional = 2}, kQuestion + kOpt + "\3", kStatus),
              ParseError::UnknownOpcode);
    EXPECT_FALSE(query_.edns.is_present);
    EXPECT_TRUE(query_.qname(message_).is_root());
}

TEST_F(ParseQuery, ReadsWhatBuildQueryMakes) {
    const std::vector<uint8_t> token = {1, 2, 3};
    const EdnsOption options[] = {{kNsid, {}}, {kProbe, token}};
    message_ = build_query({.id = 7,
                            .qname = parse_name("Example.ORG.").value(),
                            .qtype = RRType::TXT,
                            .qclass = RRClass::CH,
                            .flags = kFlagRd,
                            .dnssec_ok = true,
                            .options = options});
    ASSERT_EQ(parse_query(message_, query_), ParseError::None);
    EXPECT_EQ(query_.header.id, 7);
    EXPECT_EQ(to_text(query_.qname(message_)), "Example.ORG.");
    EXPECT_EQ(query_.qtype, RRType::TXT);
    EXPECT_EQ(query_.qclass, RRClass::CH);
    EXPECT_TRUE(query_.edns.dnssec_ok);
    EXPECT_EQ(query_.edns.options_size, 11);
}

TEST(Rcode, IsSpelledAsTheRfcsDo) {
    EXPECT_EQ(to_text(Rcode::NXDomain), "NXDOMAIN");
    EXPECT_EQ(to_text(static_cast<Rcode>(3841)), "RCODE3841");
    EXPECT_EQ(to_text(Opcode::Notify), "NOTIFY");
}

}  // namespace
}  // namespace nearcast::dns
