// SPDX-License-Identifier: Apache-2.0

#include "control/api/list_page.h"

#include <charconv>
#include <iterator>
#include <string>

#include "control/api/call_body.h"
#include "control/api/reply.h"

namespace nearcast::control_api {
namespace {

using nlohmann::json;

std::string text_of_id(const json& id) {
    return id.is_string() ? id.get<std::string>() : id.dump();
}

bool is_behind(const json& id, const std::string& after) {
    if (id.is_string()) return id.get_ref<const std::string&>() > after;
    int64_t number = 0;
    std::from_chars(after.data(), after.data() + after.size(), number);
    return id.get<int64_t>() > number;
}

std::string path_of(const Request& request) {
    std::string path;
    for (const std::string& segment : request.path) path += '/' + escaped(segment);
    return path;
}

}  // namespace

Response page_reply(const Request& request, json list, const char* member) {
    const auto limit = read_limit(request, UINT64_MAX, UINT64_MAX);
    if (!limit) return limit.error();
    const std::string after = request.parameter("after").value_or("");
    json page = json::array();
    bool has_more = false;
    for (json& item : list) {
        if (!after.empty() && !is_behind(item[member], after)) continue;
        has_more = page.size() == *limit;
        if (has_more) break;
        page.push_back(std::move(item));
    }
    Response response = json_reply(200, page);
    if (has_more) {
        response.headers.emplace_back(
            "Link", '<' + path_of(request) + "?limit=" + std::to_string(*limit) +
                        "&after=" + escaped(text_of_id(page.back()[member])) + ">; rel=\"next\"");
    }
    return response;
}

}  // namespace nearcast::control_api
