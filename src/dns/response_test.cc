// SPDX-License-Identifier: Apache-2.0

#include "dns/response.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace nearcast::dns {
namespace {

using namespace std::string_literals;

struct Counts {
    uint16_t answer = 0;
    uint16_t additional = 0;
};

base::Result<Response> read(uint16_t flags, Counts counts, const std::string& records) {
    std::vector<uint8_t> message(kHeaderSize);
    store_header({.id = 9,
                  .flags = flags,
                  .question_count = 1,
                  .answer_count = counts.answer,
                  .additional_count = counts.additional},
                 message);
    const std::string body = "\7example\3org\0\0\x0F\0\1"s + records;
    message.insert(message.end(), body.begin(), body.end());
    return read_response(message);
}

const std::string kMx = "\xC0\x0C\0\x0F\0\1\0\0\1\x2C\0\x09\0\x0A\4mail\xC0\x0C"s;
const std::string kOpt = "\0\0\x29\x04\xD0\1\0\x80\0\0\6\0\3\0\2hi"s;

TEST(ReadResponse, ExpandsNamesAndFindsOptions) {
    const auto response = read(kFlagQr | kFlagAa | 7, {1, 1}, kMx + kOpt);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->header.id, 9);
    EXPECT_TRUE(response->is_authoritative());
    EXPECT_FALSE(response->is_truncated());
    EXPECT_EQ(response->rcode, static_cast<Rcode>(23));  // 1 above, 7 below.
    EXPECT_EQ(to_text(response->questions.at(0).name), "example.org.");
    EXPECT_EQ(to_text(response->answer.at(0)), "example.org. 300 IN MX 10 mail.example.org.");
    EXPECT_TRUE(response->additional.empty());
    EXPECT_TRUE(response->dnssec_ok);
    EXPECT_EQ(response->udp_payload, 1232);
    ASSERT_TRUE(response->option(kNsid));
    EXPECT_EQ(response->option(kNsid)->size(), 2U);
    EXPECT_FALSE(response->option(kCookie));
}

TEST(ReadResponse, SaysWhichSectionIsBroken) {
    EXPECT_EQ(read(kFlagQr, {2, 0}, kMx).error().message, "answer section is broken");
    EXPECT_EQ(read(kFlagQr, {0, 2}, kOpt + kOpt).error().message, "additional section is broken");
    EXPECT_EQ(read(kFlagQr, {}, kMx).error().message, "message goes on after its last record");
    EXPECT_EQ(read(0, {}, "").error().message, "message is a question, not an answer");
    EXPECT_FALSE(read_response({}));
}

}  // namespace
}  // namespace nearcast::dns
