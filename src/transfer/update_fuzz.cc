// SPDX-License-Identifier: Apache-2.0

// Property: no message makes an update read outside of it. One that passes the checks gives either
// no change, or a difference from the served version to the next, which has a later serial, keeps
// the zone's SOA and an NS, and leaves a whole image or none.

#include <cstdlib>

#include "dns/serial.h"
#include "transfer/update_message.h"
#include "transfer/update_rules.h"
#include "zone/apply.h"
#include "zone/compile.h"

using namespace nearcast;

namespace {

const zone::ImageBlock& base_image() {
    static const zone::CompiledZone zone =
        zone::compile_zone_text(*dns::parse_name("example.org."),
                                "$TTL 300\n@ IN SOA . . 3 0 0 0 0\n@ NS a\n@ NS b\n@ TXT \"x\"\n"
                                "a A 192.0.2.1\nb A 192.0.2.1\nb A 192.0.2.2\n*.c TXT \"x\"\n"
                                "d CNAME a\ne DNAME a\nf NS a\n");
    return zone.image;
}

void require(bool holds) {
    if (!holds) std::abort();
}

void check(const transfer::UpdateMessage& update) {
    const dns::Name apex = *dns::parse_name("example.org.");
    const zone::Version version(base_image().image());
    transfer::ZoneEdit edit(version);
    if (transfer::check_prerequisites(update.prerequisites, apex, edit) != dns::Rcode::NoError ||
        transfer::check_updates(update.updates, apex) != dns::Rcode::NoError) {
        return;
    }
    transfer::carry_out_updates(update.updates, apex, version.serial(), edit);
    require(edit.find(apex, dns::RRType::SOA) != nullptr &&
            edit.find(apex, dns::RRType::NS) != nullptr);
    if (!edit.has_changes()) return;
    const zone::Changeset changes = edit.changes();
    require(changes.is_complete() && changes.from_serial() == 3 &&
            dns::is_later_serial(changes.to_serial(), 3));
    auto image = zone::apply_changes(version, changes);
    if (!image) return;
    require(zone::verify_image(image->bytes()) == zone::ImageFault::None);
    require(image->image().header().serial == changes.to_serial());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size > dns::kMessageSizeMax) return 0;
    const std::span<const uint8_t> message(data, size);
    dns::Query query;
    if (dns::parse_query(message, query) != dns::ParseError::None) return 0;
    transfer::UpdateMessage update;
    if (transfer::read_update(query, message, update)) check(update);
    return 0;
}
