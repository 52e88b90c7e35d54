// SPDX-License-Identifier: Apache-2.0
//
// Zones as they are edited: RRsets in text, settings, and the changes that made them so.
//
// What a client sent is kept in his words once they were found right, and comes back to him in the
// same; two records are the same when their data in wire form are.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/name.h"
#include "dns/rr_type.h"

namespace nearcast::control {

// Since 1970; to the microsecond, as both databases keep it.
using Timestamp = std::chrono::microseconds;

struct RecordText {
    std::string content = {};  // "10 mail.example.org."
    bool is_disabled = false;  // Kept, and not served.

    friend bool operator==(const RecordText&, const RecordText&) = default;
};

struct Comment {
    std::string content = {};
    std::string account = {};
    std::chrono::seconds modified_at{};  // Since 1970.

    friend bool operator==(const Comment&, const Comment&) = default;
};

struct Rrset {
    dns::Name owner = {};  // In lower case.
    dns::RRType type = dns::RRType::None;
    uint32_t ttl = 0;
    std::vector<RecordText> records = {};  // Not empty, unless there are comments alone.
    std::vector<Comment> comments = {};
};

// What is to become of one RRset.
struct RrsetEdit {
    enum class Kind : uint8_t {
        Replace,  // This is the set. Without records it goes.
        Delete,   // It goes, with its comments; it need not be there.
        Extend,   // These records are in it, beside those that are.
        Prune,    // These records are in it no more; the last one takes the set with it.
    };

    Kind kind = Kind::Replace;
    dns::Name owner = {};
    dns::RRType type = dns::RRType::None;
    uint32_t ttl = 0;  // Of the whole set, for Replace and Extend.
    std::optional<std::vector<RecordText>> records = {};  // None: they stay as they are.
    std::optional<std::vector<Comment>> comments = {};    // The same.
    bool keeps_ttl = false;  // Of a Replace: `ttl` is for a set that had no records.
};

// Where a zone comes from, in the words of the API that many clients know.
enum class ZoneKind : uint8_t { Native, Master, Slave, Producer, Consumer };

[[nodiscard]] std::string_view to_text(ZoneKind kind);
// In any case of letters; Primary and Secondary are Master and Slave.
[[nodiscard]] std::optional<ZoneKind> parse_zone_kind(std::string_view text);
// Whether its records come from other servers, and nobody edits them here.
[[nodiscard]] constexpr bool is_fetched(ZoneKind kind) {
    return kind == ZoneKind::Slave || kind == ZoneKind::Consumer;
}

// Whether it lists other zones (RFC 9432), and is nobody's business but of those who serve them.
[[nodiscard]] constexpr bool is_catalog(ZoneKind kind) {
    return kind == ZoneKind::Producer || kind == ZoneKind::Consumer;
}

struct ZoneSettings {
    ZoneKind kind = ZoneKind::Native;
    std::string account = {};
    std::vector<std::string> masters = {};  // ADDRESS or ADDRESS:PORT
    std::string primary_key = {};           // The TSIG key that they are asked with; empty: none.
    std::string soa_edit_api = "DEFAULT";
    std::string soa_edit = {};
    std::string catalog = {};  // The zone that lists this one, as row_name() has it; empty: none.
    std::vector<std::string> catalog_groups = {};  // That it is of there (RFC 9432 §4.3.2).
    // Of a zone that a Consumer made: under which label it is listed, as a name.
    std::string catalog_label = {};
    std::string nsec3param = {};  // "1 0 0 -"; empty: NSEC.
    std::string signing = {};  // What is otherwise than the controller has it: signing_settings.h.
    bool is_signed = false;
    bool is_nsec3_narrow = false;
    bool is_rectified = true;

    friend bool operator==(const ZoneSettings&, const ZoneSettings&) = default;
};

// What is to become of them; what is not there stays.
struct SettingsEdit {
    std::optional<ZoneKind> kind = {};
    std::optional<std::string> account = {};
    std::optional<std::vector<std::string>> masters = {};
    std::optional<std::string> primary_key = {};
    std::optional<std::string> soa_edit_api = {};
    std::optional<std::string> soa_edit = {};
    std::optional<std::string> catalog = {};
    std::optional<std::vector<std::string>> catalog_groups = {};
    std::optional<std::string> nsec3param = {};
    std::optional<std::string> signing = {};
    std::optional<bool> is_signed = {};
    std::optional<bool> is_nsec3_narrow = {};
    std::optional<bool> is_rectified = {};

    [[nodiscard]] ZoneSettings applied_to(ZoneSettings settings) const;
};

struct Zone {
    int64_t id = 0;  // Never used again, also when a zone of that name comes back.
    dns::Name name = {};
    ZoneSettings settings = {};
    uint32_t serial = 0;    // Of what is edited, or was fetched. What is published has its own.
    uint64_t sequence = 0;  // The last change.
    Timestamp created_at{};
    uint64_t copy_records = 0;  // Of what was fetched and noted last.
};

// Who asks for a change.
struct Actor {
    std::string name = {};    // "key:deploy", "user:anna", "update:key.example."
    std::string source = {};  // The address he came from; may be empty.
    std::string tenant = {};  // Whose zones alone he may touch; empty: anybody's.
};

// What every change has beside its contents.
struct Intent {
    Actor actor = {};
    std::string comment = {};
    // What the actor has seen of the zone: when it is otherwise, nothing is done.
    struct Expected {
        std::optional<uint32_t> serial = {};
        std::optional<uint64_t> sequence = {};  // Of its last change.
    };
    Expected expected = {};
    // The same key by the same actor within a day: what was done then is told again. May be empty.
    std::string idempotency_key = {};
};

struct ChangeRequest {
    dns::Name zone = {};
    std::vector<RrsetEdit> edits = {};
    Intent intent = {};
};

struct NewZone {
    dns::Name name = {};
    ZoneSettings settings = {};
    std::vector<Rrset> rrsets = {};  // Without a SOA, one is made; its serial begins today.
    std::vector<dns::Name> nameservers = {};
    Intent intent = {};
};

struct Committed {
    uint64_t sequence = 0;
    uint32_t old_serial = 0;
    uint32_t new_serial = 0;
    bool is_repeated = false;  // Done before, under the same idempotency key.
};

// One RRset in a change: as it was, and as it became. The SOA's serial is left out of it.
struct RrsetChange {
    std::optional<Rrset> before = {};
    std::optional<Rrset> after = {};

    [[nodiscard]] const Rrset& either() const { return after ? *after : *before; }
};

// A version that a primary has sent, and that is kept already.
struct FetchedVersion {
    int64_t zone_id = 0;
    dns::Name zone = {};
    uint32_t serial = 0;
    uint64_t record_count = 0;
    std::vector<RrsetChange> changes = {};  // What it changed; empty when that is much.
    Intent intent = {};
};

// Transfer: another version was fetched from a primary. Its diff tells the sets that it changed, as
// far as they are few; the records are in no table.
enum class ChangeKind : uint8_t { Create, Delete, Settings, Records, Transfer };

[[nodiscard]] std::string_view to_text(ChangeKind kind);

struct Diff {
    std::vector<RrsetChange> rrsets = {};
    // Both when the settings changed, one when the zone came or went.
    std::optional<ZoneSettings> settings_before = {};
    std::optional<ZoneSettings> settings_after = {};
};

struct Change {
    uint64_t sequence = 0;
    int64_t zone_id = 0;
    dns::Name zone = {};
    ChangeKind kind = ChangeKind::Records;
    Actor actor = {};
    Timestamp at{};
    std::string comment = {};
    uint32_t old_serial = 0;  // 0: there was none.
    uint32_t new_serial = 0;  // 0: there is none any more.
    std::optional<uint64_t> reverts = {};
    Diff diff = {};
};

}  // namespace nearcast::control
