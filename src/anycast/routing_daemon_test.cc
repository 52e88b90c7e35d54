// SPDX-License-Identifier: Apache-2.0

#include "anycast/routing_daemon.h"

#include <filesystem>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "anycast/announcement_check.h"
#include "anycast/bird_client.h"
#include "anycast/frr_client.h"

namespace nearcast::anycast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const base::IpPrefix kPrefix = *base::parse_ip_prefix("192.0.2.0/24");
const base::IpPrefix kCovering = *base::parse_ip_prefix("192.0.2.0/23");

NodeConfig one_neighbor() {
    NodeConfig config;
    config.prefixes = {kPrefix};
    config.covering = {kCovering};
    Neighbor neighbor;
    neighbor.name = "transit-a";
    neighbor.address = *base::parse_ip_address("198.51.100.1");
    config.routing.neighbors = {neighbor};
    return config;
}

using Replies = std::map<std::string, std::string>;

// Speaks BIRD's side of the control protocol to one client, from a table of replies.
class FakeBird {
 public:
    explicit FakeBird(Replies replies) : replies_(std::move(replies)) {
        sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
        path_.copy(address.sun_path, path_.size());
        unlink(path_.c_str());
        EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(listen(listener_.get(), 1), 0);
        thread_ = std::thread([this] { serve(); });
    }
    FakeBird(const FakeBird&) = delete;
    FakeBird& operator=(const FakeBird&) = delete;
    ~FakeBird() {
        shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
        unlink(path_.c_str());
    }

    [[nodiscard]] const std::string& path() const { return path_; }

 private:
    void serve() {
        const base::Fd client(accept(listener_.get(), nullptr, nullptr));
        write_text(client, "0001 BIRD 2.0.12 ready.\n");
        std::array<char, 512> room{};
        ssize_t size = 0;
        while ((size = read(client.get(), room.data(), room.size())) > 0) {
            const std::string line(room.data(), static_cast<size_t>(size) - 1);
            write_text(client, replies_.contains(line) ? replies_[line] : "9001 syntax error\n");
        }
    }

    static void write_text(const base::Fd& fd, const std::string& text) {
        (void)!write(fd.get(), text.data(), text.size());
    }

    Replies replies_;
    std::string path_ =
        std::filesystem::temp_directory_path() / ("nc-bird-" + std::to_string(getpid()));
    base::Fd listener_{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::thread thread_;
};

constexpr const char* kSessionUp =
    "2002-Name       Proto      Table      State  Since         Info\n"
    "1002-device1    Device     ---        up     01:00:00.000  \n"
    " bgp_transit_a BGP        ---        up     01:00:00.000  Established   \n"
    "0000 \n";

TEST(BirdClient, ReadsWhatIsExportedAndWhetherItIsALastResort) {
    FakeBird bird(
        Replies{{"show protocols", kSessionUp},
                {"show route export bgp_transit_a all",
                 "1007-Table master4:\n"
                 " 192.0.2.0/24         unicast [nc_live4 01:00:00.000] * (200)\n"
                 " \tdev nc-live0\n"
                 "1008-\tType: static univ\n"
                 "1012-\tBGP.community: (65535,0) (65010,7)\n"
                 "1007-192.0.2.0/23         unreachable [nc_covering4 01:00:00.000] * (200)\n"
                 "0000 \n"}});
    NodeConfig config = one_neighbor();
    config.routing.control_socket = bird.path();
    const auto routes = BirdClient(config.routing).read();
    ASSERT_TRUE(routes) << routes.error().message;
    ASSERT_EQ(routes->front().announced.size(), 2U);
    EXPECT_EQ(routes->front().announced[0].prefix, kPrefix);
    EXPECT_TRUE(routes->front().announced[0].has_graceful_shutdown);
    EXPECT_EQ(routes->front().announced[1].prefix, kCovering);
    EXPECT_FALSE(routes->front().announced[1].has_graceful_shutdown);
}

TEST(BirdClient, PassesOnWhatBirdComplainsOf) {
    FakeBird bird(Replies{{"show protocols", kSessionUp}});
    NodeConfig config = one_neighbor();
    config.routing.control_socket = bird.path();
    const auto routes = BirdClient(config.routing).read();
    ASSERT_FALSE(routes);
    EXPECT_EQ(routes.error().message, "BIRD says: syntax error");
}

TEST(BirdClient, SaysWhereItLookedForBird) {
    NodeConfig config = one_neighbor();
    config.routing.control_socket = "/nonexistent/bird.ctl";
    EXPECT_EQ(BirdClient(config.routing).read().error().message,
              "cannot reach BIRD at /nonexistent/bird.ctl: No such file or directory");
}

TEST(FrrClient, ReadsWhatIsAdvertised) {
    const NodeConfig config = one_neighbor();
    FrrClient frr(config.routing, [](const std::string& command) -> base::Result<std::string> {
        if (command == "show bgp neighbors 198.51.100.1 json") {
            return R"({"198.51.100.1": {"bgpState": "Established"}})";
        }
        if (command == "show bgp ipv4 unicast neighbors 198.51.100.1 advertised-routes json") {
            return R"({"advertisedRoutes": {"192.0.2.0/24": {}, "192.0.2.0/23": {}}})";
        }
        if (command == "show bgp ipv4 unicast 192.0.2.0/24 json") {
            return R"({"paths": [{"bestpath": {"overall": true},
                                  "community": {"string": "graceful-shutdown"}}]})";
        }
        EXPECT_EQ(command, "show bgp ipv4 unicast 192.0.2.0/23 json");
        return R"({"paths": [{"bestpath": {"overall": true}}]})";
    });
    const auto routes = frr.read();
    ASSERT_TRUE(routes) << routes.error().message;
    ASSERT_EQ(routes->front().announced.size(), 2U);
    EXPECT_EQ(routes->front().announced[0].prefix, kCovering);
    EXPECT_FALSE(routes->front().announced[0].has_graceful_shutdown);
    EXPECT_TRUE(routes->front().announced[1].has_graceful_shutdown);
}

TEST(FrrClient, SaysWhenVtyshGivesNothing) {
    const NodeConfig config = one_neighbor();
    FrrClient frr(config.routing,
                  [](const std::string&) -> base::Result<std::string> { return ""; });
    EXPECT_FALSE(frr.read());
}

TEST(FrrClient, SurvivesJsonOfAnotherShape) {
    const NodeConfig config = one_neighbor();
    FrrClient frr(config.routing, [](const std::string&) -> base::Result<std::string> {
        return R"({"198.51.100.1": {"bgpState": 6}})";
    });
    EXPECT_FALSE(frr.read());
    FrrClient odd(config.routing, [](const std::string& command) -> base::Result<std::string> {
        if (command.ends_with("advertised-routes json")) {
            return R"({"advertisedRoutes": {"192.0.2.0/24": {}}})";
        }
        if (command.ends_with("/24 json")) return R"({"paths": [7]})";
        return R"({"198.51.100.1": {"bgpState": "Established"}})";
    });
    EXPECT_FALSE(odd.read());
}

std::vector<std::string> mismatches(const Signals& signals, std::vector<Announcement> announced,
                                    bool is_established = true) {
    return find_mismatches(one_neighbor(), signals, {{"transit-a", is_established, announced}});
}

constexpr Signals kPreferred{.live = true, .pref = true};
constexpr Signals kLastResort{.live = true, .pref = false};
const Announcement kCover{kCovering, false};

TEST(AnnouncementCheck, IsContentWithWhatTheSignalsMean) {
    EXPECT_THAT(mismatches(kPreferred, {kCover, {kPrefix, false}}), IsEmpty());
    EXPECT_THAT(mismatches(kLastResort, {kCover, {kPrefix, true}}), IsEmpty());
    EXPECT_THAT(mismatches({}, {kCover}), IsEmpty());
}

TEST(AnnouncementCheck, NamesEachDifference) {
    EXPECT_THAT(mismatches(kPreferred, {kCover}),
                ElementsAre("192.0.2.0/24 to transit-a is not announced"));
    EXPECT_THAT(mismatches({}, {kCover, {kPrefix, false}}),
                ElementsAre("192.0.2.0/24 to transit-a is still announced"));
    EXPECT_THAT(mismatches(kPreferred, {kCover, {kPrefix, true}}),
                ElementsAre("192.0.2.0/24 to transit-a is announced as a last resort"));
    EXPECT_THAT(mismatches(kLastResort, {kCover, {kPrefix, false}}),
                ElementsAre("192.0.2.0/24 to transit-a is announced without graceful shutdown"));
    EXPECT_THAT(mismatches({}, {}), ElementsAre("192.0.2.0/23 to transit-a is not announced"));
    EXPECT_THAT(mismatches({}, {kCover, {*base::parse_ip_prefix("198.51.100.0/24"), false}}),
                ElementsAre("198.51.100.0/24 leaks to transit-a"));
    EXPECT_THAT(mismatches(kPreferred, {}, false),
                ElementsAre("the session with transit-a is down"));
}

TEST(AnnouncementCheck, CountsTheNeighborsThatAreToldOfAServicePrefix) {
    const NodeConfig config = one_neighbor();
    EXPECT_EQ(count_told(config, {{"a", true, {kCover, {kPrefix, true}}},
                                  {"b", true, {{kPrefix, false}}},
                                  {"c", true, {kCover}},
                                  {"d", false, {{kPrefix, false}}}}),
              2U);
    EXPECT_EQ(count_told(config, {}), 0U);
}

}  // namespace
}  // namespace nearcast::anycast
