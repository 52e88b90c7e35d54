// SPDX-License-Identifier: Apache-2.0

#include "tls/server_proof.h"

#include <utility>

#include <openssl/x509v3.h>

#include "base/address.h"
#include "tls/openssl.h"

namespace nearcast::tls {

using base::Result;

// The function that OpenSSL calls.
struct ServerProof::Verifier {
    static int verify(X509_STORE_CTX* chain, void* argument) {
        auto& proof = *static_cast<ServerProof*>(argument);
        if (is_proved(chain, proof.believes_cas_, proof.settings_.pins)) return 1;
        const int error = X509_STORE_CTX_get_error(chain);
        const bool is_pin = error == X509_V_ERR_CERT_UNTRUSTED && !proof.settings_.pins.empty();
        proof.refusal_ = Refusal{
            pin_of(X509_STORE_CTX_get0_cert(chain)),
            is_pin ? "its key is not the pinned one" : X509_verify_cert_error_string(error)};
        return 0;
    }
};

ServerProof::ServerProof(ClientSettings settings)
    : settings_(std::move(settings)),
      believes_cas_(settings_.pins.empty() || !settings_.ca.empty()) {}

Result<void> ServerProof::demand_of(ssl_ctx_st* context) {
    if (auto done = believe(context, believes_cas_, settings_.ca); !done) return done;
    X509_VERIFY_PARAM* const parameters = SSL_CTX_get0_param(context);
    const std::string& name = settings_.server_name;
    if (base::parse_ip_address(name)) {
        X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str());
    } else if (!name.empty()) {
        X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        X509_VERIFY_PARAM_set1_host(parameters, name.data(), name.size());
    }
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context, Verifier::verify, this);
    return {};
}

}  // namespace nearcast::tls
