// SPDX-License-Identifier: Apache-2.0
//
// What a dynamic update (RFC 2136) makes of a zone of the database: the edits of a change.
//
// Pure, but for what it looks at. Records that are disabled are not there for it, and stay.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "control/derived_change.h"
#include "control/key_scope.h"
#include "dns/header.h"
#include "transfer/update_message.h"
#include "transfer/zone_edit.h"

namespace nearcast::control {

class ZoneUpdate {
 public:
    // The references outlive it. The zone has the `serial` for who sends the update.
    ZoneUpdate(const ZoneSight& sight, const transfer::UpdateMessage& message,
               const KeyScope& scope, uint32_t serial);

    // As the RFC's order is: prerequisites, form, permission, then the updates themselves.
    [[nodiscard]] base::Result<Outcome<DerivedEdits>> derive();
    // When derive() has refused: what to answer.
    [[nodiscard]] dns::Rcode rcode() const { return rcode_; }

 private:
    [[nodiscard]] transfer::ZoneEdit::Node load(const dns::Name& owner);
    [[nodiscard]] dns::Rcode judge();
    [[nodiscard]] RrsetEdit edit_of(const transfer::ZoneEdit::ChangedSet& changed) const;
    [[nodiscard]] Outcome<DerivedEdits> refuse(dns::Rcode rcode, std::string reason);

    const ZoneSight& sight_;
    const transfer::UpdateMessage& message_;
    const KeyScope& scope_;
    const uint32_t serial_;
    transfer::ZoneEdit edit_;
    std::map<std::string, std::vector<Rrset>> rows_;  // By dns::key_of(): what was looked at.
    base::Result<void> read_;                         // What went wrong with that.
    std::string reason_;
    dns::Rcode rcode_ = dns::Rcode::NoError;
};

}  // namespace nearcast::control
