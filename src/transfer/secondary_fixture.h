// SPDX-License-Identifier: Apache-2.0
//
// What tests of secondary zones have in common: zones of a few lines, and primaries that have them.

#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "dns/message.h"
#include "transfer/fake_primary.h"
#include "transfer/secondary_zones.h"
#include "transfer/zone_stream.h"
#include "zone/compile.h"
#include "zone/disk_fixture.h"

namespace nearcast::transfer {

using Bytes = std::vector<uint8_t>;
using std::chrono::seconds;

// Far beyond what anything here takes, on however busy a machine.
inline constexpr seconds kPatience{60};

// Looks again and again; false when it never came true.
inline bool comes_true(const std::function<bool()>& is_true) {
    const base::Instant end = base::now() + kPatience;
    while (!is_true()) {
        if (base::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

inline zone::CompiledZone version(const char* name, const std::string& serial_and_timers) {
    return zone::compile_zone_text(*dns::parse_name(name), "@ 300 IN SOA ns1 admin " +
                                                               serial_and_timers +
                                                               " 60\n@ 300 NS ns1\n"
                                                               "ns1 300 A 192.0.2.1\n");
}

class Secondary : public testing::Test {
 protected:
    TransferConfig config_for(const std::vector<std::string>& zones,
                              const base::SocketAddress& primary) {
        std::string text;
        for (const std::string& zone : zones) {
            text += "[[secondary]]\nzone = \"" + zone + "\"\nprimaries = [\"" +
                    base::to_text(primary) + "\"]\n";
        }
        return *parse_transfer_config(text, "node.toml");
    }

    bool has_data(const char* zone) {
        const auto pinned = table_.pin(*dns::parse_name(zone));
        return pinned && !pinned->version().is_unavailable();
    }
    bool is_unavailable(const char* zone) {
        const auto pinned = table_.pin(*dns::parse_name(zone));
        return pinned && pinned->version().is_unavailable();
    }

    zone::ZoneTable table_;
};

// All of the zone in one message, whatever was asked.
inline Bytes whole_zone(const Bytes& request, const zone::CompiledZone& zone) {
    dns::Query query;
    EXPECT_EQ(dns::parse_query(request, query), dns::ParseError::None);
    ZoneStream stream(zone::Version(zone.image.image()), query, request);
    MessageWriter writer;
    EXPECT_TRUE(stream.next(writer, 0));
    return {writer.message().begin(), writer.message().end()};
}

inline void send_zone(const FakePrimary::Client& client, const Bytes& request,
                      const zone::CompiledZone& zone) {
    client.send(whole_zone(request, zone));
}

inline dns::RRType type_of(const Bytes& request) {
    dns::Query query;
    EXPECT_EQ(dns::parse_query(request, query), dns::ParseError::None);
    return query.qtype;
}

// A primary that counts what it is asked.
class Announced : public Secondary {
 protected:
    std::vector<dns::RRType> asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }
    uint32_t served() {
        const auto pinned = table_.pin(zone_);
        return pinned && !pinned->version().is_unavailable() ? pinned->version().serial() : 0;
    }

    const dns::Name zone_ = *dns::parse_name("example.org.");
    std::mutex mutex_;
    std::vector<dns::RRType> asked_;
    std::atomic<uint32_t> serial_ = 7;  // Of the primary.
    const FakePrimary primary_{[this](const FakePrimary::Client& client, const Bytes& request) {
        {
            const std::lock_guard lock(mutex_);
            asked_.push_back(type_of(request));
        }
        const std::string soa = std::to_string(serial_) + " 3600 900 604800";
        send_zone(client, request, version("example.org.", soa));
    }};
    const TransferConfig config_ = config_for({"example.org."}, primary_.address());
    const std::unique_ptr<zone::ZoneLedger> ledger_ =
        *zone::ZoneLedger::open(zone::make_memory_disk(), table_, {});
};

}  // namespace nearcast::transfer
