// SPDX-License-Identifier: Apache-2.0

#include "dnssec/seal.h"

#include <algorithm>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "dns/encoding.h"
#include "dnssec/digest.h"
#include "dnssec/openssl_types.h"

namespace nearcast::dnssec {
namespace {

constexpr std::string_view kForm = "ncs1";
constexpr std::string_view kMarkPrefix = "nearcast key file";
constexpr size_t kMarkSize = 8;
constexpr size_t kHeadSize = SealingKey::kHeadSize;
static_assert(kHeadSize == kForm.size() + kMarkSize);
constexpr size_t kNonceSize = 12;
constexpr size_t kTagSize = 16;

std::span<const uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// A failure here is no memory or a broken library: nothing secret may be written then.
void require(bool is_done) {
    if (!is_done) std::abort();
}

OwnedCipherContext begin(std::span<const uint8_t> key, const uint8_t* nonce, bool encrypts) {
    OwnedCipherContext context(EVP_CIPHER_CTX_new());
    require(context && EVP_CipherInit_ex2(context.get(), EVP_aes_256_gcm(), key.data(), nonce,
                                          encrypts ? 1 : 0, nullptr) == 1);
    return context;
}

void authenticate(EVP_CIPHER_CTX* context, std::span<const uint8_t> bytes) {
    int size = 0;
    require(EVP_CipherUpdate(context, nullptr, &size, bytes.data(),
                             static_cast<int>(bytes.size())) == 1);
}

}  // namespace

void wipe(std::string& text) {
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

SealingKey::~SealingKey() { OPENSSL_cleanse(key_.data(), key_.size()); }

SealingKey SealingKey::generate() {
    SealingKey made;
    require(RAND_priv_bytes(made.key_.data(), kSize) == 1);
    return made;
}

base::Result<SealingKey> SealingKey::from_text(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const size_t first = std::min(text.find_first_not_of(kSpace), text.size());
    const size_t last = text.find_last_not_of(kSpace) + 1;
    dns::HexDecoder decoder;
    std::vector<uint8_t> bytes;
    const bool is_hex =
        last > first && decoder.feed(text.substr(first, last - first), bytes) && decoder.finish();
    SealingKey made;
    const bool is_whole = is_hex && bytes.size() == kSize;
    if (is_whole) std::ranges::copy(bytes, made.key_.begin());
    OPENSSL_cleanse(bytes.data(), bytes.size());
    if (is_whole) return made;
    return base::fail("the key file does not hold 64 hex digits", "openssl rand -hex 32");
}

std::string SealingKey::to_text() const {
    std::string text;
    dns::append_hex(key_, text);
    return text;
}

std::vector<uint8_t> SealingKey::head() const {
    std::vector<uint8_t> head(kForm.begin(), kForm.end());
    std::array<uint8_t, 32> hash{};
    Digest digest(DigestKind::Sha256);
    digest.add(bytes_of(kMarkPrefix));
    digest.add(key_);
    digest.finish(hash);
    head.insert(head.end(), hash.begin(), hash.begin() + kMarkSize);
    return head;
}

std::vector<uint8_t> SealingKey::seal(std::string_view label, std::string_view text) const {
    std::vector<uint8_t> sealed = head();
    sealed.resize(kHeadSize + kNonceSize + text.size() + kTagSize);
    uint8_t* const nonce = sealed.data() + kHeadSize;
    require(RAND_bytes(nonce, kNonceSize) == 1);
    const auto context = begin(key_, nonce, true);
    authenticate(context.get(), std::span(sealed).first(kHeadSize));
    authenticate(context.get(), bytes_of(label));
    uint8_t* const cipher = nonce + kNonceSize;
    int size = 0;
    require(EVP_CipherUpdate(context.get(), cipher, &size, bytes_of(text).data(),
                             static_cast<int>(text.size())) == 1 &&
            static_cast<size_t>(size) == text.size());
    require(EVP_CipherFinal_ex(context.get(), cipher + size, &size) == 1);
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagSize,
                                cipher + text.size()) == 1);
    return sealed;
}

base::Result<std::string> SealingKey::open(std::string_view label,
                                           std::span<const uint8_t> sealed) const {
    if (sealed.size() < kHeadSize + kNonceSize + kTagSize ||
        !std::ranges::equal(sealed.first(kForm.size()), bytes_of(kForm))) {
        return base::fail("this is no sealed key", "restore it from a backup of the database");
    }
    if (!std::ranges::equal(sealed.first(kHeadSize), head())) {
        return base::fail("the key was sealed under another key file",
                          "give the key file that was in use when it was made");
    }
    const auto context = begin(key_, sealed.data() + kHeadSize, false);
    authenticate(context.get(), sealed.first(kHeadSize));
    authenticate(context.get(), bytes_of(label));
    const auto cipher = sealed.subspan(kHeadSize + kNonceSize)
                            .first(sealed.size() - kHeadSize - kNonceSize - kTagSize);
    std::string text(cipher.size(), '\0');
    int size = 0;
    require(EVP_CipherUpdate(context.get(), reinterpret_cast<uint8_t*>(text.data()), &size,
                             cipher.data(), static_cast<int>(cipher.size())) == 1);
    std::array<uint8_t, kTagSize> tag{};
    std::ranges::copy(sealed.last(kTagSize), tag.begin());
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()) == 1);
    if (EVP_CipherFinal_ex(context.get(), reinterpret_cast<uint8_t*>(text.data()) + size, &size) ==
        1) {
        return text;
    }
    wipe(text);
    return base::fail("the sealed key was changed, or is that of another zone",
                      "restore it from a backup of the database");
}

}  // namespace nearcast::dnssec
