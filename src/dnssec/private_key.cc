// SPDX-License-Identifier: Apache-2.0

#include "dnssec/private_key.h"

#include <array>
#include <utility>

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "dnssec/ed25519_signer.h"
#include "dnssec/public_key.h"
#include "dnssec/token_key.h"

namespace nearcast::dnssec {
namespace {

EVP_PKEY* generate_key(Algorithm algorithm) {
    const KeyKind& kind = kind_of(algorithm);
    if (is_rsa(algorithm)) return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{kRsaBits});
    if (kind.group != nullptr) return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", kind.group);
    return EVP_PKEY_Q_keygen(nullptr, nullptr, kind.type);
}

// From the form of RRSIG, r and s of one size (RFC 6605 §4), to that of OpenSSL.
std::vector<uint8_t> ecdsa_to_der(std::span<const uint8_t> signature, size_t half_size) {
    if (signature.size() != 2 * half_size) return {};
    const auto size = static_cast<int>(half_size);
    OwnedNumber r(BN_bin2bn(signature.data(), size, nullptr));
    OwnedNumber s(BN_bin2bn(signature.data() + half_size, size, nullptr));
    const OwnedEcdsaSignature pair(ECDSA_SIG_new());
    if (!pair || ECDSA_SIG_set0(pair.get(), r.release(), s.release()) != 1) return {};
    std::vector<uint8_t> der(static_cast<size_t>(i2d_ECDSA_SIG(pair.get(), nullptr)));
    unsigned char* at = der.data();
    i2d_ECDSA_SIG(pair.get(), &at);
    return der;
}

bool append_ecdsa(std::span<const uint8_t> der, size_t half_size, std::vector<uint8_t>& to) {
    const unsigned char* at = der.data();
    const OwnedEcdsaSignature pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    if (!pair) return false;
    const size_t begin = to.size();
    to.resize(begin + 2 * half_size);
    const auto size = static_cast<int>(half_size);
    return BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), to.data() + begin, size) == size &&
           BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), to.data() + begin + half_size, size) == size;
}

}  // namespace

base::Result<PrivateKey> PrivateKey::adopt(Algorithm algorithm, evp_pkey_st* key) {
    PrivateKey made;
    made.algorithm_ = algorithm;
    made.key_.reset(key, EVP_PKEY_free);
    made.public_key_ = public_key_of(algorithm, key);
    if (made.public_key_.empty()) {
        ERR_clear_error();
        return base::fail("the key is not one of algorithm " + std::string(to_text(algorithm)));
    }
    return made;
}

base::Result<PrivateKey> PrivateKey::generate(Algorithm algorithm) {
    EVP_PKEY* const key = generate_key(algorithm);
    if (key == nullptr) return fail_openssl("cannot make a key");
    return adopt(algorithm, key);
}

base::Result<PrivateKey> PrivateKey::from_pem(Algorithm algorithm, std::string_view pem) {
    const OwnedBio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    // A key that asks for a password gets the empty one, instead of a question on the terminal.
    const auto no_password = [](char*, int, int, void*) { return 0; };
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr);
    if (key == nullptr) return fail_openssl("cannot read a private key", "a key in PEM, PKCS#8");
    return adopt(algorithm, key);
}

base::Result<PrivateKey> PrivateKey::from_token(Algorithm algorithm, const std::string& module,
                                                const std::string& uri) {
    const auto key = load_token_key(module, uri);
    if (!key) return std::unexpected(key.error());
    auto made = adopt(algorithm, *key);
    if (made) made->is_in_token_ = true;
    return made;
}

base::Result<std::string> PrivateKey::to_pem() const {
    if (is_in_token_) {
        return base::fail("the key is in a token, which does not give it out",
                          "keep the URI that names it");
    }
    // In memory that is wiped when it is freed.
    const OwnedBio bio(BIO_new(BIO_s_secmem()));
    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                                              nullptr) != 1) {
        return fail_openssl("cannot write the private key");
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, static_cast<size_t>(size));
}

struct KeySigner::State {
    const KeyKind& kind;
    std::shared_ptr<evp_pkey_st> key;
    bool is_ready = false;
    // Where the digest is ours to make: contexts that are set up once.
    std::unique_ptr<EVP_MD, base::FreeWith<EVP_MD_free>> digest;
    OwnedMdContext digest_context;
    OwnedPkeyContext sign_context;
    std::vector<uint8_t> buffer;
    std::optional<Ed25519Signer> ed25519;  // In place of OpenSSL's.

    bool prepare();
    bool sign_digest(std::span<const uint8_t> data, std::vector<uint8_t>& signature);
    bool sign_whole(std::span<const uint8_t> data, std::vector<uint8_t>& signature);
};

bool KeySigner::State::prepare() {
    digest_context.reset(EVP_MD_CTX_new());
    buffer.resize(static_cast<size_t>(EVP_PKEY_get_size(key.get())));
    if (kind.digest == nullptr) {
        ed25519 = Ed25519Signer::of(key.get());
        return digest_context != nullptr;
    }
    digest.reset(EVP_MD_fetch(nullptr, kind.digest, nullptr));
    sign_context.reset(EVP_PKEY_CTX_new(key.get(), nullptr));
    if (!digest || !digest_context || !sign_context) return false;
    if (EVP_PKEY_sign_init(sign_context.get()) != 1) return false;
    const bool needs_padding = kind.group == nullptr;
    if (needs_padding && EVP_PKEY_CTX_set_rsa_padding(sign_context.get(), RSA_PKCS1_PADDING) != 1) {
        return false;
    }
    return EVP_PKEY_CTX_set_signature_md(sign_context.get(), digest.get()) == 1;
}

bool KeySigner::State::sign_digest(std::span<const uint8_t> data, std::vector<uint8_t>& signature) {
    std::array<uint8_t, EVP_MAX_MD_SIZE> hash{};
    unsigned hash_size = 0;
    size_t size = buffer.size();
    if (EVP_DigestInit_ex2(digest_context.get(), digest.get(), nullptr) != 1 ||
        EVP_DigestUpdate(digest_context.get(), data.data(), data.size()) != 1 ||
        EVP_DigestFinal_ex(digest_context.get(), hash.data(), &hash_size) != 1 ||
        EVP_PKEY_sign(sign_context.get(), buffer.data(), &size, hash.data(), hash_size) != 1) {
        return false;
    }
    const auto made = std::span(buffer).first(size);
    if (kind.group != nullptr) return append_ecdsa(made, kind.half_size, signature);
    signature.insert(signature.end(), made.begin(), made.end());
    return true;
}

bool KeySigner::State::sign_whole(std::span<const uint8_t> data, std::vector<uint8_t>& signature) {
    if (ed25519) {
        ed25519->sign(data, signature);
        return true;
    }
    size_t size = buffer.size();
    if (EVP_DigestSignInit(digest_context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
        EVP_DigestSign(digest_context.get(), buffer.data(), &size, data.data(), data.size()) != 1) {
        return false;
    }
    signature.insert(signature.end(), buffer.begin(), buffer.begin() + static_cast<long>(size));
    return true;
}

KeySigner::KeySigner(const PrivateKey& key)
    : state_(new State{.kind = kind_of(key.algorithm()),
                       .key = key.key_,
                       .is_ready = false,
                       .digest = nullptr,
                       .digest_context = nullptr,
                       .sign_context = nullptr,
                       .buffer = {},
                       .ed25519 = {}}) {
    state_->is_ready = state_->prepare();
}

KeySigner::KeySigner(KeySigner&&) noexcept = default;
KeySigner& KeySigner::operator=(KeySigner&&) noexcept = default;
KeySigner::~KeySigner() = default;

bool KeySigner::sign(std::span<const uint8_t> data, std::vector<uint8_t>& signature) {
    const bool is_done =
        state_->is_ready && (state_->kind.digest != nullptr ? state_->sign_digest(data, signature)
                                                            : state_->sign_whole(data, signature));
    if (!is_done) ERR_clear_error();
    return is_done;
}

bool is_signed_by(std::span<const uint8_t> dnskey_rdata, std::span<const uint8_t> data,
                  std::span<const uint8_t> signature) {
    if (dnskey_rdata.size() < 4) return false;
    const auto algorithm = algorithm_of(dnskey_rdata[3]);
    if (!algorithm) return false;
    const KeyKind& kind = kind_of(*algorithm);
    const OwnedPkey key = read_public_key(*algorithm, dnskey_rdata.subspan(4));
    const OwnedMdContext context(EVP_MD_CTX_new());
    std::vector<uint8_t> der;
    if (kind.group != nullptr) {
        der = ecdsa_to_der(signature, kind.half_size);
        signature = der;
    }
    const bool is_good = key && context &&
                         EVP_DigestVerifyInit_ex(context.get(), nullptr, kind.digest, nullptr,
                                                 nullptr, key.get(), nullptr) == 1 &&
                         EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                          data.data(), data.size()) == 1;
    if (!is_good) ERR_clear_error();
    return is_good;
}

}  // namespace nearcast::dnssec
