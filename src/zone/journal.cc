// SPDX-License-Identifier: Apache-2.0

#include "zone/journal.h"

#include <cstring>
#include <set>
#include <string_view>
#include <utility>

#include "dns/name.h"

namespace nearcast::zone {
namespace {

// A zone of more files than this keeps none in mind: it is read again at each start.
constexpr size_t kFilesMax = 1024;
constexpr size_t kPathSizeMax = 4096;

template <typename Number>
void append_number(Number value, std::vector<uint8_t>& bytes) {
    const size_t at = bytes.size();
    bytes.resize(at + sizeof value);
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

class ByteReader {
 public:
    explicit ByteReader(std::span<const uint8_t> bytes) : rest_(bytes) {}

    template <typename Number>
    bool read(Number& value) {
        if (rest_.size() < sizeof value) return false;
        std::memcpy(&value, rest_.data(), sizeof value);
        rest_ = rest_.subspan(sizeof value);
        return true;
    }
    bool read(size_t size, std::span<const uint8_t>& part) {
        if (rest_.size() < size) return false;
        part = rest_.first(size);
        rest_ = rest_.subspan(size);
        return true;
    }
    [[nodiscard]] std::span<const uint8_t> rest() const { return rest_; }

 private:
    std::span<const uint8_t> rest_;
};

// Whether `part` is whole records; hands each to `take`.
template <typename Take>
bool read_part(std::span<const uint8_t> part, Take take) {
    RecordSequence records(part);
    RecordView record;
    while (records.next(record)) {
        if (!dns::Name::from_wire(record.owner)) return false;
        take(record);
    }
    return records.is_at_end();
}

bool read_stamp(ByteReader& reader, FileStamp& stamp) {
    uint16_t size = 0;
    std::span<const uint8_t> path;
    if (!reader.read(stamp.inode) || !reader.read(stamp.size) || !reader.read(stamp.modified_ns) ||
        !reader.read(size) || size > kPathSizeMax || !reader.read(size, path)) {
        return false;
    }
    stamp.path.assign(path.begin(), path.end());
    return true;
}

// Records by their bytes: what is removed and what is added in the end.
class Sum {
 public:
    void take(const Changeset& changes) {
        visit(changes.removed(), added_, removed_);
        visit(changes.added(), removed_, added_);
    }

    void write(Changeset& changes) const {
        each(removed_, [&](const RecordView& record) { changes.remove(record); });
        each(added_, [&](const RecordView& record) { changes.add(record); });
    }

 private:
    using Records = std::set<std::string_view>;

    static std::string_view bytes_of(const uint8_t* from, const uint8_t* to) {
        return {reinterpret_cast<const char*>(from), static_cast<size_t>(to - from)};
    }

    // What was done and is undone cancels out.
    static void visit(std::span<const uint8_t> part, Records& undone, Records& done) {
        RecordSequence records(part);
        RecordView record;
        while (records.next(record)) {
            const auto bytes =
                bytes_of(record.owner.data(), record.rdata.data() + record.rdata.size());
            if (undone.erase(bytes) == 0) done.insert(bytes);
        }
    }

    template <typename Take>
    static void each(const Records& records, Take take) {
        for (const bool is_for_soa : {true, false}) {
            for (const std::string_view bytes : records) {
                const std::span<const uint8_t> own(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                   bytes.size());
                RecordSequence sequence(own);
                RecordView record;
                if (!sequence.next(record)) continue;
                if ((record.type == dns::RRType::SOA) == is_for_soa) take(record);
            }
        }
    }

    Records removed_;
    Records added_;
};

}  // namespace

std::vector<uint8_t> encode_changes(const Changeset& changes) {
    std::vector<uint8_t> bytes;
    bytes.reserve(sizeof(uint64_t) + changes.removed().size() + changes.added().size());
    append_number(uint64_t{changes.removed().size()}, bytes);
    bytes.insert(bytes.end(), changes.removed().begin(), changes.removed().end());
    bytes.insert(bytes.end(), changes.added().begin(), changes.added().end());
    return bytes;
}

std::optional<Changeset> decode_changes(std::span<const uint8_t> bytes) {
    ByteReader reader(bytes);
    uint64_t removed_size = 0;
    std::span<const uint8_t> removed;
    if (!reader.read(removed_size) || !reader.read(removed_size, removed)) return std::nullopt;
    Changeset changes;
    const bool is_whole =
        read_part(removed, [&](const RecordView& record) { changes.remove(record); }) &&
        read_part(reader.rest(), [&](const RecordView& record) { changes.add(record); });
    if (!is_whole || !changes.is_complete()) return std::nullopt;
    return changes;
}

std::vector<uint8_t> encode_origin(const ZoneOrigin& origin) {
    std::vector<uint8_t> bytes;
    append_number(static_cast<uint8_t>(origin.kind), bytes);
    append_number(static_cast<uint8_t>(origin.is_updated ? 1 : 0), bytes);
    const size_t count = origin.files.size() > kFilesMax ? 0 : origin.files.size();
    append_number(static_cast<uint16_t>(count), bytes);
    for (size_t i = 0; i < count; ++i) {
        const FileStamp& stamp = origin.files[i];
        append_number(stamp.inode, bytes);
        append_number(stamp.size, bytes);
        append_number(stamp.modified_ns, bytes);
        append_number(static_cast<uint16_t>(stamp.path.size()), bytes);
        bytes.insert(bytes.end(), stamp.path.begin(), stamp.path.end());
    }
    if (origin.zone_id != 0) append_number(origin.zone_id, bytes);
    if (origin.went_back_from) append_number(*origin.went_back_from, bytes);
    return bytes;
}

std::optional<ZoneOrigin> decode_origin(std::span<const uint8_t> bytes) {
    ByteReader reader(bytes);
    uint8_t kind = 0;
    uint8_t is_updated = 0;
    uint16_t count = 0;
    if (!reader.read(kind) || !reader.read(is_updated) || !reader.read(count) ||
        kind > static_cast<uint8_t>(ZoneOrigin::Kind::Derived) || is_updated > 1 ||
        count > kFilesMax) {
        return std::nullopt;
    }
    ZoneOrigin origin{.kind = static_cast<ZoneOrigin::Kind>(kind), .is_updated = is_updated == 1};
    origin.files.resize(count);
    for (FileStamp& stamp : origin.files) {
        if (!read_stamp(reader, stamp)) return std::nullopt;
    }
    // Each may be there or not, and they differ in size.
    const bool has_id = reader.rest().size() >= sizeof origin.zone_id;
    if (has_id && (!reader.read(origin.zone_id) || origin.zone_id == 0)) return std::nullopt;
    uint32_t serial = 0;
    if (reader.read(serial)) origin.went_back_from = serial;
    return reader.rest().empty() ? std::optional(std::move(origin)) : std::nullopt;
}

Changeset compose(std::span<const Changeset> changes) {
    Sum sum;
    for (const Changeset& each : changes) sum.take(each);
    Changeset all;
    sum.write(all);
    return all;
}

}  // namespace nearcast::zone
