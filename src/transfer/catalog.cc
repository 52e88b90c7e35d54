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
#include "zone/hashed_name.h"
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

// Where the records of a member stand, below its label and from there on.
const std::array<std::vector<std::string>, 4> kPropertyPaths{
    {{}, {"coo"}, {"group"}, {"ext", "nearcast", "serial"}}};

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

// A member as its records tell it.
class Member {
 public:
    // What stands at `path` below its label, the first label next to that.
    void take(const std::vector<std::string>& path, const RecordView& record);
    [[nodiscard]] bool is_there() const { return zone_count_ > 0; }
    [[nodiscard]] bool is_broken() const { return zone_count_ > 1 || coo_count_ > 1; }

    CatalogMember found;

 private:
    size_t zone_count_ = 0;  // PTR records.
    size_t coo_count_ = 0;
};

void Member::take(const std::vector<std::string>& path, const RecordView& record) {
    if (path.empty() && record.type == RRType::PTR) {
        ++zone_count_;
        found.zone = *dns::Name::from_wire(record.rdata);
    } else if (path == std::vector<std::string>{"coo"} && record.type == RRType::PTR) {
        ++coo_count_;
        found.coo = *dns::Name::from_wire(record.rdata);
    } else if (path == std::vector<std::string>{"group"} && record.type == RRType::TXT) {
        found.groups.push_back(text_of(record.rdata));
    } else if (path == std::vector<std::string>{"ext", "nearcast", "serial"} &&
               record.type == RRType::TXT) {
        found.serial = serial_in(text_of(record.rdata));
    }
}

// Whether a record below those labels says something of a member, whose label is the second.
bool is_of_member(const std::vector<std::string>& labels) {
    return labels.size() >= 2 && labels.size() <= 2 + kPropertyLabelsMax && labels[0] == "zones";
}

// Takes the records in canonical order: those of one member stand together.
class Reader {
 public:
    explicit Reader(const zone::Version& version)
        : version_(version), apex_(*dns::Name::from_wire(version.apex().owner())) {}

    Result<Catalog> read();

 private:
    void take(std::vector<std::string> labels, const RecordView& record);
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
    if (!member.is_there()) return {};
    if (member.is_broken()) {
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

// Whatever else stands in a catalog is ignored (§3).
void Reader::take(std::vector<std::string> labels, const RecordView& record) {
    if (labels == std::vector<std::string>{"version"} && record.type == RRType::TXT) {
        versions_.push_back(text_of(record.rdata));
    }
    if (!is_of_member(labels)) return;
    member_.found.label = labels[1];
    labels.erase(labels.begin(), labels.begin() + 2);
    member_.take(labels, record);
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

// What the version says of the member with this label.
Member read_member(const zone::Version& version, const dns::Name& apex, const std::string& label) {
    Member member;
    member.found.label = label;
    for (const std::vector<std::string>& path : kPropertyPaths) {
        dns::Name owner;
        bool fits = true;
        for (auto part = path.rbegin(); part != path.rend(); ++part) fits &= owner.append(*part);
        fits = fits && owner.append(label) && owner.append("zones") && owner.append(apex);
        if (!fits) continue;
        const zone::HashedName hashed(owner.wire());
        zone::NodeRecords records(version.find(hashed.hash(0), hashed.suffix(0)));
        RecordView record;
        while (records.next(record)) member.take(path, record);
    }
    return member;
}

// The members that some changes have touched.
class Touched {
 public:
    explicit Touched(const dns::Name& apex) : apex_(apex) {}

    // False when they touch more than members.
    bool take(std::span<const uint8_t> records, bool is_removed) {
        zone::RecordSequence sequence(records);
        RecordView record;
        while (sequence.next(record)) {
            const auto path = labels_below(record.owner, apex_);
            if (path.empty() && record.type == RRType::SOA) continue;
            if (path.empty() || path[0] != "zones") return false;
            if (!is_of_member(path)) continue;
            difference.labels.insert(path[1]);
            if (!is_removed || path.size() > 2 || record.type != RRType::PTR) continue;
            difference.unlisted.push_back(*dns::Name::from_wire(record.rdata));
        }
        return true;
    }

    CatalogDifference difference;  // Without what is listed now.

 private:
    const dns::Name& apex_;
};

using Labels = std::span<const std::string_view>;

// Gathers records of a catalog; remembers whether a name did not fit.
class RecordList {
 public:
    explicit RecordList(const dns::Name& apex) : apex_(apex) {}

    void add(Labels labels, RRType type, std::vector<uint8_t> rdata);
    void add_name(Labels labels, RRType type, const dns::Name& name) {
        add(labels, type, {name.wire().begin(), name.wire().end()});
    }
    void add_text(Labels labels, std::string_view text);
    Result<std::vector<dns::Record>> take();

 private:
    dns::Name apex_;
    std::vector<dns::Record> records_;
    bool fits_ = true;
};

void RecordList::add(Labels labels, RRType type, std::vector<uint8_t> rdata) {
    dns::Record record{.owner = {}, .type = type, .rdata = std::move(rdata)};
    for (const std::string_view label : labels) fits_ = fits_ && record.owner.append(label);
    fits_ = fits_ && record.owner.append(apex_);
    records_.push_back(std::move(record));
}

void RecordList::add_text(Labels labels, std::string_view text) {
    std::vector<uint8_t> rdata;
    do {
        const std::string_view part = text.substr(0, UINT8_MAX);
        rdata.push_back(static_cast<uint8_t>(part.size()));
        rdata.insert(rdata.end(), part.begin(), part.end());
        text.remove_prefix(part.size());
    } while (!text.empty());
    add(labels, RRType::TXT, std::move(rdata));
}

Result<std::vector<dns::Record>> RecordList::take() {
    if (fits_) return std::move(records_);
    return base::fail("the name of the catalog " + dns::to_text(apex_) + " is too long",
                      "names of members stand below it: leave 64 bytes for them");
}

// RFC 9432 §4.1 recommends it for the NS, which nobody asks for.
dns::Name nobody() {
    dns::Name name;
    (void)name.append("invalid");
    return name;
}

}  // namespace

Result<Catalog> read_catalog(const zone::Version& version) { return Reader(version).read(); }

std::optional<CatalogDifference> read_difference(const zone::Version& version,
                                                 std::span<const zone::Changeset> changes) {
    const dns::Name apex = *dns::Name::from_wire(version.apex().owner());
    Touched touched(apex);
    for (const zone::Changeset& each : changes) {
        if (!touched.take(each.removed(), true) || !touched.take(each.added(), false)) {
            return std::nullopt;
        }
    }
    CatalogDifference difference = std::move(touched.difference);
    for (const std::string& label : difference.labels) {
        Member member = read_member(version, apex, label);
        if (member.is_broken() || member.found.zone == apex) return std::nullopt;
        if (member.is_there()) difference.listed.push_back(std::move(member.found));
    }
    return difference;
}

std::string catalog_label(const dns::Name& zone) {
    const dnssec::Nsec3Parameters plain{dnssec::kNsec3Sha1, 0, 0, {}};
    const dns::Name lowered = zone.lowered();
    std::string label;
    dns::append_base32hex(dnssec::nsec3_hash(plain, lowered.wire()), label);
    return label;
}

dns::Record catalog_soa(const dns::Name& catalog, uint32_t serial) {
    const dns::Name name = nobody();
    dns::Record soa{.owner = catalog, .type = RRType::SOA, .rdata = {}};
    for (int i = 0; i < 2; ++i) {
        soa.rdata.insert(soa.rdata.end(), name.wire().begin(), name.wire().end());
    }
    for (const uint32_t value : {serial, kRefresh, kRetry, kExpire, uint32_t{0}}) {
        const size_t at = soa.rdata.size();
        soa.rdata.resize(at + sizeof value);
        base::store_u32(soa.rdata.data() + at, value);
    }
    return soa;
}

Result<std::vector<dns::Record>> member_records(const dns::Name& catalog,
                                                const CatalogMember& member) {
    const std::array<std::string_view, 5> path{"serial", "nearcast", "ext", member.label, "zones"};
    const std::array<std::string_view, 3> group{"group", member.label, "zones"};
    const std::array<std::string_view, 3> coo{"coo", member.label, "zones"};
    RecordList list(catalog);
    list.add_name(Labels(path).last(2), RRType::PTR, member.zone);
    for (const std::string& name : member.groups) list.add_text(group, name);
    if (member.coo) list.add_name(coo, RRType::PTR, *member.coo);
    if (member.serial) list.add_text(path, std::to_string(*member.serial));
    return list.take();
}

Result<zone::ImageBlock> build_catalog(const dns::Name& apex, uint32_t serial,
                                       std::span<const CatalogMember> members) {
    zone::ZoneDraft draft(apex);
    (void)draft.add(catalog_soa(apex, serial), {});
    RecordList head(apex);
    head.add_name({}, RRType::NS, nobody());
    head.add_text(std::array<std::string_view, 1>{"version"}, kVersion);
    auto records = head.take();
    for (size_t i = 0; records; ++i) {
        for (const dns::Record& record : *records) (void)draft.add(record, {});
        if (i == members.size()) break;
        records = member_records(apex, members[i]);
    }
    if (!records) return std::unexpected(records.error());
    draft.arrange();
    return zone::build_image(draft);
}

}  // namespace nearcast::transfer
