// SPDX-License-Identifier: Apache-2.0

#include "xdp/filter.h"

#include <thread>

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include "xdp/queue.h"
#include "xdp/sample_frames.h"

namespace nearcast::xdp {
namespace {

using namespace sample;

constexpr size_t kFrameMin = 14;  // The kernel tries no program on less.

base::IpAddress address_of(const Parts& parts) {
    base::IpAddress address{.is_v6 = parts.is_v6};
    std::ranges::copy(parts.destination, address.bytes.begin());
    return address;
}

// The filter in the running kernel, and behind it an AF_XDP socket on a loopback of its own, in a
// network namespace that goes with the thread that made it.
class FilterTest : public testing::Test {
 protected:
    // Runs `test` where it can be; only root may load a program into the kernel.
    template <typename Test>
    void with_filter(Test test) {
        if (geteuid() != 0) GTEST_SKIP() << "only root may load a program into the kernel";
        std::thread([&] {
            ASSERT_EQ(unshare(CLONE_NEWNET), 0);
            Interface loopback{.name = "lo", .index = if_nametoindex("lo"), .mtu = 1500};
            std::ranges::copy(kOwnMac, loopback.mac.begin());
            const std::vector services = {address_of({}), address_of(v6_parts())};
            auto filter = Filter::load(loopback, services);
            ASSERT_TRUE(filter) << filter.error().message;
            auto queue = Queue::open(loopback, 0, {.mode = Mode::Generic});
            ASSERT_TRUE(queue) << queue.error().message;
            test(*filter, *queue);
        }).join();
    }

    static uint32_t verdict_on(const Filter& filter, const Bytes& frame) {
        bpf_test_run_opts options{};
        options.sz = sizeof options;
        options.data_in = frame.data();
        options.data_size_in = static_cast<uint32_t>(frame.size());
        EXPECT_EQ(bpf_prog_test_run_opts(filter.descriptor(), &options), 0);
        return options.retval;
    }
};

TEST_F(FilterTest, TakesEveryPlainQuery) {
    with_filter([](Filter& filter, Queue& queue) {
        ASSERT_TRUE(filter.direct(0, queue.fd()));
        for (const Case& each : plain_queries()) {
            EXPECT_EQ(verdict_on(filter, each.frame), XDP_REDIRECT) << each.what;
        }
    });
}

TEST_F(FilterTest, LeavesEverythingElseToTheKernel) {
    with_filter([](Filter& filter, Queue& queue) {
        ASSERT_TRUE(filter.direct(0, queue.fd()));
        for (const auto& cases : {other_frames(), queries_of_others()}) {
            for (const Case& each : cases) {
                EXPECT_EQ(verdict_on(filter, each.frame), XDP_PASS) << each.what;
            }
        }
    });
}

TEST_F(FilterTest, LeavesAFrameThatWasCutAnywhere) {
    with_filter([](Filter& filter, Queue& queue) {
        ASSERT_TRUE(filter.direct(0, queue.fd()));
        for (const Case& each : plain_queries()) {
            QueryPacket packet;
            ASSERT_EQ(read_query(each.frame, packet), Reading::Query);
            const size_t whole = packet.header_size() + packet.message.size();
            for (size_t size = kFrameMin; size < whole; ++size) {
                const Bytes cut(each.frame.begin(),
                                each.frame.begin() + static_cast<ptrdiff_t>(size));
                EXPECT_EQ(verdict_on(filter, cut), XDP_PASS) << each.what << ", " << size;
            }
        }
    });
}

TEST_F(FilterTest, LeavesAQueueThatNobodyListensToToTheKernel) {
    with_filter([](Filter& filter, Queue& queue) {
        const Bytes query = frame_of({});
        EXPECT_EQ(verdict_on(filter, query), XDP_PASS);
        ASSERT_TRUE(filter.direct(0, queue.fd()));
        EXPECT_EQ(verdict_on(filter, query), XDP_REDIRECT);
        {
            const Queue gone = std::move(queue);
        }
        EXPECT_EQ(verdict_on(filter, query), XDP_PASS);
    });
}

TEST_F(FilterTest, SaysThatAnotherProgramIsThere) {
    with_filter([](Filter& filter, Queue&) {
        ASSERT_TRUE(filter.attach(Mode::Generic));
        const Interface loopback{.name = "lo", .index = if_nametoindex("lo"), .mtu = 1500};
        auto second = Filter::load(loopback, {});
        ASSERT_TRUE(second);
        const auto attached = second->attach(Mode::Generic);
        ASSERT_FALSE(attached);
        EXPECT_EQ(attached.error().message, "another XDP program is attached to it");
        {
            const Filter gone = std::move(filter);
        }
        EXPECT_TRUE(second->attach(Mode::Generic)) << "it was detached with its owner";
    });
}

}  // namespace
}  // namespace nearcast::xdp
