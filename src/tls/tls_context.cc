// SPDX-License-Identifier: Apache-2.0

#include "tls/tls_context.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <fstream>
#include <string_view>
#include <utility>

#include <openssl/x509v3.h>

#include "base/address.h"
#include "tls/openssl.h"

namespace nearcast::tls {
namespace {

using base::Result;

// Of what a client may show us. A chain of three is 4 KiB; the library's own bound is 100 KiB.
constexpr long kPeerChainSizeMax = 16 << 10;

// How long a ticket can resume a session, and with it what was proved about the client. Shorter
// than an operator's patience after he took somebody off a list; a reload ends all at once.
constexpr long kTicketLifetimeSeconds = 3600;

// Forward secrecy and authenticated encryption alone; TLS 1.3 has nothing else.
constexpr const char* kTls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

constexpr const char* kDot = "dot";  // RFC 7858, RFC 9103 §7.1.

// A passphrase would be asked for on a terminal that is not there.
int refuse_passphrase(char* /*room*/, int /*size*/, int /*is_write*/, void* /*argument*/) {
    return -1;
}

// As a list of one (RFC 7301 §3.1).
std::vector<unsigned char> protocol_list(const std::string& protocol) {
    std::vector<unsigned char> list{static_cast<unsigned char>(protocol.size())};
    list.insert(list.end(), protocol.begin(), protocol.end());
    return list;
}

// A client that names protocols, and not ours, wants something else (RFC 7301 §3.2).
int select_protocol(SSL* /*session*/, const unsigned char** selected, unsigned char* selected_size,
                    const unsigned char* offered, unsigned offered_size, void* argument) {
    const auto& ours = static_cast<const ContextState*>(argument)->protocols;
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, selected_size, ours.data(),
                              static_cast<unsigned>(ours.size()), offered,
                              offered_size) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *selected = found;
    return SSL_TLSEXT_ERR_OK;
}

// Of a client's certificate: the verdict is kept, and whoever has to know asks for it. A client
// that shows a certificate of somebody else's CA may still ask what anyone may.
int note_client(X509_STORE_CTX* chain, void* /*argument*/) {
    X509_verify_cert(chain);
    ERR_clear_error();
    return 1;
}

// Of a server's certificate: all that its profile says must hold.
int verify_server(X509_STORE_CTX* chain, void* argument) {
    const auto& state = *static_cast<const ContextState*>(argument);
    return is_proved(chain, state.believes_cas, state.pins) ? 1 : 0;
}

std::unexpected<base::Error> fail_openssl(const std::string& what, const std::string& hint) {
    return base::fail(what + ": " + reason_of(ERR_peek_last_error()), hint);
}

Result<void> check_readable(const std::string& path) {
    if (const std::ifstream file(path); !file) {
        auto failed = base::fail_errno("cannot read " + path, errno);
        failed.error().hint = "a PEM file that the user whom this program runs as can read";
        return failed;
    }
    return {};
}

int64_t seconds_of(const ASN1_TIME* moment) {
    std::tm time{};
    return ASN1_TIME_to_tm(moment, &time) == 1 ? timegm(&time) : 0;
}

std::string time_text(int64_t seconds) {
    const time_t time = seconds;
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

Result<void> use_own(ContextState& state, const std::string& certificate, const std::string& key) {
    SSL_CTX* const context = state.context.get();
    for (const std::string& path : {certificate, key}) {
        if (auto done = check_readable(path); !done) return done;
    }
    SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
        return fail_openssl(certificate + " has no certificate that can be used",
                            "a PEM file, the server's own certificate first");
    }
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
        return fail_openssl(key + " has no key for " + certificate,
                            "the PEM file of that certificate's key, without a passphrase");
    }
    const X509* const own = SSL_CTX_get0_certificate(context);
    state.certificate = certificate;
    state.begins_at = seconds_of(X509_get0_notBefore(own));
    state.expires_at = seconds_of(X509_get0_notAfter(own));
    return {};
}

Result<ContextState> begin(const SSL_METHOD* method, int lowest_version) {
    ContextState state;
    state.context.reset(SSL_CTX_new(method));
    SSL_CTX* const context = state.context.get();
    if (context == nullptr) return fail_openssl("TLS cannot be set up", "");
    SSL_CTX_set_min_proto_version(context, lowest_version);
    SSL_CTX_set_cipher_list(context, kTls12Ciphers);
    // DNS messages tell their own length: an end without a goodbye loses nothing unnoticed.
    SSL_CTX_set_options(
        context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION);
    // An idle session gives its 34 KiB of buffers back.
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(context, kPeerChainSizeMax);
    // One system call for many records: of a pipelining client each holds one query.
    SSL_CTX_set_read_ahead(context, 1);
    return state;
}

Result<void> ask_clients(ContextState& state, const std::string& ca) {
    SSL_CTX* const context = state.context.get();
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context, note_client, nullptr);
    if (ca.empty()) return {};
    if (auto done = believe(context, /*believes_cas=*/true, ca); !done) return done;
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(ca.c_str()));
    return {};
}

// The library's own macro for this casts as C does.
bool send_server_name(SSL* session, std::string name) {
    return SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    name.data()) == 1;
}

}  // namespace

Result<void> believe(SSL_CTX* context, bool believes_cas, const std::string& ca) {
    if (!believes_cas) return {};
    if (ca.empty()) {
        SSL_CTX_set_default_verify_paths(context);
        return {};
    }
    if (auto done = check_readable(ca); !done) return done;
    ERR_clear_error();
    if (SSL_CTX_load_verify_file(context, ca.c_str()) == 1) return {};
    return fail_openssl(ca + " has no certificates", "a PEM file with the certificate of the CA");
}

bool is_proved(X509_STORE_CTX* chain, bool believes_cas, const std::vector<SpkiPin>& pins) {
    if (believes_cas && X509_verify_cert(chain) != 1) return false;
    if (pins.empty()) return true;
    const SpkiPin pin = pin_of(X509_STORE_CTX_get0_cert(chain));
    if (std::ranges::find(pins, pin) != pins.end()) {
        X509_STORE_CTX_set_error(chain, X509_V_OK);
        return true;
    }
    X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_UNTRUSTED);
    return false;
}

TlsContext::TlsContext(std::shared_ptr<const ContextState> state) : state_(std::move(state)) {}

Result<TlsContext> TlsContext::for_server(const ServerSettings& settings) {
    auto state = begin(TLS_server_method(), TLS1_2_VERSION);
    if (!state) return std::unexpected(state.error());
    state->is_server = true;
    SSL_CTX* const context = state->context.get();
    if (auto done = use_own(*state, settings.certificate, settings.key); !done) {
        return std::unexpected(done.error());
    }
    if (settings.asks_clients) {
        if (auto done = ask_clients(*state, settings.client_ca); !done) {
            return std::unexpected(done.error());
        }
    }
    state->protocols = protocol_list(settings.protocol);
    // Tickets hold the state of a session, so that we need not: nothing is cached here.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(context, state->protocols.data(),
                                   static_cast<unsigned>(state->protocols.size()));
    SSL_CTX_set_timeout(context, kTicketLifetimeSeconds);
    SSL_CTX_set_num_tickets(context, 1);
    const auto shared = std::make_shared<ContextState>(*std::move(state));
    SSL_CTX_set_alpn_select_cb(context, select_protocol, shared.get());
    return TlsContext(shared);
}

Result<TlsContext> TlsContext::for_client(const ClientSettings& settings) {
    auto begun = begin(TLS_client_method(), TLS1_3_VERSION);
    if (!begun) return std::unexpected(begun.error());
    const auto state = std::make_shared<ContextState>(*std::move(begun));
    SSL_CTX* const context = state->context.get();
    state->server_name = settings.server_name;
    state->is_address = base::parse_ip_address(settings.server_name).has_value();
    state->pins = settings.pins;
    state->believes_cas = settings.pins.empty() || !settings.ca.empty();
    if (auto done = believe(context, state->believes_cas, settings.ca); !done) {
        return std::unexpected(done.error());
    }
    if (!settings.certificate.empty()) {
        if (auto done = use_own(*state, settings.certificate, settings.key); !done) {
            return std::unexpected(done.error());
        }
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context, verify_server, state.get());
    state->protocols = protocol_list(kDot);
    SSL_CTX_set_alpn_protos(context, state->protocols.data(),
                            static_cast<unsigned>(state->protocols.size()));
    return TlsContext(state);
}

Result<TlsSession> TlsContext::open_session(int socket) const {
    TlsSession::Pointer session(SSL_new(state_->context.get()));
    if (!session || SSL_set_fd(session.get(), socket) != 1) {
        return base::fail("no memory for a TLS session");
    }
    if (state_->is_server) {
        SSL_set_accept_state(session.get());
        return TlsSession(state_, std::move(session));
    }
    SSL_set_connect_state(session.get());
    const char* const name = state_->server_name.c_str();
    if (state_->is_address) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session.get()), name);
    } else if (!state_->server_name.empty()) {
        SSL_set_hostflags(session.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        if (SSL_set1_host(session.get(), name) != 1 ||
            !send_server_name(session.get(), state_->server_name)) {
            return base::fail("no memory for a TLS session");
        }
    }
    return TlsSession(state_, std::move(session));
}

int64_t TlsContext::expires_at() const { return state_->expires_at; }

std::optional<base::Error> TlsContext::untimely(std::chrono::seconds now) const {
    if (state_->certificate.empty()) return std::nullopt;
    if (now.count() > state_->expires_at) {
        return base::Error{state_->certificate + " has expired at " + time_text(state_->expires_at),
                           "renew it, and reload; or is the clock of this machine wrong?"};
    }
    if (now.count() < state_->begins_at) {
        return base::Error{
            state_->certificate + " is not valid before " + time_text(state_->begins_at),
            "one that is valid already; or is the clock of this machine wrong?"};
    }
    return std::nullopt;
}

}  // namespace nearcast::tls
