// SPDX-License-Identifier: Apache-2.0

#include "dnssec/seal.h"

#include <gtest/gtest.h>

namespace nearcast::dnssec {
namespace {

TEST(SealingKey, OpensWhatItSealed) {
    const auto key = SealingKey::generate();
    for (const std::string& text :
         std::vector<std::string>{"", "a", "a private key of some length, over several blocks"}) {
        const auto sealed = key.seal("example.org. 1", text);
        const auto opened = key.open("example.org. 1", sealed);
        ASSERT_TRUE(opened) << opened.error().message;
        EXPECT_EQ(*opened, text);
        EXPECT_NE(key.seal("example.org. 1", text), sealed);  // Another nonce.
    }
}

TEST(SealingKey, RefusesAnotherLabel) {
    const auto key = SealingKey::generate();
    EXPECT_FALSE(key.open("example.net. 1", key.seal("example.org. 1", "secret")));
}

TEST(SealingKey, RefusesWhatWasChanged) {
    const auto key = SealingKey::generate();
    const auto sealed = key.seal("label", "secret");
    for (size_t i = 0; i < sealed.size(); ++i) {
        auto changed = sealed;
        changed[i] ^= 0x10;
        EXPECT_FALSE(key.open("label", changed)) << i;
        EXPECT_FALSE(key.open("label", std::span(sealed).first(i))) << i;
    }
}

TEST(SealingKey, SaysThatTheKeyFileIsAnother) {
    const auto opened = SealingKey::generate().open("l", SealingKey::generate().seal("l", "x"));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().message, "the key was sealed under another key file");
}

TEST(SealingKey, IsReadAsItWasWritten) {
    const auto key = SealingKey::generate();
    const auto read = SealingKey::from_text("\n " + key.to_text() + "\n");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_TRUE(read->open("l", key.seal("l", "x")));
    for (const std::string& text :
         {std::string(), std::string(" "), key.to_text() + "00", key.to_text().substr(2),
          key.to_text().substr(1), "zz" + key.to_text().substr(2)}) {
        EXPECT_FALSE(SealingKey::from_text(text)) << text;
    }
}

}  // namespace
}  // namespace nearcast::dnssec
