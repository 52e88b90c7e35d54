// SPDX-License-Identifier: Apache-2.0

#include "answer/response_options.h"

#include <vector>

#include <gtest/gtest.h>

#include "dns/response.h"

namespace nearcast::answer {
namespace {

const std::vector<uint8_t> kQuestion = {0, 0, 6, 0, 1};  // . SOA IN

// A response of at most `limit` bytes without any records but OPT, read back.
class ResponseOptionsTest : public testing::Test {
 protected:
    ResponseOptionsTest() { options_.begin(true); }

    std::optional<dns::Response> write(size_t limit, const ResponseOptions::Head& head = {}) {
        ResponseWriter writer;
        writer.begin(room_, limit, kQuestion);
        writer.reserve(options_.size() + head.reserved);
        options_.append_to(writer, head);
        writer.finish(1, dns::kFlagQr);
        size_ = writer.size();
        const auto read = dns::read_response(std::span(room_).first(size_));
        return read ? std::optional(*read) : std::nullopt;
    }

    ResponseOptions options_;
    std::vector<uint8_t> room_ = std::vector<uint8_t>(4096, 0xAA);
    size_t size_ = 0;
};

TEST_F(ResponseOptionsTest, AreNothingWithoutOptInTheQuery) {
    options_.begin(false);
    options_.add_u16(dns::kProbe, 7);
    options_.explain(dns::ExtendedError::Prohibited);
    EXPECT_EQ(options_.size(), 0U);
    const auto response = write(512);
    ASSERT_TRUE(response);
    EXPECT_FALSE(response->has_edns);
}

TEST_F(ResponseOptionsTest, TellTheirSizeBeforehandAndStandInTheirOrder) {
    options_.add_u16(dns::kProbe, 7);
    options_.add_u32(dns::kExpire, 604800);
    EXPECT_EQ(options_.size(), 11U + 6U + 8U);
    const auto response =
        write(512, {.rcode = dns::Rcode::BadVers, .udp_payload = 1232, .dnssec_ok = true});
    ASSERT_TRUE(response && response->has_edns);
    EXPECT_EQ(response->rcode, dns::Rcode::BadVers);
    EXPECT_EQ(response->udp_payload, 1232U);
    EXPECT_TRUE(response->dnssec_ok);
    EXPECT_EQ(response->options, (std::vector<uint8_t>{0xFE, 0x1D, 0, 2, 0, 7,  //
                                                       0, 9, 0, 4, 0, 9, 0x3A, 0x80}));
}

TEST_F(ResponseOptionsTest, SayWhyOnlyWhereThereIsRoom) {
    options_.explain(dns::ExtendedError::NotAuthoritative);
    const size_t least = 12 + kQuestion.size() + dns::kOptRecordSize;
    const auto told = write(least + 6);
    ASSERT_TRUE(told && told->option(dns::kExtendedError));
    EXPECT_EQ(told->options, (std::vector<uint8_t>{0, 15, 0, 2, 0, 20}));
    const auto silent = write(least + 5);
    ASSERT_TRUE(silent && silent->has_edns);
    EXPECT_FALSE(silent->option(dns::kExtendedError));
}

TEST_F(ResponseOptionsTest, SayInWordsWhatTheCodeLeavesOpen) {
    options_.explain(dns::ExtendedError::InvalidData);
    const auto response = write(512);
    ASSERT_TRUE(response && response->option(dns::kExtendedError));
    const auto data = *response->option(dns::kExtendedError);
    EXPECT_EQ(data[1], 24);
    EXPECT_EQ(std::string(data.begin() + 2, data.end()), "zone expired or not loaded");
}

TEST_F(ResponseOptionsTest, PadToABlockOrToTheLimit) {
    options_.pad_to(468);
    ASSERT_TRUE(write(4096));
    EXPECT_EQ(size_, 468U);
    ASSERT_TRUE(write(4096, {.reserved = 80}));
    EXPECT_EQ(size_, 468U - 80U);
    const auto response = write(100);
    ASSERT_TRUE(response);
    const auto padding = response->option(dns::kPadding);
    ASSERT_TRUE(padding);
    EXPECT_EQ(size_, 100U);
    for (const uint8_t byte : *padding) EXPECT_EQ(byte, 0);
}

TEST_F(ResponseOptionsTest, DoNotPadWhereNoOptionFits) {
    options_.pad_to(468);
    const auto response = write(12 + kQuestion.size() + dns::kOptRecordSize + 3);
    ASSERT_TRUE(response);
    EXPECT_FALSE(response->option(dns::kPadding));
}

}  // namespace
}  // namespace nearcast::answer
