// SPDX-License-Identifier: Apache-2.0

#include "tls/reloadable_context.h"

#include <gtest/gtest.h>

#include "tls/test_keys.h"

namespace nearcast::tls {
namespace {

class ReloadableContextTest : public testing::Test {
 protected:
    TestFolder folder_;
    ReloadableContext context_{{.certificate = folder_.write("cert.pem", kServer),
                                .key = folder_.write("key.pem", kServerKey)}};
};

TEST_F(ReloadableContextTest, TellsWhetherTheFilesChanged) {
    EXPECT_EQ(context_.current(), nullptr);
    EXPECT_EQ(context_.refresh().value_or(false), true);
    const auto first = context_.current();
    EXPECT_EQ(context_.refresh().value_or(true), false);
    EXPECT_EQ(context_.current(), first);
    (void)folder_.write("cert.pem", kClient);
    (void)folder_.write("key.pem", kClientKey);
    EXPECT_EQ(context_.refresh().value_or(false), true);
    EXPECT_NE(context_.current(), first);
}

TEST_F(ReloadableContextTest, WhatCannotBeUsedIsToldAndChangesNothing) {
    ASSERT_TRUE(context_.refresh());
    const auto first = context_.current();
    const auto expect_refusal = [&](const char* word) {
        const auto refreshed = context_.refresh();
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
    EXPECT_EQ(context_.refresh().value_or(true), false);
}

TEST(ReloadableContext, AMissingFileIsTold) {
    ReloadableContext context({.certificate = "/nonexistent/cert.pem", .key = "/nonexistent"});
    const auto refreshed = context.refresh();
    ASSERT_FALSE(refreshed);
    EXPECT_NE(refreshed.error().message.find("/nonexistent/cert.pem"), std::string::npos);
}

}  // namespace
}  // namespace nearcast::tls
