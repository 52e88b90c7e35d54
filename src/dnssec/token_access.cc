// SPDX-License-Identifier: Apache-2.0

// OpenSSL's engine uses keys in tokens and makes none: that is done by PKCS#11 itself, the version
// 2.40 of it.

#include "dnssec/token_access.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include "dns/encoding.h"
#include "dnssec/private_key.h"

namespace nearcast::dnssec {
namespace {

using base::Result;

// The DER of the curves' object identifiers.
constexpr std::array<uint8_t, 10> kP256{0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
constexpr std::array<uint8_t, 7> kP384{0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22};
constexpr std::array<uint8_t, 3> kRsaExponent{0x01, 0x00, 0x01};

// Of a token's label, padded with spaces.
constexpr size_t kLabelSize = 32;

std::unexpected<base::Error> fail_token(const std::string& what, CK_RV code) {
    std::string hex;
    const std::array<uint8_t, 2> bytes{static_cast<uint8_t>(code >> 8), static_cast<uint8_t>(code)};
    dns::append_hex(bytes, hex);
    return base::fail(what + ": PKCS#11 error 0x" + hex, "look at the token with pkcs11-tool");
}

std::string percent_encoded(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (is_plain) {
            encoded += c;
            continue;
        }
        encoded += '%';
        dns::append_hex(std::array{static_cast<uint8_t>(c)}, encoded);
    }
    return encoded;
}

// Open once and kept to the end of the process: the engine has it too.
Result<CK_FUNCTION_LIST*> open_module(const std::string& path) {
    void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    const auto get_list =
        library == nullptr
            ? nullptr
            : reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
    CK_FUNCTION_LIST* functions = nullptr;
    if (get_list == nullptr || get_list(&functions) != CKR_OK) {
        return base::fail("cannot use the token library " + path,
                          "the file of a PKCS#11 library, such as libsofthsm2.so");
    }
    CK_C_INITIALIZE_ARGS arguments{};
    arguments.flags = CKF_OS_LOCKING_OK;
    const CK_RV code = functions->C_Initialize(&arguments);
    if (code != CKR_OK && code != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        return fail_token("cannot use the token library " + path, code);
    }
    return functions;
}

Result<std::string> read_pin(const std::string& path) {
    std::ifstream file(path);
    std::string pin;
    if (!std::getline(file, pin)) return base::fail_errno("cannot read a PIN from " + path, errno);
    return pin;
}

Result<CK_SLOT_ID> find_slot(CK_FUNCTION_LIST& functions, const std::string& label) {
    const auto none =
        base::fail("there is no token with the label " + label, "pkcs11-tool --list-token-slots");
    CK_ULONG count = 0;
    if (functions.C_GetSlotList(CK_TRUE, nullptr, &count) != CKR_OK) return none;
    std::vector<CK_SLOT_ID> slots(count);
    if (functions.C_GetSlotList(CK_TRUE, slots.data(), &count) != CKR_OK) return none;
    slots.resize(count);
    for (const CK_SLOT_ID slot : slots) {
        CK_TOKEN_INFO info{};
        if (functions.C_GetTokenInfo(slot, &info) != CKR_OK) continue;
        std::string_view found(reinterpret_cast<const char*>(info.label), kLabelSize);
        found.remove_suffix(found.size() - (found.find_last_not_of(' ') + 1));
        if (found == label) return slot;
    }
    return none;
}

class TokenSession {
 public:
    TokenSession() = default;
    TokenSession(const TokenSession&) = delete;
    TokenSession& operator=(const TokenSession&) = delete;
    // Logs nobody out: that would be the engine's sessions too.
    ~TokenSession() {
        if (session_) functions_->C_CloseSession(*session_);
    }

    Result<void> open(const TokenAccess& token);
    Result<void> make(Algorithm algorithm, const std::string& label);

 private:
    CK_FUNCTION_LIST* functions_ = nullptr;
    std::optional<CK_SESSION_HANDLE> session_;
};

Result<void> TokenSession::open(const TokenAccess& token) {
    const auto functions = open_module(token.module);
    if (!functions) return std::unexpected(functions.error());
    functions_ = *functions;
    auto pin = read_pin(token.pin_file);
    if (!pin) return std::unexpected(pin.error());
    const auto slot = find_slot(*functions_, token.label);
    if (!slot) return std::unexpected(slot.error());
    CK_SESSION_HANDLE session = 0;
    CK_RV code = functions_->C_OpenSession(*slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                           nullptr, &session);
    if (code != CKR_OK) return fail_token("cannot open the token " + token.label, code);
    session_ = session;
    code = functions_->C_Login(session, CKU_USER, reinterpret_cast<CK_UTF8CHAR*>(pin->data()),
                               pin->size());
    if (code != CKR_OK && code != CKR_USER_ALREADY_LOGGED_IN) {
        return fail_token("cannot log in to the token " + token.label, code);
    }
    return {};
}

template <typename T>
CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, T& value) {
    return {type, &value, sizeof(value)};
}

// PKCS#11 takes what it only reads by pointers to what is not const.
CK_ATTRIBUTE bytes_attribute(CK_ATTRIBUTE_TYPE type, std::span<const uint8_t> bytes) {
    return {type, const_cast<uint8_t*>(bytes.data()), bytes.size()};
}

Result<void> TokenSession::make(Algorithm algorithm, const std::string& label) {
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_ULONG bits = kRsaBits;
    const std::span name(reinterpret_cast<const uint8_t*>(label.data()), label.size());
    std::vector<CK_ATTRIBUTE> shared{attribute(CKA_TOKEN, yes), bytes_attribute(CKA_LABEL, name),
                                     bytes_attribute(CKA_ID, name)};
    std::vector<CK_ATTRIBUTE> open = shared;
    open.push_back(attribute(CKA_VERIFY, yes));
    CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
    if (is_rsa(algorithm)) {
        mechanism.mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN;
        open.push_back(attribute(CKA_MODULUS_BITS, bits));
        open.push_back(bytes_attribute(CKA_PUBLIC_EXPONENT, kRsaExponent));
    } else if (algorithm == Algorithm::EcdsaP256Sha256) {
        open.push_back(bytes_attribute(CKA_EC_PARAMS, kP256));
    } else if (algorithm == Algorithm::EcdsaP384Sha384) {
        open.push_back(bytes_attribute(CKA_EC_PARAMS, kP384));
    } else {
        return base::fail("keys of " + std::string(to_text(algorithm)) + " cannot be in a token",
                          "ECDSAP256SHA256");
    }
    std::vector<CK_ATTRIBUTE> secret = std::move(shared);
    secret.push_back(attribute(CKA_PRIVATE, yes));
    secret.push_back(attribute(CKA_SENSITIVE, yes));
    secret.push_back(attribute(CKA_EXTRACTABLE, no));
    secret.push_back(attribute(CKA_SIGN, yes));
    CK_OBJECT_HANDLE public_key = 0;
    CK_OBJECT_HANDLE private_key = 0;
    const CK_RV code =
        functions_->C_GenerateKeyPair(*session_, &mechanism, open.data(), open.size(),
                                      secret.data(), secret.size(), &public_key, &private_key);
    return code == CKR_OK ? Result<void>() : fail_token("the token made no key", code);
}

// What keys of an algorithm need: to be made, as large as they are, and what the engine signs with.
struct Need {
    Algorithm algorithm;
    CK_MECHANISM_TYPE makes;
    CK_MECHANISM_TYPE signs;
    CK_ULONG bits;
};
constexpr std::array kNeeds{
    Need{Algorithm::RsaSha256, CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS, kRsaBits},
    Need{Algorithm::RsaSha512, CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS, kRsaBits},
    Need{Algorithm::EcdsaP256Sha256, CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, 256},
    Need{Algorithm::EcdsaP384Sha384, CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, 384}};

class Mechanisms {
 public:
    Mechanisms(CK_FUNCTION_LIST& functions, CK_SLOT_ID slot) : functions_(functions), slot_(slot) {}

    Result<void> read();
    [[nodiscard]] bool has(CK_MECHANISM_TYPE mechanism, CK_ULONG bits) const;

 private:
    CK_FUNCTION_LIST& functions_;
    CK_SLOT_ID slot_;
    std::vector<CK_MECHANISM_TYPE> listed_;
};

Result<void> Mechanisms::read() {
    CK_ULONG count = 0;
    CK_RV code = functions_.C_GetMechanismList(slot_, nullptr, &count);
    listed_.resize(count);
    if (code == CKR_OK) code = functions_.C_GetMechanismList(slot_, listed_.data(), &count);
    if (code != CKR_OK) return fail_token("the token does not tell what it can", code);
    listed_.resize(count);
    return {};
}

bool Mechanisms::has(CK_MECHANISM_TYPE mechanism, CK_ULONG bits) const {
    if (std::ranges::find(listed_, mechanism) == listed_.end()) return false;
    CK_MECHANISM_INFO info{};
    return functions_.C_GetMechanismInfo(slot_, mechanism, &info) == CKR_OK &&
           info.ulMinKeySize <= bits && bits <= info.ulMaxKeySize;
}

Result<std::vector<Algorithm>> algorithms_of(const TokenAccess& token) {
    const auto functions = open_module(token.module);
    if (!functions) return std::unexpected(functions.error());
    const auto slot = find_slot(**functions, token.label);
    if (!slot) return std::unexpected(slot.error());
    Mechanisms mechanisms(**functions, *slot);
    if (auto done = mechanisms.read(); !done) return std::unexpected(done.error());
    std::vector<Algorithm> algorithms;
    for (const Need& need : kNeeds) {
        const bool is_held =
            mechanisms.has(need.makes, need.bits) && mechanisms.has(need.signs, need.bits);
        if (is_held) algorithms.push_back(need.algorithm);
    }
    return algorithms;
}

}  // namespace

Result<std::string> TokenAccess::uri(const std::string& key_label) const {
    const auto pin = read_pin(pin_file);
    if (!pin) return pin;
    return "pkcs11:token=" + percent_encoded(label) + ";object=" + percent_encoded(key_label) +
           ";type=private;pin-value=" + percent_encoded(*pin);
}

Result<void> make_token_key(const TokenAccess& token, Algorithm algorithm,
                            const std::string& key_label) {
    TokenSession session;
    if (auto done = session.open(token); !done) return done;
    return session.make(algorithm, key_label);
}

std::optional<base::Error> refusal_by(const TokenAccess& token, Algorithm algorithm) {
    if (!token.is_there()) return std::nullopt;
    const auto held = algorithms_of(token);
    if (!held || std::ranges::find(*held, algorithm) != held->end()) return std::nullopt;
    std::string others;
    for (const Algorithm each : *held) {
        others += (others.empty() ? "" : ", ") + std::string(to_text(each));
    }
    return base::Error{
        "keys of " + std::string(to_text(algorithm)) + " cannot be in the token " + token.label,
        others.empty() ? "another token" : others};
}

}  // namespace nearcast::dnssec
