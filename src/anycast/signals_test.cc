// SPDX-License-Identifier: Apache-2.0

#include "anycast/signals.h"

#include <gtest/gtest.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nearcast::anycast {
namespace {

constexpr const char* kDriver = "/dev/net/tun";

constexpr uid_t kOwner = 65534;

// Asks the driver itself: IFF_RUNNING follows it only when the kernel gets round to it.
bool has_carrier(const std::string& device) {
    const base::Fd control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ethtool_value link{.cmd = ETHTOOL_GLINK, .data = 0};
    ifreq request{};
    device.copy(request.ifr_name, sizeof request.ifr_name - 1);
    request.ifr_data = reinterpret_cast<char*>(&link);
    return ioctl(control.get(), SIOCETHTOOL, &request) == 0 && link.data == 1;
}

// Runs `story` in a child with a network of its own, so that no device is left behind. The story
// returns the line of the first claim that did not hold, 0 if all did.
int in_own_network(int (*story)()) {
    const pid_t child = fork();
    if (child == 0) _exit(unshare(CLONE_NEWNET) != 0 ? 255 : story());
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define CLAIM(condition) \
    if (!(condition)) return __LINE__

class TunSignalAsRoot : public testing::Test {
 protected:
    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "needs root: it creates a network namespace";
        if (access(kDriver, R_OK | W_OK) != 0) GTEST_SKIP() << "there is no " << kDriver;
    }
};

TEST_F(TunSignalAsRoot, HasCarrierOnlyWhileItIsHeld) {
    EXPECT_EQ(in_own_network([] {
                  CLAIM(prepare_device(kDriver, "nc-test0", kOwner));
                  CLAIM(!has_carrier("nc-test0"));
                  TunSignal signal(kDriver, "nc-test0");
                  CLAIM(signal.raise());
                  CLAIM(has_carrier("nc-test0"));
                  CLAIM(!TunSignal(kDriver, "nc-test0").raise());
                  signal.drop();
                  CLAIM(!has_carrier("nc-test0"));
                  CLAIM(signal.raise());
                  CLAIM(has_carrier("nc-test0"));
                  return 0;
              }),
              0);
}

TEST_F(TunSignalAsRoot, PreparingTwiceChangesNothingAndDisturbsNoHolder) {
    EXPECT_EQ(in_own_network([] {
                  CLAIM(prepare_device(kDriver, "nc-test0", kOwner));
                  TunSignal signal(kDriver, "nc-test0");
                  CLAIM(signal.raise());
                  CLAIM(prepare_device(kDriver, "nc-test0", kOwner));
                  CLAIM(has_carrier("nc-test0"));
                  return 0;
              }),
              0);
}

TEST_F(TunSignalAsRoot, PrefIsUpOnlyWithLive) {
    EXPECT_EQ(in_own_network([] {
                  CLAIM(prepare_device(kDriver, "nc-live0", kOwner));
                  CLAIM(prepare_device(kDriver, "nc-pref0", kOwner));
                  SignalPair pair({kDriver, "nc-live0"}, {kDriver, "nc-pref0"});
                  CLAIM(pair.show({.live = true, .pref = true}));
                  CLAIM(has_carrier("nc-live0") && has_carrier("nc-pref0"));
                  CLAIM(pair.show({.live = true, .pref = false}));
                  CLAIM(has_carrier("nc-live0") && !has_carrier("nc-pref0"));
                  CLAIM(pair.show({}));
                  CLAIM(!has_carrier("nc-live0") && pair.shown() == Signals{});
                  TunSignal held(kDriver, "nc-live0");
                  CLAIM(held.raise());
                  CLAIM(!pair.show({.live = true, .pref = true}));
                  CLAIM(pair.shown() == Signals{});
                  return 0;
              }),
              0);
}

TEST(TunSignal, SaysWhatToDoWhereThereIsNoDriver) {
    TunSignal signal("/nonexistent/tun", "lo");
    const auto raised = signal.raise();
    ASSERT_FALSE(raised);
    EXPECT_EQ(raised.error().message, "cannot open /nonexistent/tun: No such file or directory");
    EXPECT_FALSE(raised.error().hint.empty());
}

TEST(TunSignal, SaysWhatToDoWhereThereIsNoDevice) {
    TunSignal signal(kDriver, "nc-absent0");
    const auto raised = signal.raise();
    ASSERT_FALSE(raised);
    EXPECT_EQ(raised.error().message, "device nc-absent0 does not exist");
    EXPECT_EQ(raised.error().hint, "sudo nearcast node prepare --config node.toml");
}

}  // namespace
}  // namespace nearcast::anycast
