// SPDX-License-Identifier: Apache-2.0

#include "serve/worker.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>
#include <string>

#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/side_by_side.h"
#include "serve/by_core.h"
#include "serve/listen_address.h"

// The workers' promise is counted, not believed: no allocation once they run. Out of line, or gcc
// sees the free() of what it believes to be the library's new.
namespace {
std::atomic<size_t> allocations = 0;
}
[[gnu::noinline]] void* operator new(size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* block = std::malloc(size)) return block;
    std::abort();
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, size_t) noexcept { std::free(block); }

namespace nearcast::serve {
namespace {

using namespace std::chrono_literals;

// Echoes; "silence" gets no answer. Says how often it was told to go offline.
class EchoAnswerer final : public Answerer {
 public:
    void respond(std::span<answer::Exchange> batch) noexcept override {
        for (answer::Exchange& exchange : batch) {
            const std::string_view text(reinterpret_cast<const char*>(exchange.query.data()),
                                        exchange.query.size());
            if (text.starts_with("silence")) continue;
            exchange.takes_datagram = text.starts_with("later");
            std::copy(text.begin(), text.end(), exchange.room.begin());
            exchange.response_size = text.size();
            all_local = all_local && exchange.is_local;
        }
        core = sched_getcpu();
    }
    void offline() noexcept override { ++offline_count; }
    // Answers in the other direction, on another thread.
    void take_datagram(DatagramReply reply, std::span<const uint8_t> message) noexcept override {
        std::vector<uint8_t> reversed(message.rbegin(), message.rend());
        std::thread([reply = std::move(reply), reversed] { reply.send(reversed); }).join();
    }

    std::atomic<size_t> offline_count = 0;
    std::atomic<bool> all_local = true;
    std::atomic<int> core = -1;
};

base::SocketAddress address_of(const char* text, uint16_t port) {
    return {*base::parse_ip_address(text), port};
}

base::SocketAddress name_of(int socket) {
    sockaddr_storage native{};
    socklen_t size = sizeof native;
    EXPECT_EQ(getsockname(socket, reinterpret_cast<sockaddr*>(&native), &size), 0);
    return base::from_native(native);
}

// A port that was free for UDP a moment ago, and is for TCP.
uint16_t free_port() {
    for (;;) {
        const auto udp = open_udp_socket(address_of("127.0.0.1", 0));
        const uint16_t port = name_of(udp->get()).port;
        if (open_tcp_listener(address_of("127.0.0.1", port))) return port;
    }
}

class Client {
 public:
    enum class Connect : uint8_t { Now, Later };

    Client(const base::SocketAddress& server, int type, Connect when = Connect::Now)
        : server_(server), socket_(::socket(server.ip.family(), type | SOCK_CLOEXEC, 0)) {
        EXPECT_TRUE(when == Connect::Later || connect());
    }

    [[nodiscard]] bool connect() const {
        const base::NativeAddress native(server_);
        return ::connect(socket_.get(), native.data(), native.size()) == 0;
    }
    [[nodiscard]] bool send(const std::string& bytes) const {
        return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size());
    }
    [[nodiscard]] bool has_input(std::chrono::milliseconds limit) const {
        pollfd item{socket_.get(), POLLIN, 0};
        return ::poll(&item, 1, static_cast<int>(limit.count())) == 1;
    }
    // How many bytes came; zero: the server closed, or nothing came for a long time.
    [[nodiscard]] size_t receive_into(std::span<char> room) const {
        if (!has_input(5s)) return 0;
        const ssize_t got = ::recv(socket_.get(), room.data(), room.size(), 0);
        return got > 0 ? static_cast<size_t>(got) : 0;
    }
    [[nodiscard]] std::string receive() const {
        std::string bytes(65536, '\0');
        bytes.resize(receive_into(bytes));
        return bytes;
    }
    [[nodiscard]] std::string ask(const std::string& bytes) const {
        return send(bytes) ? receive() : "(not sent)";
    }
    [[nodiscard]] int fd() const { return socket_.get(); }

 private:
    base::SocketAddress server_;
    base::Fd socket_;
};

class WorkerTest : public testing::Test {
 protected:
    void serve(std::vector<const char*> hosts, const TcpLimits& tcp = {}) {
        WorkerOptions options{.listen = {}, .tcp = tcp};
        port_ = free_port();
        for (const char* host : hosts) options.listen.push_back(address_of(host, port_));
        auto worker = Worker::open(options);
        ASSERT_TRUE(worker) << worker.error().message;
        worker_ = std::move(*worker);
        worker_->start(answerer_, pulse_);
    }
    [[nodiscard]] Client udp(const char* host) const {
        return {address_of(host, port_), SOCK_DGRAM};
    }
    [[nodiscard]] Client tcp(const char* host) const {
        return {address_of(host, port_), SOCK_STREAM};
    }

    uint16_t port_ = 0;
    EchoAnswerer answerer_;
    base::Pulse pulse_;
    std::unique_ptr<Worker> worker_;
};

const std::string kQuestion = "a question of some length";
const std::string kFramed = std::string("\0\x19", 2) + kQuestion;

TEST_F(WorkerTest, AnswersOverBothTransportsAndFamilies) {
    serve({"127.0.0.1", "::1"});
    for (const char* host : {"127.0.0.1", "::1"}) {
        EXPECT_EQ(udp(host).ask(kQuestion), kQuestion);
        EXPECT_EQ(tcp(host).ask(kFramed), kFramed);
    }
    EXPECT_TRUE(answerer_.all_local);
}

// A connected socket takes datagrams from the address it asked, and from no other.
TEST_F(WorkerTest, AnswersFromTheAddressThatWasAsked) {
    serve({"0.0.0.0", "::"});
    EXPECT_EQ(udp("127.0.0.1").ask(kQuestion), kQuestion);
    EXPECT_EQ(udp("127.9.8.7").ask(kQuestion), kQuestion);
    EXPECT_EQ(udp("::1").ask(kQuestion), kQuestion);
}

// Beyond those that poll() is asked for.
TEST_F(WorkerTest, AnswersOnMoreAddressesThanItPolls) {
    std::vector<std::string> texts;
    for (int i = 1; i <= 40; ++i) texts.push_back("127.0.0." + std::to_string(i));
    std::vector<const char*> hosts;
    for (const std::string& text : texts) hosts.push_back(text.c_str());
    serve(hosts);
    for (const char* host : hosts) EXPECT_EQ(udp(host).ask(kQuestion), kQuestion) << host;
    EXPECT_EQ(tcp("127.0.0.40").ask(kFramed), kFramed);
}

TEST_F(WorkerTest, ADatagramThatIsHandedOverIsAnsweredOnceFromTheAddressThatWasAsked) {
    serve({"0.0.0.0", "::"});
    for (const char* host : {"127.0.0.1", "127.9.8.7", "::1"}) {
        const Client client = udp(host);
        EXPECT_EQ(client.ask("later"), "retal");
        EXPECT_EQ(client.ask(kQuestion), kQuestion);
    }
    worker_.reset();
    EXPECT_EQ(pulse_.dropped.load(), 0U);
    EXPECT_EQ(pulse_.queries.load(), 3U);
}

TEST_F(WorkerTest, IgnoresADatagramLargerThanAnyQuery) {
    serve({"127.0.0.1"});
    const Client client = udp("127.0.0.1");
    ASSERT_TRUE(client.send(std::string(kUdpQuerySizeMax + 1, 'x')));
    EXPECT_EQ(client.ask(kQuestion), kQuestion);
    worker_.reset();
    EXPECT_EQ(pulse_.dropped.load(), 1U);
}

TEST_F(WorkerTest, CountsWhatItAnsweredAndWhatItDropped) {
    serve({"127.0.0.1"});
    const Client client = udp("127.0.0.1");
    ASSERT_TRUE(client.send("silence"));
    EXPECT_EQ(client.ask(kQuestion), kQuestion);
    EXPECT_EQ(tcp("127.0.0.1").ask(kFramed), kFramed);
    worker_.reset();
    EXPECT_EQ(pulse_.queries.load(), 2U);
    EXPECT_EQ(pulse_.dropped.load(), 1U);
    EXPECT_GE(pulse_.batches.load(), 2U);
}

TEST_F(WorkerTest, StaysOnItsCore) {
    const unsigned last = base::usable_core_numbers().back();
    port_ = free_port();
    auto worker = Worker::open({.listen = {address_of("127.0.0.1", port_)}, .tcp = {}});
    ASSERT_TRUE(worker);
    (*worker)->start(answerer_, pulse_);
    ASSERT_TRUE((*worker)->stay_on(last));
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(udp("127.0.0.1").ask(kQuestion), kQuestion);
        ASSERT_EQ(answerer_.core, static_cast<int>(last));
    }
}

// A guard asks over loopback, all from the core that it happens to run on.
TEST_F(WorkerTest, ChosenByCoreEachIsStillReachedOverLoopback) {
    const int here = sched_getcpu();
    ASSERT_GE(here, 0);
    const std::array<unsigned, 2> cores{static_cast<unsigned>(here),
                                        static_cast<unsigned>(here) + 1};
    const std::vector<unsigned> before = base::usable_core_numbers();
    port_ = free_port();
    std::array<base::Pulse, 2> pulses;
    std::vector<std::unique_ptr<Worker>> workers;
    for (base::Pulse& pulse : pulses) {
        auto worker = Worker::open({.listen = {address_of("127.0.0.1", port_)}, .tcp = {}});
        ASSERT_TRUE(worker) << worker.error().message;
        workers.push_back(std::move(*worker));
        workers.back()->start(answerer_, pulse);
    }
    ASSERT_TRUE(workers.front()->spread_by_core(cores));
    ASSERT_TRUE(stay_on_core(pthread_self(), cores[0]));
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(udp("127.0.0.1").ask(kQuestion), kQuestion);
        EXPECT_EQ(tcp("127.0.0.1").ask(kFramed), kFramed);
    }
    run_on_any_core(pthread_self());
    EXPECT_EQ(base::usable_core_numbers(), before);
    workers.clear();
    EXPECT_GT(pulses[0].queries.load(), 0U);
    EXPECT_GT(pulses[1].queries.load(), 0U);
}

TEST_F(WorkerTest, AnIdleWorkerShowsItsPulseWhenNudged) {
    serve({"127.0.0.1"});
    const uint64_t before = pulse_.batches.load();
    worker_->nudge();
    const auto limit = std::chrono::steady_clock::now() + 5s;
    while (pulse_.batches.load() == before && std::chrono::steady_clock::now() < limit) {
    }
    EXPECT_GT(pulse_.batches.load(), before);
}

TEST_F(WorkerTest, AllocatesNothingOverTenThousandQueries) {
    serve({"127.0.0.1"});
    const Client datagrams = udp("127.0.0.1");
    const Client stream = tcp("127.0.0.1");
    std::array<char, 64> room{};
    const auto ask = [&room](const Client& client, const std::string& question) {
        return client.send(question) && client.receive_into(room) == question.size();
    };
    ASSERT_TRUE(ask(datagrams, kQuestion) && ask(stream, kFramed));
    const size_t before = allocations.load();
    for (int i = 0; i < 5'000; ++i) {
        ASSERT_TRUE(ask(datagrams, kQuestion));
        ASSERT_TRUE(ask(stream, kFramed));
    }
    EXPECT_EQ(allocations.load(), before);
}

TEST_F(WorkerTest, AnswersWhatWaitsBeforeItEnds) {
    port_ = free_port();
    auto worker = Worker::open({.listen = {address_of("127.0.0.1", port_)}, .tcp = {}});
    ASSERT_TRUE(worker);
    const Client client = udp("127.0.0.1");
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(client.send(kQuestion));
    (*worker)->stop();
    (*worker)->start(answerer_, pulse_);
    worker->reset();
    for (int i = 0; i < 100; ++i) ASSERT_EQ(client.receive(), kQuestion);
}

TEST_F(WorkerTest, ClosesAnIdleConnection) {
    serve({"127.0.0.1"}, {.idle_limit = 50ms});
    const Client client = tcp("127.0.0.1");
    EXPECT_EQ(client.ask(kFramed), kFramed);
    EXPECT_EQ(client.receive(), "");
}

// The kernel's own count of the segments that a client has got.
uint32_t segments_received(const Client& client) {
    tcp_info info{};
    socklen_t size = sizeof info;
    EXPECT_EQ(getsockopt(client.fd(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_segs_in;
}

// A busy machine makes a response late now and then, and the kernel does not wait for it.
TEST_F(WorkerTest, AFirstQueryIsAcknowledgedByItsResponse) {
    serve({"127.0.0.1"});
    uint32_t fewest = UINT32_MAX;
    for (int i = 0; i < 100; ++i) {
        const Client client = tcp("127.0.0.1");
        const uint32_t before = segments_received(client);
        ASSERT_EQ(client.ask(kFramed), kFramed);
        fewest = std::min(fewest, segments_received(client) - before);
    }
    EXPECT_EQ(fewest, 1U);
}

// With the algorithm of Nagle the second part waits for the acknowledgement of the first: at once,
// or after 40 ms. A busy machine makes it wait longer now and then, never shorter.
TEST_F(WorkerTest, PartOfAQueryIsAcknowledgedAtOnce) {
    serve({"127.0.0.1"});
    auto shortest = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 100; ++i) {
        const Client client = tcp("127.0.0.1");
        const auto start = std::chrono::steady_clock::now();
        ASSERT_TRUE(client.send(kFramed.substr(0, 2)));
        ASSERT_EQ(client.ask(kFramed.substr(2)), kFramed);
        shortest = std::min(shortest, std::chrono::steady_clock::now() - start);
    }
    EXPECT_LT(shortest, 30ms);
}

TEST_F(WorkerTest, DrippingBytesDoesNotKeepAConnection) {
    serve({"127.0.0.1"}, {.idle_limit = 100ms});
    const Client client = tcp("127.0.0.1");
    const auto limit = std::chrono::steady_clock::now() + 5s;
    while (client.send("\xFF") && std::chrono::steady_clock::now() < limit) {
        (void)udp("127.0.0.1").ask(kQuestion);  // Some time passes.
    }
    EXPECT_LT(std::chrono::steady_clock::now(), limit);
}

TEST_F(WorkerTest, WithoutASlotTheLongestIdleConnectionGivesWay) {
    serve({"127.0.0.1"}, {.connections_max = 2});
    const Client oldest = tcp("127.0.0.1");
    EXPECT_EQ(oldest.ask(kFramed), kFramed);
    const Client second = tcp("127.0.0.1");
    EXPECT_EQ(second.ask(kFramed), kFramed);
    EXPECT_EQ(oldest.ask(kFramed), kFramed);  // Now the second is the longest idle.
    EXPECT_EQ(tcp("127.0.0.1").ask(kFramed), kFramed);
    EXPECT_EQ(second.receive(), "");
    EXPECT_EQ(oldest.ask(kFramed), kFramed);
}

// Every descriptor of this process in use: the worker's accept() fails as it would in the field.
class DescriptorShortage {
 public:
    DescriptorShortage() {
        getrlimit(RLIMIT_NOFILE, &before_);
        const base::Fd next(::dup(0));
        rlimit tight = before_;
        tight.rlim_cur = static_cast<rlim_t>(next.get());
        setrlimit(RLIMIT_NOFILE, &tight);
    }
    ~DescriptorShortage() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
    rlimit before_{};
};

TEST_F(WorkerTest, WithoutDescriptorsItServesUdpAndMakesRoomForTcp) {
    serve({"127.0.0.1"});
    const Client idle = tcp("127.0.0.1");
    EXPECT_EQ(idle.ask(kFramed), kFramed);
    const Client datagrams = udp("127.0.0.1");
    const Client late(address_of("127.0.0.1", port_), SOCK_STREAM, Client::Connect::Later);
    const DescriptorShortage shortage;
    ASSERT_TRUE(late.connect());
    EXPECT_EQ(datagrams.ask(kQuestion), kQuestion);
    EXPECT_EQ(late.ask(kFramed), kFramed);
    EXPECT_EQ(idle.receive(), "");
}

TEST_F(WorkerTest, WithNothingToCloseItPausesWithoutSpinning) {
    serve({"127.0.0.1"});
    const Client datagrams = udp("127.0.0.1");
    const Client late(address_of("127.0.0.1", port_), SOCK_STREAM, Client::Connect::Later);
    {
        const DescriptorShortage shortage;
        ASSERT_TRUE(late.connect());
        ASSERT_TRUE(late.send(kFramed));
        EXPECT_EQ(datagrams.ask(kQuestion), kQuestion);
        const size_t before = answerer_.offline_count;
        EXPECT_FALSE(late.has_input(300ms));
        EXPECT_LT(answerer_.offline_count - before, 20U);  // Rounds of the loop.
    }
    EXPECT_EQ(late.receive(), kFramed);
}

TEST_F(WorkerTest, AnAddressInUseIsTold) {
    serve({"127.0.0.1"});
    const auto free = check_is_free(address_of("127.0.0.1", port_));
    ASSERT_FALSE(free);
    EXPECT_NE(free.error().message.find("listen on 127.0.0.1:"), std::string::npos);
    EXPECT_NE(free.error().hint.find("ss -"), std::string::npos);
}

}  // namespace
}  // namespace nearcast::serve
