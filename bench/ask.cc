// SPDX-License-Identifier: Apache-2.0
//
// A load that counts: asks N questions from a file with at most W unanswered, or at a fixed rate,
// and prints what came back and how fast, as one JSON object. With --until it instead asks the
// first question until it is answered with NOERROR, and prints when that was.
//
// Usage: bench_ask IPV4 PORT FILE [--count N] [--window W] [--rate R] [--do] [--until SECONDS]

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds kLossTimeout{2000};  // A query unanswered for so long is lost.
constexpr milliseconds kRetryPause{2};
// The pause grows with the wait: it is known to 2 %, and a server that has bound its socket but is
// still loading does not find a queue of our questions when it is done.
constexpr int kPausesPerWait = 50;
constexpr uint16_t kEdnsSize = 1232;

struct Options {
    sockaddr_in server{};
    std::string file;
    std::size_t count = 1000;
    std::size_t window = 16;
    std::size_t rate = 0;  // Queries a second; 0: as fast as the window allows.
    std::size_t until = 0;
    bool dnssec = false;
};

using Message = std::vector<uint8_t>;

void append16(Message& message, uint16_t value) {
    message.push_back(static_cast<uint8_t>(value >> 8));
    message.push_back(static_cast<uint8_t>(value));
}

uint16_t type_code(std::string_view type) {
    static const std::map<std::string_view, uint16_t> codes{
        {"A", 1}, {"NS", 2}, {"SOA", 6}, {"MX", 15}, {"TXT", 16}, {"AAAA", 28}, {"DNSKEY", 48}};
    const auto found = codes.find(type);
    return found == codes.end() ? 1 : found->second;
}

Message make_query(std::string_view name, std::string_view type, bool dnssec) {
    Message query{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, static_cast<uint8_t>(dnssec ? 1 : 0)};
    while (!name.empty()) {
        const std::string_view label = name.substr(0, name.find('.'));
        query.push_back(static_cast<uint8_t>(label.size()));
        query.insert(query.end(), label.begin(), label.end());
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    query.push_back(0);
    append16(query, type_code(type));
    append16(query, 1);
    if (dnssec) {
        query.push_back(0);
        append16(query, 41);
        append16(query, kEdnsSize);
        append16(query, 0);
        append16(query, 0x8000);  // DO (RFC 3225)
        append16(query, 0);
    }
    return query;
}

std::vector<Message> read_queries(const Options& options) {
    std::vector<Message> queries;
    std::ifstream file(options.file);
    std::string name;
    std::string type;
    for (std::string rest; queries.size() < options.count && file >> name >> type;) {
        std::getline(file, rest);
        queries.push_back(make_query(name, type, options.dnssec));
    }
    return queries;
}

// One socket, connected: questions go out under consecutive ids, answers find theirs by id.
class Asker {
 public:
    explicit Asker(const Options& options) : options_(options), queries_(read_queries(options)) {
        fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        connect(fd_, reinterpret_cast<const sockaddr*>(&options.server), sizeof options.server);
    }

    [[nodiscard]] bool is_ready() const { return fd_ >= 0 && !queries_.empty(); }

    void run() {
        const auto start = Clock::now();
        while (answered_ + lost_ < options_.count) {
            while (sent_ < options_.count && sent_ - answered_ - lost_ < window() &&
                   is_due(start)) {
                send_next();
            }
            if (!receive(milliseconds{options_.rate != 0 ? 0 : 100})) drop_late();
        }
        print(std::chrono::duration<double>(Clock::now() - start).count(),
              std::chrono::duration<double>(last_sent_ - start).count());
    }

    bool run_until_answered() {
        const auto start = Clock::now();
        const auto deadline = start + std::chrono::seconds{options_.until};
        while (Clock::now() < deadline) {
            send_next();
            const auto waited = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
            while (receive(std::max(kRetryPause, waited / kPausesPerWait))) {
            }
            if (rcodes_[0] != 0) {
                const auto now = Clock::now().time_since_epoch();
                std::printf("{\"answered_at\": %.6f}\n",
                            std::chrono::duration<double>(now).count());
                return true;
            }
        }
        return false;
    }

 private:
    [[nodiscard]] std::size_t window() const {
        return options_.rate != 0 ? sent_at_.size() : options_.window;
    }

    [[nodiscard]] bool is_due(Clock::time_point start) const {
        if (options_.rate == 0) return true;
        const auto ahead = std::chrono::nanoseconds{1'000'000'000 * sent_ / options_.rate};
        return Clock::now() >= start + ahead;
    }

    void send_next() {
        Message& query = queries_[sent_ % queries_.size()];
        const auto id = static_cast<uint16_t>(sent_ % sent_at_.size());
        query[0] = static_cast<uint8_t>(id >> 8);
        query[1] = static_cast<uint8_t>(id);
        sent_at_[id] = last_sent_ = Clock::now();
        ++sent_;
        send(fd_, query.data(), query.size(), 0);
    }

    bool receive(milliseconds patience) {
        std::array<uint8_t, 4096> answer{};
        pollfd ready{fd_, POLLIN, 0};
        if (patience.count() > 0 && poll(&ready, 1, static_cast<int>(patience.count())) <= 0) {
            return false;
        }
        const ssize_t size = recv(fd_, answer.data(), answer.size(), MSG_DONTWAIT);
        if (size < 12) return false;
        const auto now = Clock::now();
        const auto id = static_cast<std::size_t>(answer[0] << 8 | answer[1]);
        if (sent_at_[id] == Clock::time_point{}) return true;  // Came after it was given up.
        latencies_.push_back(std::chrono::duration_cast<microseconds>(now - sent_at_[id]));
        sent_at_[id] = {};
        ++answered_;
        ++rcodes_[answer[3] & 0x0F];
        bytes_ += static_cast<std::size_t>(size);
        return true;
    }

    void drop_late() {
        const auto now = Clock::now();
        if (now < next_look_) return;
        next_look_ = now + kLossTimeout / 4;
        for (auto& at : sent_at_) {
            if (at == Clock::time_point{} || now - at < kLossTimeout) continue;
            at = {};
            ++lost_;
        }
    }

    void print(double seconds, double sending) {
        std::ranges::sort(latencies_);
        const auto at = [this](double share) -> long {
            if (latencies_.empty()) return 0;
            const auto last = static_cast<double>(latencies_.size() - 1);
            return static_cast<long>(latencies_[static_cast<std::size_t>(share * last)].count());
        };
        std::printf(
            "{\"sent\": %zu, \"answered\": %zu, \"lost\": %zu, \"seconds\": %.6f, \"sending\": "
            "%.6f, ",
            sent_, answered_, lost_, seconds, sending);
        std::printf("\"noerror\": %zu, \"nxdomain\": %zu, \"bytes\": %zu, ", rcodes_[0], rcodes_[3],
                    bytes_);
        std::printf("\"p50_us\": %ld, \"p90_us\": %ld, \"p99_us\": %ld, \"p999_us\": %ld}\n",
                    at(0.5), at(0.9), at(0.99), at(0.999));
    }

    const Options& options_;
    std::vector<Message> queries_;
    int fd_ = -1;
    std::vector<Clock::time_point> sent_at_{std::size_t{1} << 16};  // By id; empty: not waiting.
    std::vector<microseconds> latencies_;
    std::array<std::size_t, 16> rcodes_{};
    std::size_t sent_ = 0;
    std::size_t answered_ = 0;
    std::size_t lost_ = 0;
    std::size_t bytes_ = 0;
    Clock::time_point next_look_{};
    Clock::time_point last_sent_{};
};

bool read_number(std::string_view text, std::size_t& number) {
    return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc{};
}

bool read_options(const std::vector<std::string_view>& arguments, Options& options) {
    std::size_t port = 0;
    if (arguments.size() < 3 || !read_number(arguments[1], port)) return false;
    options.server.sin_family = AF_INET;
    options.server.sin_port = htons(static_cast<uint16_t>(port));
    const std::string address(arguments[0]);
    if (inet_pton(AF_INET, address.c_str(), &options.server.sin_addr) != 1) return false;
    options.file = arguments[2];
    const std::map<std::string_view, std::size_t*> numbers{{"--count", &options.count},
                                                           {"--window", &options.window},
                                                           {"--rate", &options.rate},
                                                           {"--until", &options.until}};
    for (std::size_t i = 3; i < arguments.size(); ++i) {
        const auto number = numbers.find(arguments[i]);
        if (arguments[i] == "--do") {
            options.dnssec = true;
        } else if (number == numbers.end() || ++i == arguments.size() ||
                   !read_number(arguments[i], *number->second)) {
            return false;
        }
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (!read_options({argv + 1, argv + argc}, options)) {
        std::fprintf(stderr,
                     "usage: bench_ask IPV4 PORT FILE [--count N] [--window W] [--rate R]"
                     " [--do] [--until SECONDS]\n");
        return 2;
    }
    Asker asker(options);
    if (!asker.is_ready()) {
        std::fprintf(stderr, "bench_ask: %s has no questions\n", options.file.c_str());
        return 1;
    }
    if (options.until != 0) return asker.run_until_answered() ? 0 : 1;
    asker.run();
}
