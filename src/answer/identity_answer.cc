// SPDX-License-Identifier: Apache-2.0

#include "answer/identity_answer.h"

namespace nearcast::answer {
namespace {

// Names of machines are shorter; the bound keeps OPT within what every client takes.
constexpr size_t kTextMax = 64;

std::string character_string(const std::string& text) {
    const std::string clipped = text.substr(0, kTextMax);
    return static_cast<char>(clipped.size()) + clipped;
}

std::string full_name(const Identity& identity) {
    return identity.pop.empty() ? identity.node : identity.node + "." + identity.pop;
}

std::span<const uint8_t> bytes_of(const std::string& text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

bool is_wire(std::span<const uint8_t> name, std::string_view wire) {
    return dns::equal_ignoring_case(
        name, {reinterpret_cast<const uint8_t*>(wire.data()), wire.size() + 1});
}

}  // namespace

IdentityAnswer::IdentityAnswer(const Identity& identity)
    : server_(character_string(full_name(identity))),
      host_(character_string(identity.node)),
      version_(character_string(identity.version)) {}

std::span<const uint8_t> IdentityAnswer::nsid() const { return bytes_of(server_).subspan(1); }

const std::string* IdentityAnswer::text_for(std::span<const uint8_t> name) const {
    if (is_wire(name, "\2id\6server")) return &server_;
    if (is_wire(name, "\10hostname\4bind")) return &host_;
    if (is_wire(name, "\7version\6server")) return &version_;
    if (is_wire(name, "\7version\4bind")) return &version_;
    return nullptr;
}

Outcome IdentityAnswer::answer(const dns::Query& query, std::span<const uint8_t> qname,
                               ResponseWriter& writer) const {
    const std::string* const text = text_for(qname);
    const bool is_text = query.qtype == dns::RRType::TXT || query.qtype == dns::RRType::ANY;
    if (text == nullptr || !is_text) {
        return {.rcode = dns::Rcode::Refused, .reason = dns::ExtendedError::NotAuthoritative};
    }
    const Owner owner{dns::kHeaderSize, qname};
    const RecordHead head{dns::RRType::TXT, dns::RRClass::CH, 0};
    Outcome outcome;
    outcome.is_authoritative = true;
    outcome.is_truncated = !writer.add_record(Section::Answer, owner, head, bytes_of(*text));
    return outcome;
}

}  // namespace nearcast::answer
