// SPDX-License-Identifier: Apache-2.0

#include "tls/reloadable_context.h"

#include <chrono>

#include <gtest/gtest.h>

#include "tls/test_keys.h"

namespace nearcast::tls {
namespace {

using std::chrono::sys_days;
using namespace std::chrono_literals;

constexpr std::chrono::seconds kNow = sys_days(2026y / 1 / 1).time_since_epoch();

class ReloadableContextTest : public testing::Test {
 protected:
    TestFolder folder_;
    ReloadableContext context_{{.certificate = folder_.write("cert.pem", kServer),
                                .key = folder_.write("key.pem", kServerKey)}};
};

TEST_F(ReloadableContextTest, TellsWhetherTheFilesChanged) {
    EXPECT_EQ(context_.current(), nullptr);
    EXPECT_EQ(context_.refresh(kNow).value_or(false), true);
    const auto first = context_.current();
    EXPECT_EQ(context_.refresh(kNow).value_or(true), false);
    EXPECT_EQ(context_.current(), first);
    (void)folder_.write("cert.pem", kClient);
    (void)folder_.write("key.pem", kClientKey);
    EXPECT_EQ(context_.refresh(kNow).value_or(false), true);
    EXPECT_NE(context_.current(), first);
}

TEST_F(ReloadableContextTest, WhatCannotBeUsedIsToldAndChangesNothing) {
    ASSERT_TRUE(context_.refresh(kNow));
    const auto first = context_.current();
    const auto expect_refusal = [&](const char* word) {
        const auto refreshed = context_.refresh(kNow);
        ASSERT_FALSE(refreshed);
        EXPECT_NE(refreshed.error().message.find(word), std::string::npos)
            << refreshed.error().message;
        EXPECT_FALSE(refreshed.error().hint.empty());
        EXPECT_EQ(context_.current(), first);
    };
    (void)folder_.write("key.pem", kClientKey);
    expect_refusal("has no key for");
    (void)folder_.write("cert.pem", "-----BEGIN CERT");
    expect_refusal("has no certificate");
    (void)folder_.write("cert.pem", kServer);
    (void)folder_.write("key.pem", kServerKey);
    EXPECT_EQ(context_.refresh(kNow).value_or(true), false);
}

TEST_F(ReloadableContextTest, AnUntimelyCertificateDoesNotReplaceAGoodOne) {
    ASSERT_TRUE(context_.refresh(kNow));
    const auto good = context_.current();
    (void)folder_.write("cert.pem", kExpiredServer);
    const auto expired = context_.refresh(kNow);
    ASSERT_FALSE(expired);
    EXPECT_TRUE(expired.error().message.ends_with("cert.pem has expired at 2020-02-01T00:00:00Z"))
        << expired.error().message;
    EXPECT_FALSE(expired.error().hint.empty());
    EXPECT_EQ(context_.current(), good);
    EXPECT_FALSE(context_.refresh(kNow)) << "told again as long as it lies there";
}

TEST_F(ReloadableContextTest, AnUntimelyCertificateIsUsedForWantOfAGoodOne) {
    (void)folder_.write("cert.pem", kExpiredServer);
    EXPECT_EQ(context_.refresh(kNow).value_or(false), true);
    EXPECT_TRUE(context_.current()->untimely(kNow));
    (void)folder_.write("cert.pem", kServer);
    const auto before_all = sys_days(2019y / 12 / 31).time_since_epoch();
    EXPECT_EQ(context_.refresh(before_all).value_or(false), true);
    const auto early = context_.current()->untimely(before_all);
    ASSERT_TRUE(early);
    EXPECT_TRUE(early->message.ends_with("is not valid before 2020-01-01T00:00:00Z"))
        << early->message;
    EXPECT_FALSE(context_.current()->untimely(kNow));
}

TEST(ReloadableContext, AMissingFileIsTold) {
    ReloadableContext context({.certificate = "/nonexistent/cert.pem", .key = "/nonexistent"});
    const auto refreshed = context.refresh(kNow);
    ASSERT_FALSE(refreshed);
    EXPECT_NE(refreshed.error().message.find("/nonexistent/cert.pem"), std::string::npos);
}

}  // namespace
}  // namespace nearcast::tls
