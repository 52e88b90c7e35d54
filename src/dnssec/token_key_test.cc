// SPDX-License-Identifier: Apache-2.0

// Keys in SoftHSM, the token in software: it and pkcs11-tool must be installed.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "dns/name.h"
#include "dnssec/rrsig.h"
#include "dnssec/token_access.h"

namespace nearcast::dnssec {
namespace {

constexpr const char* kModule = "/usr/lib/softhsm/libsofthsm2.so";

class TokenKey : public ::testing::Test {
 protected:
    static void SetUpTestSuite() {
        std::string form = std::filesystem::temp_directory_path() / "nearcast-token-XXXXXX";
        ASSERT_NE(::mkdtemp(form.data()), nullptr);
        directory() = form;
        std::ofstream(form + "/conf") << "directories.tokendir = " << form << "\n";
        ::setenv("SOFTHSM2_CONF", (form + "/conf").c_str(), 1);
        std::ofstream(form + "/pin") << "1234\n";
        run("softhsm2-util --init-token --free --label nearcast --pin 1234 --so-pin 5678");
        const std::string tool = std::string("pkcs11-tool --module ") + kModule +
                                 " --token-label nearcast --login --pin 1234 --keypairgen ";
        run(tool + "--key-type EC:prime256v1 --label p256 --id 01");
        run(tool + "--key-type rsa:2048 --label rsa --id 02");
    }
    static void TearDownTestSuite() { std::filesystem::remove_all(directory()); }

    static base::Result<PrivateKey> load(Algorithm algorithm, const std::string& label,
                                         const std::string& pin) {
        return PrivateKey::from_token(
            algorithm, kModule, "pkcs11:token=nearcast;object=" + label + ";type=private" + pin);
    }

    [[nodiscard]] static TokenAccess token() {
        return {.module = kModule, .label = "nearcast", .pin_file = directory() + "/pin"};
    }

 private:
    static std::string& directory() {
        static std::string path;
        return path;
    }
    static void run(const std::string& command) {
        ASSERT_EQ(std::system((command + " > /dev/null 2>&1").c_str()), 0) << command;
    }
};

TEST_F(TokenKey, SignsAndStaysInItsToken) {
    const auto zone = *dns::parse_name("example.org.");
    CanonicalSet set;
    set.begin(zone.wire(), dns::RRType::A, 60);
    set.add(std::vector<uint8_t>{192, 0, 2, 1});
    set.finish();
    for (const auto& [algorithm, label] :
         {std::pair(Algorithm::EcdsaP256Sha256, "p256"), std::pair(Algorithm::RsaSha256, "rsa"),
          std::pair(Algorithm::RsaSha512, "rsa")}) {
        const auto key = load(algorithm, label, ";pin-value=1234");
        ASSERT_TRUE(key) << base::to_text(key.error());
        EXPECT_FALSE(key->to_pem());
        const ZoneKey zone_key(*key, kZoneKeyFlag);
        SetSigner signer(zone_key, zone.wire());
        std::vector<uint8_t> rdata;
        ASSERT_TRUE(signer.sign(set, {.inception = 1, .expiration = 2}, rdata));
        EXPECT_TRUE(is_signature_good(set, rdata, zone_key.dnskey()));
    }
}

TEST_F(TokenKey, IsMadeInTheTokenBesideOthers) {
    for (const Algorithm algorithm :
         {Algorithm::EcdsaP256Sha256, Algorithm::EcdsaP384Sha384, Algorithm::RsaSha256}) {
        const std::string label = "example.org. " + std::to_string(static_cast<int>(algorithm));
        const auto made = make_token_key(token(), algorithm, label);
        ASSERT_TRUE(made) << base::to_text(made.error());
        const auto uri = token().uri(label);
        ASSERT_TRUE(uri);
        EXPECT_TRUE(uri->ends_with(";pin-value=1234")) << "without the end of the line";
        const auto key = PrivateKey::from_token(algorithm, kModule, *uri);
        ASSERT_TRUE(key) << base::to_text(key.error());
        EXPECT_FALSE(key->to_pem());
        std::vector<uint8_t> signature;
        const std::vector<uint8_t> data{1, 2, 3};
        ASSERT_TRUE(KeySigner(*key).sign(data, signature));
        EXPECT_TRUE(is_signed_by(dnskey_rdata(kZoneKeyFlag, algorithm, key->public_key()), data,
                                 signature));
    }
}

TEST_F(TokenKey, IsNotMadeWhereItCouldNotBeUsed) {
    EXPECT_FALSE(make_token_key(token(), Algorithm::Ed25519, "x"));
    TokenAccess other = token();
    other.label = "another";
    EXPECT_FALSE(make_token_key(other, Algorithm::EcdsaP256Sha256, "x"));
    other = token();
    other.module = "/no/such/module.so";
    EXPECT_FALSE(make_token_key(other, Algorithm::EcdsaP256Sha256, "x"));
    other = token();
    other.pin_file += ".none";
    EXPECT_FALSE(make_token_key(other, Algorithm::EcdsaP256Sha256, "x"));
}

TEST_F(TokenKey, IsRefusedAheadWhereTheTokenCannotHoldIt) {
    for (const Algorithm algorithm : {Algorithm::Ed25519, Algorithm::Ed448}) {
        const auto refusal = refusal_by(token(), algorithm);
        ASSERT_TRUE(refusal);
        EXPECT_EQ(refusal->message, "keys of " + std::string(to_text(algorithm)) +
                                        " cannot be in the token nearcast");
        EXPECT_EQ(refusal->hint, "RSASHA256, RSASHA512, ECDSAP256SHA256, ECDSAP384SHA384");
    }
    for (const Algorithm algorithm : {Algorithm::RsaSha256, Algorithm::RsaSha512,
                                      Algorithm::EcdsaP256Sha256, Algorithm::EcdsaP384Sha384}) {
        EXPECT_FALSE(refusal_by(token(), algorithm)) << to_text(algorithm);
    }
}

TEST_F(TokenKey, IsNotRefusedByATokenThatCannotBeAsked) {
    EXPECT_FALSE(refusal_by({}, Algorithm::Ed25519)) << "there is no token";
    TokenAccess other = token();
    other.label = "another";
    EXPECT_FALSE(refusal_by(other, Algorithm::Ed25519));
    other.module = "/no/such/module.so";
    EXPECT_FALSE(refusal_by(other, Algorithm::Ed25519));
}

TEST_F(TokenKey, IsNotFoundUnderAnotherNameOrAlgorithm) {
    EXPECT_FALSE(load(Algorithm::EcdsaP256Sha256, "other", ";pin-value=1234"));
    EXPECT_FALSE(load(Algorithm::EcdsaP384Sha384, "p256", ";pin-value=1234"));
    EXPECT_FALSE(PrivateKey::from_token(Algorithm::RsaSha256, "/no/such/module.so", "pkcs11:"));
}

}  // namespace
}  // namespace nearcast::dnssec
