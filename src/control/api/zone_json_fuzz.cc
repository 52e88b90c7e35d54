// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the body of a request: nothing but a change or a reason comes of them, and a change
// that is read can be judged and kept, and comes back from its text.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "control/api/call_body.h"
#include "control/api/zone_json.h"
#include "control/edit_plan.h"
#include "control/stored_text.h"

using namespace nearcast;  // NOLINT

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void check_edits(const nlohmann::json& body) {
    const auto edits = control_api::read_edits(body);
    if (!edits) {
        require(!edits.error().message.empty());
        (void)control_api::error_reply(edits.error());
        return;
    }
    const auto apex = *dns::parse_name("example.org.");
    const auto planned = control::plan_edits(apex, {}, *edits);
    if (!planned) {
        require(!planned.error().empty());
        return;
    }
    const std::string text = control::encode_diff({.rrsets = *planned});
    const auto read = control::decode_diff(text);
    require(read && control::encode_diff(*read) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    control_api::Request request;
    request.body.assign(data, data + size);
    const auto body = control_api::read_body(request);
    if (!body) return 0;
    check_edits(*body);
    (void)control_api::read_new_zone(*body);
    (void)control_api::read_settings(*body);
    return 0;
}
