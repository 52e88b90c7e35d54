// SPDX-License-Identifier: Apache-2.0

#include "tls/tls_session.h"

#include <algorithm>
#include <utility>

#include <openssl/x509v3.h>

#include "tls/openssl.h"

namespace nearcast::tls {
namespace {

struct NamesFreer {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

// Only what a CA looks at: the subject's common name is free text (RFC 9525 §2).
std::vector<std::string> dns_names(X509* certificate) {
    std::vector<std::string> found;
    const std::unique_ptr<GENERAL_NAMES, NamesFreer> names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type != GEN_DNS) continue;
        const auto* const text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.ia5));
        std::string lowered(text, static_cast<size_t>(ASN1_STRING_length(name->d.ia5)));
        std::ranges::transform(lowered, lowered.begin(), [](unsigned char letter) {
            return static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter + 32 : letter);
        });
        found.push_back(std::move(lowered));
    }
    return found;
}

bool has_selected_dot(const SSL* session) {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(session, &name, &size);
    return std::string_view(reinterpret_cast<const char*>(name), size) == "dot";
}

}  // namespace

void TlsSession::Freer::operator()(ssl_st* session) const { SSL_free(session); }

TlsSession::TlsSession(std::shared_ptr<const ContextState> context, Pointer session)
    : context_(std::move(context)), session_(std::move(session)) {}

TlsSession::TlsSession(TlsSession&&) noexcept = default;
TlsSession& TlsSession::operator=(TlsSession&&) noexcept = default;

TlsSession::~TlsSession() {
    if (session_) say_goodbye();
}

void TlsSession::say_goodbye() noexcept {
    if (is_broken_ || !is_established()) return;
    ERR_clear_error();
    SSL_shutdown(session_.get());
    ERR_clear_error();
}

Io TlsSession::shake_hands() noexcept {
    if (is_broken_) return {};
    ERR_clear_error();
    const int outcome = SSL_do_handshake(session_.get());
    return outcome == 1 ? Io{Io::State::Moved} : failed(outcome);
}

Io TlsSession::read(std::span<uint8_t> room) noexcept {
    if (is_broken_) return {};
    ERR_clear_error();
    size_t size = 0;
    const int outcome = SSL_read_ex(session_.get(), room.data(), room.size(), &size);
    return outcome == 1 ? Io{Io::State::Moved, size} : failed(outcome);
}

Io TlsSession::write(std::span<const uint8_t> bytes) noexcept {
    if (is_broken_) return {};
    ERR_clear_error();
    size_t size = 0;
    const int outcome = SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &size);
    return outcome == 1 ? Io{Io::State::Moved, size} : failed(outcome);
}

Io TlsSession::failed(int outcome) noexcept {
    switch (SSL_get_error(session_.get(), outcome)) {
        case SSL_ERROR_WANT_READ:
            return {Io::State::NeedsInput};
        case SSL_ERROR_WANT_WRITE:
            return {Io::State::NeedsOutput};
        case SSL_ERROR_ZERO_RETURN:
            // A peer that leaves before it is known has asked for nothing.
            if (is_established()) return {Io::State::Ended};
            [[fallthrough]];
        default:
            is_broken_ = true;
            error_ = ERR_peek_error();
            return {Io::State::Broken};
    }
}

bool TlsSession::is_established() const { return SSL_is_init_finished(session_.get()) == 1; }

// The first knows what is decrypted, the second what is not.
bool TlsSession::is_pending() const {
    return SSL_pending(session_.get()) > 0 || SSL_has_pending(session_.get()) == 1;
}

Peer TlsSession::peer() const {
    Peer peer;
    peer.is_fit_for_transfers =
        SSL_version(session_.get()) >= TLS1_3_VERSION && has_selected_dot(session_.get());
    X509* const certificate = SSL_get0_peer_certificate(session_.get());
    if (certificate == nullptr) return peer;
    peer.has_certificate = true;
    peer.pin = pin_of(certificate);
    if (SSL_get_verify_result(session_.get()) == X509_V_OK) peer.names = dns_names(certificate);
    return peer;
}

std::string TlsSession::problem() const {
    if (error_ == 0) return "the other side closed the connection, or the network did";
    const long verdict = SSL_get_verify_result(session_.get());
    std::string text = reason_of(error_);
    if (verdict != X509_V_OK && ERR_GET_REASON(error_) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        text += std::string(": ") + X509_verify_cert_error_string(verdict);
    }
    return text;
}

}  // namespace nearcast::tls
