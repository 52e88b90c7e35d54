// SPDX-License-Identifier: Apache-2.0

#include "transfer/catalog.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "dns/encoding.h"
#include "dns/record.h"
#include "dnssec/nsec3.h"
#include "zone/draft.h"
#include "zone/image_builder.h"
#include "zone/image_records.h"

namespace nearcast::transfer {
namespace {

using base::Result;
using dns::RRType;
using zone::RecordView;

constexpr std::string_view kVersion = "2";
// Things told of one catalog, at most: a wrong one need not fill the log.
constexpr size_t kIgnoredMax = 20;
// A property has at most this many labels in front of that of its member: serial.nearcast.ext.
constexpr size_t kPropertyLabelsMax = 3;

// The SOA of a catalog: nobody asks it for names, so only the timers matter. A node that lost its
// primaries keeps its list for as long as its zones (RFC 9432 §4.1 leaves them to us).
constexpr uint32_t kRefresh = 3600;
constexpr uint32_t kRetry = 600;
constexpr uint32_t kExpire = 2'419'200;

// The labels of `owner` in front of `apex`, in lower case, the one next to the apex first.
std::vector<std::string> labels_below(std::span<const uint8_t> owner, const dns::Name& apex) {
    std::vector<std::string> labels;
    const size_t own_size = owner.size() - apex.wire().size();
    for (size_t at = 0; at < own_size; at += owner[at] + 1U) {
        std::string label;
        for (const uint8_t byte : owner.subspan(at + 1, owner[at])) {
            label += static_cast<char>(dns::lower(byte));
        }
        labels.insert(labels.begin(), std::move(label));
    }
    return labels;
}

// The strings of a TXT record, one after the other.
std::string text_of(std::span<const uint8_t> rdata) {
    std::string text;
    for (size_t at = 0; at < rdata.size(); at += rdata[at] + 1U) {
        const auto string = rdata.subspan(at + 1, rdata[at]);
        text.append(string.begin(), string.end());
    }
    return text;
}

std::optional<uint32_t> serial_in(const std::string& text) {
    uint32_t serial = 0;
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, serial);
    return error == std::errc() && at == end ? std::optional(serial) : std::nullopt;
}

bool is_before(const CatalogMember& a, const CatalogMember& b) {
    return dns::canonical_order(a.zone.wire(), b.zone.wire()) < 0;
}

// Takes the records in canonical order: those of one member stand together.
class Reader {
 public:
    explicit Reader(const zone::Version& version)
        : version_(version), apex_(*dns::Name::from_wire(version.apex().owner())) {}

    Result<Catalog> read();

 private:
    struct Member {
        CatalogMember found;
        size_t zone_count = 0;  // PTR records.
        size_t coo_count = 0;
    };

    void take(std::vector<std::string> labels, const RecordView& record);
    void take_property(const std::vector<std::string>& path, const RecordView& record);
    Result<void> close_member();
    void keep_one_of_each();
    void ignore(const std::string& what);

    const zone::Version& version_;
    dns::Name apex_;
    Catalog catalog_;
    Member member_;
    std::vector<std::string> versions_;
};

void Reader::ignore(const std::string& what) {
    if (catalog_.ignored.size() < kIgnoredMax) catalog_.ignored.push_back(what);
}

Result<void> Reader::close_member() {
    const Member member = std::exchange(member_, {});
    if (member.zone_count == 0) return {};
    if (member.zone_count > 1 || member.coo_count > 1) {
        return base::fail("member " + dns::to_text(member.found.zone) + " of the catalog " +
                              dns::to_text(apex_) + " has several PTR records where one must be",
                          "repair the catalog where it is made; the list known so far stays");
    }
    if (member.found.zone == apex_) {
        ignore("the catalog lists itself");
    } else {
        catalog_.members.push_back(member.found);
    }
    if (catalog_.members.size() <= kCatalogMembersMax) return {};
    return base::fail("the catalog " + dns::to_text(apex_) + " has more than " +
                      std::to_string(kCatalogMembersMax) + " members");
}

void Reader::take_property(const std::vector<std::string>& path, const RecordView& record) {
    CatalogMember& found = member_.found;
    if (path.empty() && record.type == RRType::PTR) {
        ++member_.zone_count;
        found.zone = *dns::Name::from_wire(record.rdata);
    } else if (path == std::vector<std::string>{"coo"} && record.type == RRType::PTR) {
        ++member_.coo_count;
        found.coo = *dns::Name::from_wire(record.rdata);
    } else if (path == std::vector<std::string>{"group"} && record.type == RRType::TXT) {
        found.groups.push_back(text_of(record.rdata));
    } else if (path == std::vector<std::string>{"ext", "nearcast", "serial"} &&
               record.type == RRType::TXT) {
        found.serial = serial_in(text_of(record.rdata));
    }
}

// Whatever else stands in a catalog is ignored (§3).
void Reader::take(std::vector<std::string> labels, const RecordView& record) {
    if (labels == std::vector<std::string>{"version"} && record.type == RRType::TXT) {
        versions_.push_back(text_of(record.rdata));
    }
    if (labels.size() < 2 || labels.size() > 2 + kPropertyLabelsMax || labels[0] != "zones") return;
    member_.found.label = labels[1];
    labels.erase(labels.begin(), labels.begin() + 2);
    take_property(labels, record);
}

void Reader::keep_one_of_each() {
    auto& members = catalog_.members;
    std::ranges::stable_sort(members, is_before);
    const auto is_same = [this](const CatalogMember& a, const CatalogMember& b) {
        if (!(a.zone == b.zone)) return false;
        ignore(dns::to_text(a.zone) + " is listed twice, as " + a.label + " and " + b.label);
        return true;
    };
    members.erase(std::ranges::unique(members, is_same).begin(), members.end());
}

Result<Catalog> Reader::read() {
    zone::ImageRecords records(version_);
    RecordView record;
    while (records.next(record)) {
        std::vector<std::string> labels = labels_below(record.owner, apex_);
        const bool is_of_other = labels.size() < 2 || labels[1] != member_.found.label;
        if (is_of_other) {
            if (auto done = close_member(); !done) return std::unexpected(done.error());
        }
        take(std::move(labels), record);
    }
    if (auto done = close_member(); !done) return std::unexpected(done.error());
    if (versions_ != std::vector{std::string(kVersion)}) {
        return base::fail(dns::to_text(apex_) + " is no catalog of version 2: version." +
                              dns::to_text(apex_) + " must have one TXT record, \"2\"",
                          "look at what its primary makes; the list known so far stays");
    }
    keep_one_of_each();
    return std::move(catalog_);
}

// Adds the records of a catalog to a draft.
class Writer {
 public:
    explicit Writer(const dns::Name& apex) : apex_(apex), draft_(apex) {}

    void put_head(uint32_t serial);
    Result<void> put(const CatalogMember& member);
    Result<zone::ImageBlock> build() {
        draft_.arrange();
        return zone::build_image(draft_);
    }

 private:
    // False when the name would be too long.
    bool add(std::span<const std::string_view> labels, RRType type, std::vector<uint8_t> rdata);
    bool add_text(std::span<const std::string_view> labels, std::string_view text);

    dns::Name apex_;
    zone::ZoneDraft draft_;
};

bool Writer::add(std::span<const std::string_view> labels, RRType type,
                 std::vector<uint8_t> rdata) {
    dns::Record record{.owner = {}, .type = type, .rdata = std::move(rdata)};
    for (const std::string_view label : labels) {
        if (!record.owner.append(label)) return false;
    }
    return record.owner.append(apex_) && draft_.add(record, {});
}

bool Writer::add_text(std::span<const std::string_view> labels, std::string_view text) {
    std::vector<uint8_t> rdata;
    do {
        const std::string_view part = text.substr(0, UINT8_MAX);
        rdata.push_back(static_cast<uint8_t>(part.size()));
        rdata.insert(rdata.end(), part.begin(), part.end());
        text.remove_prefix(part.size());
    } while (!text.empty());
    return add(labels, RRType::TXT, std::move(rdata));
}

void Writer::put_head(uint32_t serial) {
    dns::Name nobody;  // RFC 9432 §4.1 recommends it for the NS, which nobody asks for.
    (void)nobody.append("invalid");
    const auto name = nobody.wire();
    std::vector<uint8_t> soa(name.begin(), name.end());
    soa.insert(soa.end(), name.begin(), name.end());
    for (const uint32_t value : {serial, kRefresh, kRetry, kExpire, uint32_t{0}}) {
        const size_t at = soa.size();
        soa.resize(at + sizeof value);
        base::store_u32(soa.data() + at, value);
    }
    (void)add({}, RRType::SOA, std::move(soa));
    (void)add({}, RRType::NS, {name.begin(), name.end()});
    (void)add_text(std::array<std::string_view, 1>{"version"}, kVersion);
}

Result<void> Writer::put(const CatalogMember& member) {
    using Labels = std::span<const std::string_view>;
    const std::array<std::string_view, 5> path{"serial", "nearcast", "ext", member.label, "zones"};
    const std::array<std::string_view, 3> group{"group", member.label, "zones"};
    const std::array<std::string_view, 3> coo{"coo", member.label, "zones"};
    const auto zone = member.zone.wire();
    bool fits = add(Labels(path).subspan(3, 2), RRType::PTR, {zone.begin(), zone.end()});
    for (const std::string& name : member.groups) fits &= add_text(group, name);
    if (member.coo) {
        const auto target = member.coo->wire();
        fits &= add(coo, RRType::PTR, {target.begin(), target.end()});
    }
    if (member.serial) fits &= add_text(Labels(path).first(5), std::to_string(*member.serial));
    if (fits) return {};
    return base::fail("the name of the catalog " + dns::to_text(apex_) + " is too long",
                      "names of members stand below it: leave 64 bytes for them");
}

}  // namespace

Result<Catalog> read_catalog(const zone::Version& version) { return Reader(version).read(); }

std::string catalog_label(const dns::Name& zone) {
    const dnssec::Nsec3Parameters plain{dnssec::kNsec3Sha1, 0, 0, {}};
    const dns::Name lowered = zone.lowered();
    std::string label;
    dns::append_base32hex(dnssec::nsec3_hash(plain, lowered.wire()), label);
    return label;
}

Result<zone::ImageBlock> build_catalog(const dns::Name& apex, uint32_t serial,
                                       std::span<const CatalogMember> members) {
    Writer writer(apex);
    writer.put_head(serial);
    for (const CatalogMember& member : members) {
        if (auto done = writer.put(member); !done) return std::unexpected(done.error());
    }
    return writer.build();
}

}  // namespace nearcast::transfer
