// SPDX-License-Identifier: Apache-2.0
//
// What zones signal at the names of their name servers, for a parent that has no DS of theirs yet:
// it can tell their CDS and CDNSKEY records from forged ones by the signatures of another zone,
// that of the name server (RFC 9615). That zone's publisher puts them there. Any thread.

#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/model.h"
#include "dns/name.h"
#include "zone/version.h"

namespace nearcast::control {

// Where the operator of the name server `server` says that it answers for the zone's CDS records
// (RFC 9615): _dsboot.ZONE._signal.SERVER. Nothing when that is too long to be a name, lies in
// the zone itself, which could prove nothing of itself, or might be that of another zone, since one
// of the two has a label `_signal`.
[[nodiscard]] std::optional<dns::Name> signalling_name(const dns::Name& zone,
                                                       const dns::Name& server);

// Whether a name looks like that, of whatever zone.
[[nodiscard]] bool is_signalling_name(const dns::Name& name);

// Whether the version has a name like that.
[[nodiscard]] bool shows_signals(const zone::Version& version);

// Of one zone.
struct BootstrapSignal {
    std::string account = {};             // Of the zone.
    std::vector<dns::Name> servers = {};  // Its name servers.
    std::vector<Rrset> sets = {};         // CDS and CDNSKEY, with whatever owner.
};

class BootstrapSignals {
 public:
    // What the zone signals from now on, in place of what it did; nothing when it has no sets or no
    // servers. Returns the names at which there is now something else than before.
    std::vector<dns::Name> put(const dns::Name& zone, const BootstrapSignal& signal);

    // What belongs below that apex, of zones that may signal in the zone of this account: those of
    // the same one, and in a zone of whoever runs the controller (of no account) all.
    [[nodiscard]] std::vector<Rrset> below(const dns::Name& apex, const std::string& account) const;

 private:
    struct Shown {
        dns::Name name;
        std::string account;
        std::vector<Rrset> sets;
    };

    mutable std::mutex mutex_;
    std::map<std::string, Shown> shown_;                         // By place_of() the name.
    std::map<std::string, std::vector<std::string>> places_of_;  // By row_name() of the zone.
};

}  // namespace nearcast::control
