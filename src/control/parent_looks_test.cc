// SPDX-License-Identifier: Apache-2.0

#include "control/parent_looks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nearcast::control {
namespace {

using testing::ElementsAre;

// Has a set of one byte for each zone: how long its name is.
class Names : public ParentWatch {
 public:
    std::optional<ParentAnswers> look(const dns::Name& zone) override {
        if (zone.is_root()) return std::nullopt;
        const auto size = static_cast<uint8_t>(zone.wire().size());
        return ParentAnswers{.sets = {{{size}}}, .ttl = 0, .is_complete = true};
    }
};

class Looks : public testing::Test {
 protected:
    void wait_for(size_t count) {
        std::unique_lock lock(mutex);
        ASSERT_TRUE(
            told.wait_for(lock, std::chrono::seconds(60), [&] { return found.size() >= count; }));
    }

    std::mutex mutex;
    std::condition_variable told;
    std::vector<std::pair<int64_t, int>> found;
    Names watch;
    ParentLooks looks{watch, [this](int64_t zone_id, const std::optional<ParentAnswers>& answers) {
                          const std::lock_guard lock(mutex);
                          found.emplace_back(zone_id, answers ? answers->sets[0][0][0] : -1);
                          told.notify_all();
                      }};
};

TEST_F(Looks, TellWhatWasFoundOfWhichZone) {
    const base::Instant now = base::now();
    looks.ask(7, *dns::parse_name("example.org."), now + std::chrono::milliseconds(30));
    looks.ask(8, dns::Name(), now);
    wait_for(2);
    EXPECT_THAT(found, ElementsAre(std::pair(8, -1), std::pair(7, 13)));
}

TEST_F(Looks, ComeOnceAndAsEarlyAsAnybodyWants) {
    const base::Instant now = base::now();
    const auto zone = *dns::parse_name("example.org.");
    looks.ask(1, zone, now + std::chrono::hours(1));
    looks.ask(1, zone, now + std::chrono::milliseconds(20));
    looks.ask(1, zone, now + std::chrono::hours(2));
    looks.ask(2, zone, now + std::chrono::hours(1));
    looks.forget(2);
    wait_for(1);
    looks.ask(3, zone, base::now());
    wait_for(2);
    EXPECT_THAT(found, ElementsAre(std::pair(1, 13), std::pair(3, 13)));
}

}  // namespace
}  // namespace nearcast::control
