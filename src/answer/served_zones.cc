// SPDX-License-Identifier: Apache-2.0

#include "answer/served_zones.h"

#include <charconv>
#include <sstream>

#include "zone/compile.h"

namespace nearcast::answer {
namespace {

constexpr std::string_view kSizeOption = "+size=";

void describe_section(const char* section, std::span<const dns::Record> records,
                      std::string& text) {
    for (const dns::Record& record : records) {
        text += std::string(section) + ": " + dns::to_text(record) + "\n";
    }
}

ResponderOptions options_for_tests() {
    ResponderOptions options;
    options.identity = {"sin", "node1", "Nearcast 0"};
    return options;
}

dns::Name name_of(std::string_view text) {
    const dns::Name root;
    return dns::parse_name(text, &root).value_or(dns::Name());
}

void take_word(const std::string& word, dns::QueryDraft& draft) {
    if (word == "+do") draft.dnssec_ok = true;
    if (word == "+noedns") draft.has_edns = false;
    if (word == "+rd") draft.flags |= dns::kFlagRd;
    if (word.starts_with(kSizeOption)) {
        (void)std::from_chars(word.data() + kSizeOption.size(), word.data() + word.size(),
                              draft.udp_payload);
    }
    if (word.starts_with('+')) return;
    if (const auto type = dns::parse_rr_type(word)) {
        draft.qtype = *type;
    } else if (const auto rr_class = dns::parse_rr_class(word)) {
        draft.qclass = *rr_class;
    }
}

}  // namespace

ServedZones::ServedZones() : ServedZones(options_for_tests()) {}

ServedZones::ServedZones(const ResponderOptions& options)
    : responder_(std::make_unique<Responder>(table_, options)) {}

std::string ServedZones::serve(std::string_view apex, std::string_view text) {
    zone::CompiledZone zone = zone::compile_zone_text(name_of(apex), text);
    std::string told;
    for (const zone::Diagnostic& diagnostic : zone.diagnostics) told += diagnostic.to_text() + "\n";
    if (zone.image) table_.publish(std::move(zone.image));
    return told;
}

std::vector<uint8_t> query_for(std::string_view question) {
    std::istringstream words{std::string(question)};
    std::string word;
    words >> word;
    dns::QueryDraft draft;
    draft.id = 0x1234;
    draft.qname = name_of(word);
    while (words >> word) take_word(word, draft);
    return dns::build_query(draft);
}

std::vector<uint8_t> ServedZones::send(std::span<const uint8_t> query, Transport transport,
                                       bool is_local) {
    Exchange exchange;
    exchange.transport = transport;
    exchange.is_local = is_local;
    return send(query, exchange);
}

std::vector<uint8_t> ServedZones::send(std::span<const uint8_t> query, Exchange exchange) {
    std::vector<uint8_t> room(dns::kMessageSizeMax);
    exchange.query = query;
    exchange.room = room;
    responder_->respond({&exchange, 1});
    room.resize(exchange.response_size);
    return room;
}

std::vector<uint8_t> ServedZones::ask_for_bytes(std::string_view question) {
    const bool is_tcp = question.find("+tcp") != std::string_view::npos;
    return send(query_for(question), is_tcp ? Transport::Tcp : Transport::Udp);
}

std::string ServedZones::ask(std::string_view question) {
    return describe(ask_for_bytes(question));
}

std::string describe(std::span<const uint8_t> response) {
    if (response.empty()) return "no response";
    const auto read = dns::read_response(response);
    if (!read) return read.error().message;
    std::string text = dns::to_text(read->rcode);
    if (read->is_authoritative()) text += " aa";
    if (read->is_truncated()) text += " tc";
    text += "\n";
    describe_section("answer", read->answer, text);
    describe_section("authority", read->authority, text);
    describe_section("additional", read->additional, text);
    return text;
}

}  // namespace nearcast::answer
