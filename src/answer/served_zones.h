// SPDX-License-Identifier: Apache-2.0
//
// For tests: zones written as text are served by a Responder, and questions get answers as text.
//
//   ServedZones zones;
//   zones.serve("example.org", "@ 3600 IN SOA ...");
//   zones.ask("www.example.org A")  gives
//     NOERROR aa
//     answer: www.example.org. 300 IN A 192.0.2.1

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "answer/responder.h"
#include "dns/message.h"
#include "dns/response.h"
#include "zone/zone_table.h"

namespace nearcast::answer {

class ServedZones {
 public:
    ServedZones();
    explicit ServedZones(const ResponderOptions& options);

    // Serves the zone from now on. Returns what is wrong with it, or nothing.
    std::string serve(std::string_view apex, std::string_view text);

    // "NAME TYPE [CLASS] [+do] [+noedns] [+tcp] [+size=N]". The size is what the client offers.
    [[nodiscard]] std::string ask(std::string_view question);
    // The message itself, empty if there was none.
    [[nodiscard]] std::vector<uint8_t> ask_for_bytes(std::string_view question);
    // The same for any bytes.
    [[nodiscard]] std::vector<uint8_t> send(std::span<const uint8_t> query,
                                            Transport transport = Transport::Udp,
                                            bool is_local = false);

    // The response to `exchange`, of which all is filled in but query and room.
    [[nodiscard]] std::vector<uint8_t> send(std::span<const uint8_t> query, Exchange exchange);

    [[nodiscard]] zone::ZoneTable& table() { return table_; }
    [[nodiscard]] Responder& responder() { return *responder_; }

 private:
    zone::ZoneTable table_;
    std::unique_ptr<Responder> responder_;
};

// The response as lines: rcode and flags, then a line for each record with its section in front.
[[nodiscard]] std::string describe(std::span<const uint8_t> response);

// The message that such a question means.
[[nodiscard]] std::vector<uint8_t> query_for(std::string_view question);

}  // namespace nearcast::answer
