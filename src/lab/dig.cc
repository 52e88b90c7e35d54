// SPDX-License-Identifier: Apache-2.0

#include "lab/dig.h"

#include <array>
#include <cerrno>
#include <cmath>

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "lab/netns.h"
#include "lab/prober.h"
#include "lab/table.h"

#include <nlohmann/json.hpp>

namespace nearcast::lab {

namespace {

using base::Fd;
using base::Instant;
using base::Result;
using Bytes = std::vector<uint8_t>;

constexpr int kAttempts = 3;
constexpr timeval kPatience{.tv_sec = 1, .tv_usec = 0};

Result<Fd> connect_from(const Plan& plan, const DigQuestion& question, int type) {
    const Node& node = plan.nodes[question.city];
    const auto visit = NamespaceVisit::enter(node.net_namespace);
    if (!visit) return std::unexpected(visit.error());
    Fd socket(::socket(question.server.ip.family(), type | SOCK_CLOEXEC, 0));
    const base::NativeAddress server(question.server);
    if (!socket ||
        ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience) != 0 ||
        ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience) != 0) {
        return base::fail_errno("a socket in " + node.net_namespace, errno);
    }
    for (const Network& network : node.networks) {
        const base::NativeAddress own({network.address, 0});
        if (network.address.is_v6 == question.server.ip.is_v6) {
            static_cast<void>(::bind(socket.get(), own.data(), own.size()));
        }
    }
    if (::connect(socket.get(), server.data(), server.size()) != 0) {
        return base::fail_errno(to_text(question.server), errno);
    }
    return socket;
}

// An answer to another question than the last one asked is not looked at.
Result<Bytes> ask_over_udp(const Fd& socket, const Bytes& query) {
    Bytes buffer(dns::kMessageSizeMax);
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        if (::send(socket.get(), query.data(), query.size(), 0) < 0) continue;
        const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
        if (size < static_cast<ssize_t>(dns::kHeaderSize)) continue;
        if (base::load_u16(buffer.data()) != base::load_u16(query.data())) continue;
        buffer.resize(static_cast<size_t>(size));
        return buffer;
    }
    return base::fail("nobody answered");
}

bool receive_all(const Fd& socket, std::span<uint8_t> into) {
    return ::recv(socket.get(), into.data(), into.size(), MSG_WAITALL) ==
           static_cast<ssize_t>(into.size());
}

Result<Bytes> ask_over_tcp(const Fd& socket, const Bytes& query) {
    Bytes framed(2);
    base::store_u16(framed.data(), static_cast<uint16_t>(query.size()));
    framed.insert(framed.end(), query.begin(), query.end());
    std::array<uint8_t, 2> length{};
    if (::send(socket.get(), framed.data(), framed.size(), MSG_NOSIGNAL) < 0 ||
        !receive_all(socket, length)) {
        return base::fail("nobody answered over TCP");
    }
    Bytes message(base::load_u16(length.data()));
    if (!receive_all(socket, message)) return base::fail("the answer over TCP broke off");
    return message;
}

Result<Bytes> exchange(const Plan& plan, const DigQuestion& question, const Bytes& query,
                       bool is_tcp) {
    const auto socket = connect_from(plan, question, is_tcp ? SOCK_STREAM : SOCK_DGRAM);
    if (!socket) return std::unexpected(socket.error());
    return is_tcp ? ask_over_tcp(*socket, query) : ask_over_udp(*socket, query);
}

Result<DigAnswer> ask(const Plan& plan, const DigQuestion& question, bool is_tcp) {
    const dns::EdnsOption nsid{.code = dns::kNsid, .data = {}};
    const Instant start = base::now();
    const Bytes query =
        dns::build_query({.id = static_cast<uint16_t>(start.time_since_epoch().count()),
                          .qname = question.name,
                          .qtype = question.type,
                          .options = {&nsid, 1}});
    const auto message = exchange(plan, question, query, is_tcp);
    if (!message) return std::unexpected(message.error());
    DigAnswer answer;
    answer.rtt_ms = std::chrono::duration<double, std::milli>(base::now() - start).count();
    answer.size = message->size();
    answer.came_over_tcp = is_tcp;
    auto response = dns::read_response(*message);
    if (!response) return std::unexpected(response.error());
    answer.response = *std::move(response);
    if (const auto id = answer.response.option(dns::kNsid))
        answer.server = {id->begin(), id->end()};
    return answer;
}

std::string section_text(const std::string& title, const std::vector<dns::Record>& records) {
    if (records.empty()) return {};
    std::string text = ";; " + title + '\n';
    for (const dns::Record& record : records) text += to_text(record) + '\n';
    return text + '\n';
}

std::string flags_text(const dns::Response& response) {
    std::string text = "qr";
    if (response.is_authoritative()) text += " aa";
    if (response.is_truncated()) text += " tc";
    if ((response.header.flags & dns::kFlagRd) != 0) text += " rd";
    return text;
}

std::string who_answered(const Plan& plan, const DigAnswer& answer) {
    const auto pop = pop_of_nsid(plan, answer.server);
    if (!pop) return answer.server.empty() ? "a server without a name" : answer.server;
    return plan.router(*pop).city + " (" + answer.server + ")";
}

nlohmann::json section_json(const std::vector<dns::Record>& records) {
    nlohmann::json list = nlohmann::json::array();
    for (const dns::Record& record : records) list.push_back(to_text(record));
    return list;
}

}  // namespace

Result<DigAnswer> dig(const Plan& plan, const DigQuestion& question) {
    auto answer = ask(plan, question, false);
    if (answer && answer->response.is_truncated()) answer = ask(plan, question, true);
    if (!answer) {
        return base::within(
            "asking " + to_text(question.server) + " from " + plan.router(question.city).city,
            answer.error());
    }
    return answer;
}

std::string dig_text(const Plan& plan, const DigQuestion& question, const DigAnswer& answer) {
    const dns::Response& response = answer.response;
    std::string text = ";; status: " + to_text(response.rcode) +
                       ", flags: " + flags_text(response) + "\n;; " + to_text(question.name) + ' ' +
                       to_text(question.type) + "\n\n";
    text += section_text("ANSWER", response.answer);
    text += section_text("AUTHORITY", response.authority);
    text += section_text("ADDITIONAL", response.additional);
    text += "answered by " + who_answered(plan, answer) + " in " + milliseconds(answer.rtt_ms) +
            ", asked from " + plan.router(question.city).city + " at " +
            to_text(question.server.ip) + (answer.came_over_tcp ? " over TCP" : "") + ", " +
            std::to_string(answer.size) + " bytes\n";
    return text;
}

std::string dig_json(const Plan& plan, const DigQuestion& question, const DigAnswer& answer) {
    const auto pop = pop_of_nsid(plan, answer.server);
    nlohmann::json object{{"city", plan.router(question.city).name},
                          {"pop", nullptr},
                          {"server", answer.server},
                          {"rtt_ms", std::round(answer.rtt_ms * 100) / 100},
                          {"rcode", to_text(answer.response.rcode)},
                          {"flags", flags_text(answer.response)},
                          {"tcp", answer.came_over_tcp},
                          {"answer", section_json(answer.response.answer)},
                          {"authority", section_json(answer.response.authority)},
                          {"additional", section_json(answer.response.additional)}};
    if (pop) object["pop"] = plan.router(*pop).name;
    return object.dump(1) + '\n';
}

}  // namespace nearcast::lab
