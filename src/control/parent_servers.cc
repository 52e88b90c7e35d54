// SPDX-License-Identifier: Apache-2.0

#include "control/parent_servers.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "dns/rdata.h"
#include "transfer/link.h"

namespace nearcast::control {
namespace {

using dns::RRType;

// A response to this very question.
bool answers(const dns::Response& response, uint16_t id, const dns::Question& question) {
    return response.header.id == id && response.questions.size() == 1 &&
           response.questions.front().name == question.name &&
           response.questions.front().type == question.type;
}

base::IpAddress address_in(const dns::Record& record) {
    base::IpAddress address{.bytes = {}, .is_v6 = record.type == RRType::AAAA};
    std::ranges::copy(record.rdata, address.bytes.begin());
    return address;
}

}  // namespace

std::optional<dns::Response> ParentServers::ask(const base::SocketAddress& server,
                                                const dns::Question& question,
                                                bool is_resolver) const {
    dns::QueryDraft draft;
    draft.id = base::random_u16();
    draft.qname = question.name;
    draft.qtype = question.type;
    draft.flags = is_resolver ? dns::kFlagRd : uint16_t{0};
    transfer::Link link(transfer::Link::Kind::Stream, server, is_stopping_);
    const base::Instant deadline = base::now() + limits_.answer;
    if (!link.write_frame(dns::build_query(draft), deadline)) return std::nullopt;
    const auto bytes = link.read_frame(deadline);
    if (!bytes) return std::nullopt;
    auto response = dns::read_response(*bytes);
    if (!response || !answers(*response, draft.id, question)) return std::nullopt;
    return *std::move(response);
}

std::optional<dns::Response> ParentServers::resolve(const dns::Question& question) const {
    for (const base::SocketAddress& resolver : resolvers_) {
        auto response = ask(resolver, question, true);
        const bool is_answer = response && (response->rcode == dns::Rcode::NoError ||
                                            response->rcode == dns::Rcode::NXDomain);
        if (is_answer) return response;
    }
    return std::nullopt;
}

// The nearest name above that has NS records of its own.
std::optional<ParentServers::Parent> ParentServers::find_parent(const dns::Name& zone) const {
    for (dns::Name name = zone; !name.is_root();) {
        name = name.parent();
        const auto response = resolve({.name = name, .type = RRType::NS});
        if (!response) return std::nullopt;
        Parent parent{.name = name, .servers = {}};
        for (const dns::Record& record : response->answer) {
            if (record.type != RRType::NS || !(record.owner == name)) continue;
            if (auto server = dns::Name::from_wire(record.rdata)) parent.servers.push_back(*server);
        }
        if (!parent.servers.empty()) return parent;
    }
    return std::nullopt;
}

bool ParentServers::add_addresses(const dns::Name& server,
                                  std::vector<base::SocketAddress>& to) const {
    size_t count = 0;
    bool is_complete = true;
    for (const RRType type : {RRType::A, RRType::AAAA}) {
        const auto response = resolve({.name = server, .type = type});
        is_complete &= response.has_value();
        if (!response) continue;
        for (const dns::Record& record : response->answer) {
            if (record.type != type) continue;  // An alias on the way.
            ++count;
            const base::SocketAddress address{address_in(record), limits_.port};
            if (std::ranges::find(to, address) == to.end()) to.push_back(address);
        }
    }
    return is_complete && count > 0;
}

std::optional<ParentServers::DsAnswer> ParentServers::ask_ds(const base::SocketAddress& server,
                                                             const dns::Name& zone,
                                                             const dns::Name& parent) const {
    const auto response = ask(server, {.name = zone, .type = RRType::DS}, false);
    if (!response || !response->is_authoritative() || response->rcode != dns::Rcode::NoError) {
        return std::nullopt;
    }
    DsAnswer answer;
    for (const dns::Record& record : response->answer) {
        if (record.type != RRType::DS || !(record.owner == zone)) continue;
        answer.set.push_back(record.rdata);
        answer.ttl = std::max(answer.ttl, record.ttl);
    }
    if (!answer.set.empty()) {
        std::ranges::sort(answer.set);
        return answer;
    }
    // That there is none counts only from the zone above: a server that has both zones may answer
    // with the SOA of the wrong one.
    for (const dns::Record& record : response->authority) {
        if (record.type != RRType::SOA || !(record.owner == parent)) continue;
        const uint32_t minimum = base::load_u32(record.rdata.data() + record.rdata.size() - 4);
        answer.ttl = std::min(record.ttl, minimum);
        return answer;
    }
    return std::nullopt;
}

std::optional<ParentAnswers> ParentServers::look(const dns::Name& zone) {
    const auto parent = find_parent(zone);
    if (!parent) return std::nullopt;
    ParentAnswers answers{.sets = {}, .ttl = 0, .is_complete = true};
    std::vector<base::SocketAddress> addresses;
    for (size_t i = 0; i < parent->servers.size() && !is_stopping_; ++i) {
        answers.is_complete &=
            i < limits_.servers_max && add_addresses(parent->servers[i], addresses);
    }
    for (size_t i = 0; i < addresses.size() && !is_stopping_; ++i) {
        const auto answer =
            i < limits_.addresses_max ? ask_ds(addresses[i], zone, parent->name) : std::nullopt;
        answers.is_complete &= answer.has_value();
        if (!answer) continue;
        answers.ttl = std::max(answers.ttl, answer->ttl);
        const bool is_known = std::ranges::find(answers.sets, answer->set) != answers.sets.end();
        if (!is_known) answers.sets.push_back(answer->set);
    }
    if (is_stopping_ || answers.sets.empty()) return std::nullopt;
    return answers;
}

}  // namespace nearcast::control
