// SPDX-License-Identifier: Apache-2.0

#include "xdp/interface.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fd.h"

namespace nearcast::xdp {
namespace {

using base::Result;

// 512 bytes of DNS (RFC 1035 §4.2.1) in UDP in IPv6.
constexpr uint32_t kMtuMin = 512 + 8 + 40;

// The kernel's questions about one interface.
class Asker {
 public:
    explicit Asker(const std::string& name) : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
        name.copy(request_.ifr_name, sizeof request_.ifr_name - 1);
    }

    [[nodiscard]] bool ask(unsigned long what) {
        return ::ioctl(socket_.get(), what, &request_) == 0;
    }
    // `about` begins with the command, and takes the answer in.
    template <typename About>
    [[nodiscard]] bool ask_driver(About& about) {
        request_.ifr_data = reinterpret_cast<char*>(&about);
        return ask(SIOCETHTOOL);
    }
    [[nodiscard]] const ifreq& answer() const { return request_; }

 private:
    base::Fd socket_;
    ifreq request_{};
};

bool strips_tags(const std::string& name) {
    ethtool_value flags{.cmd = ETHTOOL_GFLAGS, .data = 0};
    return Asker(name).ask_driver(flags) && (flags.data & ETH_FLAG_RXVLAN) != 0;
}

// The kernel's tree of devices has a link from each to those that stand on it.
bool has_vlans(const std::string& name) {
    std::error_code error;
    for (std::filesystem::directory_iterator item("/sys/class/net/" + name, error), end;
         !error && item != end; item.increment(error)) {
        if (!item->path().filename().string().starts_with("upper_")) continue;
        std::ifstream about(item->path() / "uevent");
        for (std::string line; std::getline(about, line);) {
            if (line == "DEVTYPE=vlan") return true;
        }
    }
    return false;
}

// One that does not tell has one.
uint32_t queue_count(const std::string& name) {
    ethtool_channels channels{};
    channels.cmd = ETHTOOL_GCHANNELS;
    if (!Asker(name).ask_driver(channels)) return 1;
    return std::max(1U, channels.rx_count + channels.combined_count);
}

Result<void> check(const Interface& interface) {
    if (interface.mtu < kMtuMin) {
        return base::fail("its MTU of " + std::to_string(interface.mtu) +
                              " has no room for a response of 512 bytes",
                          "ip link set dev " + interface.name + " mtu 1500");
    }
    if (strips_tags(interface.name) && has_vlans(interface.name)) {
        return base::fail("it has VLANs, and takes their tags off before XDP sees the frame",
                          "ethtool -K " + interface.name + " rxvlan off");
    }
    return {};
}

}  // namespace

Result<Interface> read_interface(const std::string& name) {
    Interface interface{.name = name, .index = if_nametoindex(name.c_str())};
    if (interface.index == 0) {
        return base::fail("there is no such interface", "ip link show, and serve.xdp or --xdp");
    }
    Asker asker(name);
    if (!asker.ask(SIOCGIFHWADDR)) return base::fail_errno("ask for its address", errno);
    if (asker.answer().ifr_hwaddr.sa_family != ARPHRD_ETHER) {
        return base::fail("it is no Ethernet, and frames of another form are not read",
                          "the interface that the queries come in by");
    }
    std::memcpy(interface.mac.data(), asker.answer().ifr_hwaddr.sa_data, interface.mac.size());
    if (!asker.ask(SIOCGIFMTU)) return base::fail_errno("ask for its MTU", errno);
    interface.mtu = static_cast<uint32_t>(asker.answer().ifr_mtu);
    interface.queues = queue_count(name);
    if (const Result<void> checked = check(interface); !checked) {
        return std::unexpected(checked.error());
    }
    return interface;
}

}  // namespace nearcast::xdp
