// SPDX-License-Identifier: Apache-2.0

#include "control/signing_settings.h"

#include <gtest/gtest.h>

namespace nearcast::control {
namespace {

TEST(ParseDenial, ReadsWhatClientsWrite) {
    EXPECT_FALSE(parse_denial("")->uses_nsec3);
    const auto plain = parse_denial("1 0 0 -");
    ASSERT_TRUE(plain);
    EXPECT_TRUE(plain->uses_nsec3);
    EXPECT_FALSE(plain->opts_out);
    EXPECT_EQ(plain->iterations, 0);
    EXPECT_TRUE(plain->salt.empty());
    const auto salted = parse_denial("1 1 5 aB01");
    ASSERT_TRUE(salted);
    EXPECT_TRUE(salted->opts_out);
    EXPECT_EQ(salted->iterations, 5);
    EXPECT_EQ(salted->salt, (std::vector<uint8_t>{0xAB, 0x01}));
}

TEST(ParseDenial, RefusesWhatNobodyShouldServe) {
    for (const char* text : {"2 0 0 -", "1 2 0 -", "1 0 151 -", "1 0 0", "1 0 0 - -", "1 0 0 abc",
                             "1 0 0 xy", "1 -1 0 -", "yes"}) {
        EXPECT_FALSE(parse_denial(text)) << text;
    }
    EXPECT_TRUE(parse_denial("1 0 0 " + std::string(510, 'a')));
    EXPECT_FALSE(parse_denial("1 0 0 " + std::string(512, 'a')));
}

TEST(SigningSettings, AreTheUsualOnesButForWhatTheZoneHas) {
    SigningSettings usual;
    usual.zsk_lifetime = 7;
    ZoneSettings zone;
    zone.is_signed = true;
    EXPECT_EQ(*signing_settings_of(zone, usual), usual);
    zone.signing = *with_choice("", "algorithm", "ED25519");
    zone.signing = *with_choice(zone.signing, "keys", "split");
    zone.signing = *with_choice(zone.signing, "anchor_lifetime", "86400");
    zone.signing = *with_choice(zone.signing, "zonemd", "sha512");
    zone.nsec3param = "1 1 0 -";
    const auto settings = signing_settings_of(zone, usual);
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->algorithm, dnssec::Algorithm::Ed25519);
    EXPECT_TRUE(settings->is_split);
    EXPECT_EQ(settings->anchor_lifetime, 86400);
    EXPECT_EQ(settings->zsk_lifetime, 7);
    EXPECT_EQ(settings->zonemd, dnssec::DigestKind::Sha512);
    EXPECT_TRUE(settings->denial.opts_out);
    zone.is_signed = false;
    EXPECT_FALSE(signing_settings_of(zone, usual)->is_signed);
}

TEST(SigningSettings, TakeNoChoiceThatIsNone) {
    EXPECT_FALSE(with_choice("", "algorithm", "RSAMD5"));
    EXPECT_FALSE(with_choice("", "keys", "three"));
    EXPECT_FALSE(with_choice("", "zsk_lifetime", "-1"));
    EXPECT_FALSE(with_choice("", "zsk_lifetime", "9999999999999"));
    EXPECT_FALSE(with_choice("", "zonemd", "md5"));
    ZoneSettings zone;
    zone.signing = "colour=red";
    EXPECT_FALSE(signing_settings_of(zone, {}));
}

TEST(SigningSettings, KeysLiveADayAtLeast) {
    for (const char* name : {"anchor_lifetime", "zsk_lifetime"}) {
        for (const char* value : {"1", "86399", "-1", "1.5", "x"}) {
            const auto chosen = with_choice("", name, value);
            ASSERT_FALSE(chosen) << value;
            EXPECT_TRUE(chosen.error().message.contains("seconds from 86400")) << value;
        }
        EXPECT_TRUE(with_choice("", name, "0"));
        EXPECT_TRUE(with_choice("", name, "86400"));
        EXPECT_TRUE(with_choice("", name, ""));
    }
}

TEST(Choice, ComesAndGoes) {
    std::string text = *with_choice("", "keys", "split");
    text = *with_choice(text, "algorithm", "15");
    EXPECT_EQ(text, "algorithm=15 keys=split");
    EXPECT_EQ(choice_in(text, "keys"), "split");
    EXPECT_EQ(choice_in(text, "zonemd"), "");
    EXPECT_EQ(*with_choice(text, "keys", ""), "algorithm=15");
}

}  // namespace
}  // namespace nearcast::control
