// SPDX-License-Identifier: Apache-2.0

// What the data of records says: mailboxes, timers, names of hosts, policies. All of it is served
// as it stands, so that nothing here is an error.

#include <algorithm>
#include <array>

#include "base/address.h"
#include "base/bytes.h"
#include "dns/ascii.h"
#include "dns/rdata.h"
#include "dns/typed_name.h"
#include "zone/zone_check.h"

namespace nearcast::zone {
namespace {

using dns::RRType;
using Datum = ZoneDraft::Datum;
using Node = ZoneDraft::Node;
using Set = ZoneDraft::Set;

// As far as a chain of aliases is followed: more than any resolver does.
constexpr int kAliasesMax = 20;
// The longest that a negative answer should be kept (RFC 2308 §5).
constexpr uint32_t kNegativeTtlMax = 86400;

constexpr auto kHostNameBytes = [] {
    std::array<bool, 256> good{};
    for (const char* byte = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
         *byte != 0; ++byte) {
        good[static_cast<uint8_t>(*byte)] = true;
    }
    return good;
}();

// Letters, digits and hyphens, none of these first or last (RFC 1123 §2.1); a wildcard in front.
bool is_host_name(std::span<const uint8_t> name) {
    size_t at = name[0] == 1 && name[1] == '*' ? 2 : 0;
    for (; name[at] != 0; at += name[at] + 1U) {
        const auto label = name.subspan(at + 1, name[at]);
        if (label.front() == '-' || label.back() == '-') return false;
        if (!std::ranges::all_of(label, [](uint8_t byte) { return kHostNameBytes[byte]; })) {
            return false;
        }
    }
    return true;
}

// The first strings of a TXT are the version of an SPF policy (RFC 7208 §4.5).
bool is_spf(std::span<const uint8_t> rdata) {
    constexpr std::string_view kVersion = "v=spf1";
    if (rdata.size() <= kVersion.size() || rdata[0] < kVersion.size()) return false;
    const bool is_version = std::ranges::equal(rdata.subspan(1, kVersion.size()), kVersion);
    return is_version && (rdata[0] == kVersion.size() || rdata[kVersion.size() + 1] == ' ');
}

class RecordChecker {
 public:
    RecordChecker(const ZoneDraft& draft, Findings& findings)
        : draft_(draft), findings_(findings) {}

    void run();

 private:
    void check_set(const Node& node, const Set& set);
    void check_names(const Node& node, const Set& set);
    void check_soa(const Node& node, const Datum& soa);
    void check_timers(const Datum& soa, std::span<const uint8_t> numbers);
    void check_owner(const Node& node, const Set& set);
    void check_hosts(const Node& node, const Set& set);
    void check_alias_chain(const Node& node, const Set& set);
    void check_null_mx(const Node& node, const Set& set);
    void check_spf(const Node& node);
    void check_service(const Node& node, const Set& set);
    void check_child_keys(const Node& node, const Set& set);

    [[nodiscard]] std::string text(const Node& node) const {
        return dns::to_text(draft_.name(node));
    }

    const ZoneDraft& draft_;
    Findings& findings_;
};

// What a signer made of the names that there are says nothing new of them.
void RecordChecker::check_names(const Node& node, const Set& set) {
    if (set.type == RRType::RRSIG || set.type == RRType::NSEC) return;
    const auto apex = draft_.name(draft_.nodes().front());
    for (const Datum& datum : set.records()) {
        const auto rdata = draft_.rdata(datum);
        dns::RdataNames names(set.type, rdata);
        for (dns::RdataName place; names.next(place);) {
            const auto name = rdata.subspan(place.offset, place.size);
            if (!dns::repeats_zone(name, apex)) continue;
            findings_.warn("zone-repeated", datum.source,
                           dns::to_text(set.type) + " of " + text(node) + " names " +
                               dns::to_text(name) + ", which has the name of the zone twice",
                           kRepeatedHint);
            break;
        }
    }
}

void RecordChecker::check_soa(const Node& node, const Datum& soa) {
    const auto rdata = draft_.rdata(soa);
    dns::RdataNames names(RRType::SOA, rdata);
    dns::RdataName primary;
    dns::RdataName mailbox;
    if (!names.next(primary) || !names.next(mailbox)) return;
    const auto mailbox_name = rdata.subspan(mailbox.offset, mailbox.size);
    if (std::ranges::find(mailbox_name, '@') != mailbox_name.end()) {
        findings_.warn("soa-mailbox", soa.source,
                       "the mailbox of " + text(node) + " has an @: " + dns::to_text(mailbox_name),
                       "write hostmaster.example.org. for hostmaster@example.org");
    }
    const HashedName primary_name(rdata.subspan(primary.offset, primary.size));
    const uint32_t number =
        draft_.is_in_zone(primary_name) ? draft_.find_node(primary_name) : ZoneDraft::kNone;
    if (number != ZoneDraft::kNone && draft_.find(draft_.nodes()[number], RRType::CNAME)) {
        findings_.warn(
            "soa-primary-is-alias", soa.source,
            "the primary that the SOA names, " + dns::to_text(primary_name.wire()) + ", is a CNAME",
            "name the host that the CNAME leads to");
    }
    check_timers(soa, rdata.last(20));
}

void RecordChecker::check_timers(const Datum& soa, std::span<const uint8_t> numbers) {
    const uint32_t refresh = base::load_u32(&numbers[4]);
    const uint32_t retry = base::load_u32(&numbers[8]);
    const uint32_t expire = base::load_u32(&numbers[12]);
    const uint32_t minimum = base::load_u32(&numbers[16]);
    const auto told = [](const char* name, uint32_t value) {
        return std::string(name) + " (" + std::to_string(value) + ")";
    };
    if (retry > refresh) {
        findings_.warn(
            "soa-timers", soa.source,
            "the SOA's " + told("retry", retry) + " is longer than its " + told("refresh", refresh),
            "7200 900 1209600 300");
    }
    if (expire < uint64_t{refresh} + retry) {
        findings_.warn(
            "soa-timers", soa.source,
            "the SOA's " + told("expire", expire) + " is over before a secondary has asked twice",
            "7200 900 1209600 300");
    }
    if (minimum > kNegativeTtlMax) {
        findings_.warn(
            "soa-timers", soa.source,
            "the SOA's " + told("minimum", minimum) + " keeps names unknown for more than a day",
            "7200 900 1209600 300");
    }
}

void RecordChecker::check_owner(const Node& node, const Set& set) {
    if (is_host_name(draft_.name(node))) return;
    findings_.warn("host-name", set.source(),
                   text(node) + " has addresses and is no name of a host",
                   "letters, digits and hyphens (RFC 1123, section 2.1)");
}

void RecordChecker::check_hosts(const Node& node, const Set& set) {
    for (const Datum& datum : set.records()) {
        const auto rdata = draft_.rdata(datum);
        dns::RdataNames names(set.type, rdata);
        dns::RdataName place;
        if (!names.next(place)) continue;
        const auto host = rdata.subspan(place.offset, place.size);
        const std::string what =
            dns::to_text(set.type) + " of " + text(node) + " names " + dns::to_text(host);
        if (const std::string address = address_in_name(host); !address.empty()) {
            const char* const type = address.contains(':') ? " AAAA " : " A ";
            findings_.warn(
                "address-for-name", datum.source, what + ", which looks like an address",
                "name a host that has it, with a record such as: mail 3600 IN" + (type + address));
        } else if (!is_host_name(host)) {
            findings_.warn("host-name", datum.source, what + ", which is no name of a host",
                           "letters, digits and hyphens (RFC 1123, section 2.1)");
        }
    }
}

void RecordChecker::check_alias_chain(const Node& node, const Set& set) {
    const Set* alias = &set;
    const Node* at = &node;
    for (int step = 0; step < kAliasesMax; ++step) {
        const HashedName target(draft_.rdata(alias->records().front()));
        const uint32_t number =
            draft_.is_in_zone(target) ? draft_.find_node(target) : ZoneDraft::kNone;
        if (number == ZoneDraft::kNone) return;
        at = &draft_.nodes()[number];
        if (at == &node) {
            findings_.warn("alias-loop", set.source(),
                           text(node) + " is an alias that leads back to itself",
                           "let one of the CNAMEs name a host");
            return;
        }
        alias = draft_.find(*at, RRType::CNAME);
        if (alias == nullptr) return;
    }
}

void RecordChecker::check_null_mx(const Node& node, const Set& set) {
    if (set.records().size() < 2) return;
    for (const Datum& datum : set.records()) {
        if (draft_.rdata(datum).size() != 3) continue;  // A preference and the root.
        findings_.warn("null-mx", datum.source,
                       text(node) + " says that it takes no mail, and names a server for it",
                       "keep MX 0 . alone, or remove it (RFC 7505, section 3)");
    }
}

void RecordChecker::check_spf(const Node& node) {
    const Set* const spf = draft_.find(node, RRType::SPF);
    const Set* const txt = draft_.find(node, RRType::TXT);
    std::vector<const Datum*> policies;
    if (txt != nullptr) {
        for (const Datum& datum : txt->records()) {
            if (is_spf(draft_.rdata(datum))) policies.push_back(&datum);
        }
    }
    if (spf != nullptr && policies.empty()) {
        findings_.warn("spf-type", spf->source(),
                       text(node) + " has an SPF record, which nobody asks for any more",
                       "write it as TXT (RFC 7208, section 3.1)");
    }
    if (policies.size() > 1) {
        findings_.warn("spf-several", policies[1]->source,
                       text(node) + " has more than one SPF policy, so that none holds",
                       "make them one (RFC 7208, section 4.5)");
    }
}

// AliasMode (priority 0) stands alone and has no parameters (RFC 9460 §2.4.2).
void RecordChecker::check_service(const Node& node, const Set& set) {
    for (const Datum& datum : set.records()) {
        const auto rdata = draft_.rdata(datum);
        if (base::load_u16(rdata.data()) != 0) continue;
        if (rdata.size() > 2 + dns::name_size(rdata.subspan(2))) {
            findings_.warn("service-alias", datum.source,
                           text(node) + " has parameters beside an alias, which nobody reads",
                           "remove them, or give a priority above 0 (RFC 9460, section 2.4.2)");
        }
        if (set.records().size() > 1) {
            findings_.warn("service-alias", datum.source,
                           text(node) + " has an alias beside other " + dns::to_text(set.type) +
                               " records, which are then not read",
                           "keep the alias alone (RFC 9460, section 2.4.1)");
        }
    }
}

// CDS and CDNSKEY: at the apex, beside keys; the form that asks for removal alone (RFC 8078 §4).
void RecordChecker::check_child_keys(const Node& node, const Set& set) {
    const std::string type = dns::to_text(set.type);
    if ((node.flags & kApex) == 0) {
        findings_.warn("child-keys", set.source(),
                       text(node) + " has " + type + " records and is not the apex",
                       "they speak to the parent for a whole zone (RFC 7344, section 4.1)");
        return;
    }
    const auto is_removal = [&](const Datum& datum) {
        const size_t algorithm_at = set.type == RRType::CDS ? 2 : 3;
        return draft_.rdata(datum)[algorithm_at] == 0;
    };
    const auto removals = std::ranges::count_if(set.records(), is_removal);
    if (removals > 0 && set.records().size() > 1) {
        findings_.warn("child-keys", set.source(),
                       type + " asks the parent both for DS records and for none",
                       "keep one of the two (RFC 8078, section 4)");
    }
    if (removals == 0 && draft_.find(node, RRType::DNSKEY) == nullptr) {
        findings_.warn("child-keys", set.source(),
                       type + " asks the parent to trust keys, and the zone has no DNSKEY",
                       "add the keys, or remove the " + type + " records");
    }
}

void RecordChecker::check_set(const Node& node, const Set& set) {
    check_names(node, set);
    switch (set.type) {
        case RRType::SOA:
            return check_soa(node, set.records().front());
        case RRType::A:
        case RRType::AAAA:
            return check_owner(node, set);
        case RRType::MX:
            check_null_mx(node, set);
            return check_hosts(node, set);
        case RRType::NS:
        case RRType::SRV:
            return check_hosts(node, set);
        case RRType::CNAME:
            return check_alias_chain(node, set);
        case RRType::SVCB:
        case RRType::HTTPS:
            return check_service(node, set);
        case RRType::CDS:
        case RRType::CDNSKEY:
            return check_child_keys(node, set);
        default:
            return;
    }
}

void RecordChecker::run() {
    for (const Node& node : draft_.nodes()) {
        if ((node.flags & kOccluded) != 0) continue;
        for (const Set& set : draft_.sets(node)) check_set(node, set);
        check_spf(node);
    }
}

}  // namespace

// Four labels of digits in front, or one label that an IPv6 address is.
std::string address_in_name(std::span<const uint8_t> name) {
    const auto first = name.subspan(1, name[0]);
    if (std::ranges::find(first, ':') != first.end()) {
        std::string text(first.begin(), first.end());
        return base::parse_ip_address(text) ? text : std::string();
    }
    std::string text;
    size_t at = 0;
    for (int label = 0; label < 4; ++label, at += name[at] + 1U) {
        const auto bytes = name.subspan(at + 1, name[at]);
        if (bytes.empty() || bytes.size() > 3 || !std::ranges::all_of(bytes, dns::is_digit)) {
            return {};
        }
        if (label > 0) text += '.';
        text.append(bytes.begin(), bytes.end());
    }
    return text;
}

void check_records(const ZoneDraft& draft, Findings& findings) {
    RecordChecker(draft, findings).run();
}

}  // namespace nearcast::zone
