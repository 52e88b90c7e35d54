// SPDX-License-Identifier: Apache-2.0

#include "control/api/http_exchange.h"

#include <algorithm>
#include <string>
#include <utility>

#include "control/api/reply.h"
#include "dns/ascii.h"

namespace nearcast::control_api {
namespace {

// Longer ones name nothing that is here: two names of 1,000 characters at most.
constexpr size_t kTargetSizeMax = 4096;

// The library knows the extensions of chunks, and no trailers (RFC 9112 §7.1).
constexpr const char* kBroken =
    "The body did not come, or is not coded as it says; behind the last chunk there are no fields";

std::string lowered(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    return text;
}

bool may_have_body(const httplib::Request& from) {
    return from.method != "GET" && from.method != "HEAD" && from.method != "OPTIONS";
}

// Without either there is none (RFC 9112 §6.3).
bool has_body(const httplib::Request& from) {
    return from.has_header("Transfer-Encoding") ||
           (from.has_header("Content-Length") && from.get_header_value("Content-Length") != "0");
}

// Whether all who read the request agree where it ends (RFC 9112 §6).
bool is_well_framed(const httplib::Request& from) {
    const bool has_coding = from.has_header("Transfer-Encoding");
    const size_t lengths = from.get_header_value_count("Content-Length");
    if (lengths > 1 || (lengths == 1 && has_coding)) return false;
    if (has_coding) {
        return may_have_body(from) && from.get_header_value_count("Transfer-Encoding") == 1 &&
               lowered(from.get_header_value("Transfer-Encoding")) == "chunked";
    }
    const std::string length = lengths == 0 ? "0" : from.get_header_value("Content-Length");
    return !length.empty() && std::ranges::all_of(length, dns::is_digit);
}

// A client says once whom it means, or nobody knows whose request this is (RFC 9112 §3.2).
bool has_host(const httplib::Request& from) {
    const size_t count = from.get_header_value_count("Host");
    return count == 1 || (count == 0 && from.version == "HTTP/1.0");
}

bool read_head(const httplib::Request& from, Request& request) {
    request.method = from.method;
    request.peer = from.remote_addr;
    for (const auto& [name, value] : from.headers) request.headers.emplace(lowered(name), value);
    return read_target(from.target, request);
}

void write(const Response& response, httplib::Response& to) {
    to.status = response.status;
    for (const auto& [name, value] : response.headers) to.set_header(name, value);
    if (!response.content_type.empty()) to.set_content(response.body, response.content_type);
}

// What the library itself refuses, or what needs no more than its number.
const char* reason_of(int status) {
    switch (status) {
        case 404:
            return "Not Found";
        case 414:
            return "The path and query are longer than 4096 bytes";
        default:
            return "This is no request of HTTP/1.1 as it is known here";
    }
}

bool is_without_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

HttpExchange::HttpExchange(const HttpServer::Admit& admit) : admit_(admit) {
    set_keep_alive_max_count(kRequestsMax);  // The library tells it to clients.
    route();
}

bool HttpExchange::run(HttpConnection& connection, Then then) {
    connection_ = &connection;
    from_ = nullptr;
    ends_ = then == Then::Ends;
    bool is_closed = false;
    const bool is_done = process_request(connection, ends_, is_closed,
                                         [this](httplib::Request& from) { prepare(from); });
    // Where a head ends that could not be read, nobody knows.
    return is_done && from_ != nullptr && !is_closed && !ends_;
}

void HttpExchange::route() {
    // Before anything is matched, as the library matches by recursion.
    set_pre_routing_handler([this](const httplib::Request& from, httplib::Response& to) {
        if (!is_well_framed_) {
            refuse(to, 400, "It is not clear where this request ends");
        } else if (!has_host(from)) {
            refuse(to, 400, "A request has one header Host");
        } else if (from.target.size() > kTargetSizeMax) {
            refuse(to, 414, reason_of(414));
        } else {
            return HandlerResponse::Unhandled;
        }
        return HandlerResponse::Handled;
    });
    // A message without a body has no length of one (RFC 9110 §8.6). The library gives it 0.
    set_post_routing_handler([](const httplib::Request& /*from*/, httplib::Response& to) {
        if (is_without_body(to.status)) to.headers.erase("Content-Length");
    });
    set_error_handler(
        HandlerWithResponse([](const httplib::Request& /*from*/, httplib::Response& to) {
            if (!to.body.empty()) return HandlerResponse::Unhandled;
            write(error_reply(to.status, reason_of(to.status)), to);
            return HandlerResponse::Handled;
        }));
    const auto without_body = [this](const httplib::Request& from, httplib::Response& to) {
        answer(from, to, nullptr);
    };
    const auto with_body = [this](const httplib::Request& from, httplib::Response& to,
                                  const Content& content) { answer(from, to, &content); };
    Get(".*", without_body);
    Options(".*", without_body);
    Post(".*", with_body);
    Put(".*", with_body);
    Patch(".*", with_body);
    Delete(".*", with_body);
}

// Once the head is there.
void HttpExchange::prepare(httplib::Request& from) {
    from_ = &from;
    // What is here is made anew for each request: there are no parts of it to ask for.
    from.ranges.clear();
    is_well_framed_ = is_well_framed(from);
    if (!may_have_body(from) && has_body(from)) end_connection();  // It is not read.
}

void HttpExchange::refuse(httplib::Response& to, int status, const char* reason) {
    end_connection();
    write(error_reply(status, reason), to);
}

void HttpExchange::answer(const httplib::Request& from, httplib::Response& to,
                          const Content* content) {
    Request request;
    if (!read_head(from, request)) {
        return refuse(to, 400, "An escape in the path or query is none, or stands for no text");
    }
    const Admission admission = admit_(request);
    if (content != nullptr && has_body(from)) {
        if (admission.body_size_max == 0) {
            end_connection();
        } else {
            const BodyRead read = read_body(from, *content, admission.body_size_max, request.body);
            if (read == BodyRead::TooLong) return refuse(to, 413, "The body is too long");
            if (read == BodyRead::Broken) return refuse(to, 400, kBroken);
        }
    }
    if (!connection_->begin_answer()) return end_connection();
    write(admission.answer(request), to);
}

HttpExchange::BodyRead HttpExchange::read_body(const httplib::Request& from, const Content& content,
                                               size_t size_max, std::string& body) {
    const std::string length = from.get_header_value("Content-Length");
    const std::string most = std::to_string(size_max);
    const bool is_longer = std::pair(length.size(), length) > std::pair(most.size(), most);
    if (is_longer) return BodyRead::TooLong;
    connection_->begin_body();
    const bool is_whole = content([&](const char* data, size_t size) {
        body.append(data, size);
        return body.size() <= size_max;
    });
    if (is_whole) return BodyRead::Whole;
    return body.size() > size_max ? BodyRead::TooLong : BodyRead::Broken;
}

// The library says so to the client, by what it sees in his request.
void HttpExchange::end_connection() {
    ends_ = true;
    from_->headers.erase("Connection");
    from_->set_header("Connection", "close");
}

}  // namespace nearcast::control_api
