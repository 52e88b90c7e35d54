// SPDX-License-Identifier: Apache-2.0
//
// The links of an NSEC3 chain that a change makes other: those of the names that it touches, and
// those in front of links that come or go. One thread.

#pragma once

#include <map>
#include <optional>
#include <vector>

#include "signing/touched_names.h"

namespace nearcast::signing {

class Nsec3Relinking {
 public:
    // Both stay.
    Nsec3Relinking(const zone::Version& zone, const SigningPlan& plan)
        : zone_(zone), plan_(plan), apex_(zone.apex().owner()) {}

    // Finds them all. Fails when two names have one hash.
    [[nodiscard]] base::Result<void> find(const TouchedNames& names);

    struct Link {
        zone::Node node;                            // As it was; none when it is new.
        std::optional<std::vector<uint8_t>> types;  // As they will be; none when it goes.
    };
    // By hash.
    [[nodiscard]] const std::map<dnssec::Nsec3Hash, Link>& links() const { return links_; }
    [[nodiscard]] bool is_touched(const dnssec::Nsec3Hash& hash) const {
        return links_.contains(hash);
    }
    // The rdata of a link that will be there.
    [[nodiscard]] std::vector<uint8_t> rdata_of(const dnssec::Nsec3Hash& hash,
                                                const Link& link) const;

 private:
    [[nodiscard]] zone::Node node_of(const dnssec::Nsec3Hash& hash) const;
    // Among the links that were and are not touched; nothing at the end of the chain.
    [[nodiscard]] std::optional<dnssec::Nsec3Hash> untouched(const dnssec::Nsec3Hash& from,
                                                             bool is_forward) const;
    [[nodiscard]] dnssec::Nsec3Hash next(const dnssec::Nsec3Hash& hash) const;
    [[nodiscard]] std::optional<dnssec::Nsec3Hash> previous(const dnssec::Nsec3Hash& hash) const;
    void touch(const dnssec::Nsec3Hash& hash);

    const zone::Version& zone_;
    const SigningPlan& plan_;
    std::span<const uint8_t> apex_;
    std::map<dnssec::Nsec3Hash, Link> links_;
};

}  // namespace nearcast::signing
