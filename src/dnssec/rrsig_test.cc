// SPDX-License-Identifier: Apache-2.0

#include "dnssec/rrsig.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "dns/encoding.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/zone_file.h"

namespace nearcast::dnssec {
namespace {

struct Vector {
    const char* dnskey;
    const char* rrsig;  // Over the MX records below.
    const char* ds_sha256;
    const char* ds_sha384;
};

// Reference: dnssec-keygen, dnssec-signzone and dnssec-dsfromkey of BIND 9.18. The set is
//   *.W 3600 MX 10 Mail.Example.ORG.
//   *.W 3600 MX 9 a
// in example.org., in this order.
constexpr Vector kVectors[] = {
    {"257 3 8 AwEAAczq/1hqncXIcTxZKLERKUQu65F0A2P6GvitF3m9CLDA5mBn/7k65GYBRdMtREYqDtROmNC/JrV6"
     "nxG5AqOu+uaJr8zcvNYvUNg4oOlxc9heH4+M0fOnLGp2PGSbA5N1xJIachB1mgel5P5WoXgBMgkOlaGh7ENNtYsQ"
     "TZ3B3OukOxePAKeZPP6IaNwKpTAw21GgYzkrwa7FOEToLujzriCRpTQTyn+5a2YUZq5fzB9LxQUJKyZHvz5ZoLJW"
     "G0Ou+ZCv4GdRtLNkYyeAJNDt4yegK8Xy5rTU1zXJeNQqbcvFv+7RF+CLAM1Y/VOldfXMzKfJPdX5C96lzQIhOMc1"
     "HLU=",
     "MX 8 3 3600 20261225204951 20261125204951 65017 example.org. T/R0/OAM9ZLOS6H4hA44/tOqW1j"
     "W1rfhXpdRhforn+Uxd+ugkEjwGxE1TXf9pAz4TBjCNRuc5kiUG+Yj+6/Bih2x2HZ3qvbqYOU3pTM7zBuTmnW/Fru"
     "Zr7RszvRimSp5n4kBELOcZY/RAm/0bW2JQ+/wHh5xK6qUPewqvg28sFyurSCLhhevh+TIRQsdfswA5G8VMqLy0h4"
     "Etaze3EMtrK4IhLAcDLf0FsFD5cRZwGeYYLGRj7FYiA7/TPr69jDRvDl7mP87DmuVGA418hKUUR2ST2FG+K4k76Z"
     "bfqlQfr5abhAimrfRZR4+RY4/O009LM1SIvkm1dKTYMQWI1TIhg==",
     "65017 8 2 a9bf5585f8a41c6c3f1da3ac8450e7033bd1932ecdf3c8ec64344483f8da2fba",
     "65017 8 4 2e4b817d921b8ea067b238e8f2b07de66dc76a23e4a9bb75c97e1a7dc7545a51cbced582b5b579"
     "46a052ae6e30fd65e2"},
    {"257 3 10 AwEAAdgsygfY5yWpvQAPdMLssHGEaHsbcY5W4IdDwI0YRkMeKooUF79nYe6bJEWzUZt243RhrQUYeQs"
     "vf0UUnDYoyyOYgxUStAVlzwDmXnWISZsNUuHqnJTeiwy6vhZk8wWhAa9de4c/OfG7y3kj8M3OVvCwSODMT8smuwJ"
     "S6P/JRY8twRfivFEX//k7Gf0UmN3LL6WoT+QIIhREJDVzZcsl5BXu9mpmQY3CjWMdN3hS6afKiKuMcwsX3TzxPVg"
     "0MWK5TpVDTYUHXHaw09MCIFkCyK6iZDw67/JSJB3wEES2gcxusjNeLbq7ij0iHcF/Tiq2MrurX0/rznc+xtgiMOL"
     "Xves=",
     "MX 10 3 3600 20261225204951 20261125204951 31792 example.org. GYviZhxXoru9QWKXt/u8i6KCZx"
     "T4Yx6YmgIWQ86+GLcVNJsNU+w/PKhsJbGgIxp48nWUkkDc2n3cHazn8YUDGi5G9WGyUk0diRdJdK4wfdd9nfTiPO"
     "gFkdHtrSvFQzJcXSbQqp7+k4xqQg4+FbycVdVaHCc6sdXBMn8IC5PpI1jm6CQwGx4aw+XHSQ3BW95igOz2CINSUj"
     "LxLtfIhjK11MU/GLdzMb4TMvOVjU4GMkgM5wwz8ukUHrKj/IF943QEoZZBvDoxw+lkXeRmbYl/BhAfXaqSwbZHDF"
     "Ir3YS5Mr5Snb9KTUCCrdWMByua/Iw+IFlYszAB/gGcSd1oVgm5Bg==",
     "31792 10 2 3cc5dbdb680cb256941d138ad28b1f39fc8e20573be5c675a5da6384838c7302",
     "31792 10 4 046438a688ab834e89d024e367f9d1da1192ee0ef94624ebc809662973ae7fadb54665b63362a"
     "33bed63ce3a2d699eb5"},
    {"257 3 13 LNSq4jHYtSpH8FW18vLZjdA0RQ5pn7q3+xdBoMTvv/eFyv/6Vn5TD+dMwI6bm+xMfNZ1RnSRfxA5BNM"
     "jzPnvWQ==",
     "MX 13 3 3600 20261225204951 20261125204951 13690 example.org. PFyL/JFwFE1RsJJpOSP34FksE7"
     "s8iKv8utTd9pU04tUCmRkUTQQJ4xMUCJLQQ52lxi8I56EHVgema8vrvc3qJw==",
     "13690 13 2 c65e5d60cfc91f48321bc75663c17ed82696ec89c6b94a8ba9a7568496c3f747",
     "13690 13 4 ca93fc1dbc20a2435eba66820889f645fd58b9fe524e1224ba1d76a0260a02a857214a6ce67cc"
     "3144e5620ae14722743"},
    {"257 3 14 6weFGe7yVj94UGG4fjKDylRofg0Ya7fEuDlq/UoZBYZ2LCKtz0ddCZY147ULWXMZWthT0U4fBDmsSz8"
     "fi5uJ1zGn/E3H694HXuVyviWroVaPd0w6Hu2fwZybARFikdJP",
     "MX 14 3 3600 20261225204951 20261125204951 17354 example.org. 7+UtZAy4NT2Hi5AKP5J0It0zhc"
     "9Foyizu6cHIBD3dcWxWsORZlIPxWiiYFK/DbkiGZQCXdJFmS5KKMvZisVZbAHGmmsvyLd6CKGadtUgvm63ckyMIL"
     "Aqhm0GYHrKve/d",
     "17354 14 2 c8020722f367032ed17f9674506e23865247c5e9d29170b781f99f8ddb811ccc",
     "17354 14 4 2d30d4b7c8fea28bfe29bffb4b3893e47641b254ccfd6da1fa9261c24adbf5c0d0e33d5447072"
     "80a37bd416e6e45b8df"},
    {"257 3 15 r8eDvR7GVZEitc63f6xgGnxtapp5NVUOWrpdWt18FCk=",
     "MX 15 3 3600 20261225204951 20261125204951 56358 example.org. X4lAm5yWrQSLRfdw/eHTEdR2uP"
     "YjAGAKVeG0Cn6iEnduwUil/ZA93LqF8eH8f1+pGJvE5PRR//dV3aECc9VdDw==",
     "56358 15 2 cc45bbd21dd560852423c919c877b02477c58e1cb749dbdbb7c55351697bf776",
     "56358 15 4 2dea862bf77f11c1391cb65e37ef0456b3e6437864243343dc49404fe7906702992cffcc8feee"
     "376ad97812e9a253f83"},
    {"257 3 16 jjJDIlNt5MlLFeYL94L0TBalhSnHaohE5KScA/tJ8MQdmQyqN9Ejxjm3Emk0GfiqwPTZU7s4CuwA",
     "MX 16 3 3600 20261225204951 20261125204951 57839 example.org. 5x9DdzVhOL06ywleOD/OOARdCK"
     "VqT5n8ubr2HwODX3snKQEQMzk5m0IMp2y8PWHoIoWzMm8nrIAAsyPBOYDq5+A1Rem7eRNnBSRRzzJFBh+WTn0ndd"
     "2+zkj5S2KF17mtmRRrxMtCxWEaFpwO993FliUA",
     "57839 16 2 8345dc1827679f2e9e19018ad8f01cdc481700fa80dcb1f212c1874c10811d5d",
     "57839 16 4 9e75fbeedffa0fe59cdec9e63fb929246708571f6edd4ae7a6ad08fec811ccd4bb11600e08cea"
     "adbd85b068ff2ab699d"},
};

std::vector<uint8_t> rdata_of(const std::string& type, const std::string& text) {
    std::vector<uint8_t> rdata;
    dns::ZoneFileOptions options;
    options.origin = *dns::parse_name("example.org.");
    const auto errors = dns::parse_zone_file(
        "@ 1 " + type + " " + text + "\n", options,
        [&](const dns::Record& record, const dns::ZoneFilePlace&) { rdata = record.rdata; });
    EXPECT_TRUE(errors.empty()) << type << " " << text;
    return rdata;
}

CanonicalSet mail_set(std::string_view owner = "*.W.example.org.") {
    CanonicalSet set;
    set.begin(dns::parse_name(owner)->wire(), dns::RRType::MX, 3600);
    set.add(rdata_of("MX", "10 Mail.Example.ORG."));
    set.add(rdata_of("MX", "9 a"));
    set.finish();
    return set;
}

TEST(Signature, OfAnotherSignerIsGood) {
    for (const Vector& vector : kVectors) {
        const auto rrsig = rdata_of("RRSIG", vector.rrsig);
        const auto dnskey = rdata_of("DNSKEY", vector.dnskey);
        EXPECT_TRUE(is_signature_good(mail_set(), rrsig, dnskey)) << vector.dnskey;
    }
}

TEST(Signature, IsOverEachByteOfTheSet) {
    for (const Vector& vector : kVectors) {
        auto rrsig = rdata_of("RRSIG", vector.rrsig);
        auto dnskey = rdata_of("DNSKEY", vector.dnskey);
        EXPECT_FALSE(is_signature_good(mail_set("*.v.example.org."), rrsig, dnskey));
        EXPECT_FALSE(is_signature_good(mail_set("b.w.example.org."), rrsig, dnskey));
        rrsig[11] ^= 1;  // Of its expiration.
        EXPECT_FALSE(is_signature_good(mail_set(), rrsig, dnskey));
        rrsig[11] ^= 1;
        rrsig.back() ^= 1;
        EXPECT_FALSE(is_signature_good(mail_set(), rrsig, dnskey));
        rrsig.pop_back();
        EXPECT_FALSE(is_signature_good(mail_set(), rrsig, dnskey));
    }
}

TEST(Signature, IsGoodWhenMadeHere) {
    const auto zone = *dns::parse_name("Example.org.");
    for (const auto algorithm :
         {Algorithm::RsaSha256, Algorithm::RsaSha512, Algorithm::EcdsaP256Sha256,
          Algorithm::EcdsaP384Sha384, Algorithm::Ed25519, Algorithm::Ed448}) {
        const auto key = PrivateKey::generate(algorithm);
        ASSERT_TRUE(key) << key.error().message;
        const ZoneKey zone_key(*key, kZoneKeyFlag | kSepFlag);
        SetSigner signer(zone_key, zone.wire());
        for (uint32_t i = 0; i < 20; ++i) {  // Numbers with zeros in front come up among them.
            std::vector<uint8_t> rdata;
            ASSERT_TRUE(signer.sign(mail_set(), {.inception = 1, .expiration = 2 + i}, rdata));
            EXPECT_TRUE(dns::is_valid_rdata(dns::RRType::RRSIG, rdata));
            EXPECT_TRUE(is_signature_good(mail_set(), rdata, zone_key.dnskey()));
            const auto read = read_rrsig(rdata);
            ASSERT_TRUE(read);
            EXPECT_EQ(read->life.expiration, 2 + i);
            EXPECT_EQ(read->labels, 3);
            EXPECT_EQ(dns::to_text(read->signer), "example.org.");
        }
    }
}

TEST(Ds, IsThatOfAnotherProgram) {
    const auto owner = *dns::parse_name("EXAMPLE.org.");
    for (const Vector& vector : kVectors) {
        const auto dnskey = rdata_of("DNSKEY", vector.dnskey);
        EXPECT_EQ(ds_rdata(owner.wire(), dnskey, DsDigest::Sha256),
                  rdata_of("DS", vector.ds_sha256));
        EXPECT_EQ(ds_rdata(owner.wire(), dnskey, DsDigest::Sha384),
                  rdata_of("DS", vector.ds_sha384));
    }
}

TEST(Ds, IsKnownByWhateverDigestAParentHas) {
    const auto owner = *dns::parse_name("EXAMPLE.org.");
    for (const Vector& vector : kVectors) {
        const auto dnskey = rdata_of("DNSKEY", vector.dnskey);
        EXPECT_TRUE(is_ds_of(rdata_of("DS", vector.ds_sha256), owner.wire(), dnskey));
        EXPECT_TRUE(is_ds_of(rdata_of("DS", vector.ds_sha384), owner.wire(), dnskey));
    }
    const auto dnskey = rdata_of("DNSKEY", "257 3 15 r8eDvR7GVZEitc63f6xgGnxtapp5NVUOWrpdWt18FCk=");
    auto ds = rdata_of("DS", "56358 15 1 afa18d8098dce68330473174b358df9b62362cd1");
    EXPECT_TRUE(is_ds_of(ds, owner.wire(), dnskey));
    EXPECT_FALSE(is_ds_of(ds, dns::parse_name("example.net.")->wire(), dnskey));
    EXPECT_FALSE(is_ds_of(ds, owner.wire(), rdata_of("DNSKEY", kVectors[0].dnskey)));
    ds[3] = 5;
    EXPECT_FALSE(is_ds_of(ds, owner.wire(), dnskey)) << "an unknown digest";
    ds.resize(3);
    EXPECT_FALSE(is_ds_of(ds, owner.wire(), dnskey));
}

// RFC 8078 §4 spells both out.
TEST(Cds, AsksForDeletionAsTheRfcSpellsIt) {
    EXPECT_EQ(cds_delete_rdata(), rdata_of("CDS", "0 0 0 00"));
    EXPECT_EQ(cdnskey_delete_rdata(), rdata_of("CDNSKEY", "0 3 0 AA=="));
}

// RFC 8032 §7.1, test 2: there is one right signature.
TEST(KeySigner, MakesTheSignatureOfTheRfc) {
    const auto key =
        PrivateKey::from_pem(Algorithm::Ed25519,
                             "-----BEGIN PRIVATE KEY-----\n"
                             "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
                             "-----END PRIVATE KEY-----\n");
    ASSERT_TRUE(key) << base::to_text(key.error());
    std::vector<uint8_t> made = {1};
    ASSERT_TRUE(KeySigner(*key).sign(std::vector<uint8_t>{0x72}, made));
    std::string text;
    dns::append_hex(made, text);
    EXPECT_EQ(text,
              "0192a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
              "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST(PrivateKey, IsReadAsItWasWritten) {
    for (const auto algorithm :
         {Algorithm::RsaSha256, Algorithm::EcdsaP256Sha256, Algorithm::Ed25519}) {
        const auto key = PrivateKey::generate(algorithm);
        ASSERT_TRUE(key);
        const auto pem = key->to_pem();
        ASSERT_TRUE(pem);
        const auto read = PrivateKey::from_pem(algorithm, *pem);
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_TRUE(std::ranges::equal(read->public_key(), key->public_key()));
    }
}

TEST(PrivateKey, IsRefusedWhenItIsOfAnotherAlgorithm) {
    const auto pem = PrivateKey::generate(Algorithm::EcdsaP256Sha256)->to_pem();
    ASSERT_TRUE(pem);
    EXPECT_FALSE(PrivateKey::from_pem(Algorithm::EcdsaP384Sha384, *pem));
    EXPECT_FALSE(PrivateKey::from_pem(Algorithm::Ed25519, *pem));
    EXPECT_FALSE(PrivateKey::from_pem(Algorithm::RsaSha256, *pem));
    EXPECT_FALSE(PrivateKey::from_pem(Algorithm::EcdsaP256Sha256, "no key"));
}

TEST(CanonicalSet, LeavesOutRepetitionsAndSorts) {
    CanonicalSet twice;
    twice.begin(dns::parse_name("*.w.example.org.")->wire(), dns::RRType::MX, 3600);
    for (const char* text : {"9 A", "10 mail", "9 a", "10 MAIL"}) twice.add(rdata_of("MX", text));
    twice.finish();
    CanonicalSet once;
    once.begin(dns::parse_name("*.W.example.org.")->wire(), dns::RRType::MX, 3600);
    for (const char* text : {"9 a", "10 mail"}) once.add(rdata_of("MX", text));
    once.finish();
    EXPECT_TRUE(std::ranges::equal(twice.records(), once.records()));
    EXPECT_FALSE(once.is_empty());
}

}  // namespace
}  // namespace nearcast::dnssec
