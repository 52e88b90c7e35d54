// SPDX-License-Identifier: Apache-2.0

#include "control/api/openapi.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "control/api/reply.h"

namespace nearcast::control_api {
namespace {

using nlohmann::json;

struct Parameter {
    std::string_view name;
    const char* type;
    const char* meaning;
};

// Of queries; the same name means the same everywhere.
constexpr std::array kParameters{
    Parameter{"after", "string", "Begin behind this one, as the Link to the next page says"},
    Parameter{"all", "boolean", "Also those that were revoked"},
    Parameter{"before", "integer", "Only what has a smaller sequence"},
    Parameter{"domain", "string", "A name; nothing is cached, so nothing is done"},
    Parameter{"hostname", "string", "Names with a comma between"},
    Parameter{"limit", "integer", "The size of a page"},
    Parameter{"max", "integer", "The most that is found"},
    Parameter{"myip", "string", "Addresses with a comma between"},
    Parameter{"object_type", "string", "all, zone or record"},
    Parameter{"q", "string", "A pattern with * and ?"},
    Parameter{"rrset_name", "string", "Only the sets of this owner"},
    Parameter{"rrset_type", "string", "And only of this type"},
    Parameter{"rrsets", "boolean", "false: without the sets"},
    Parameter{"timeout", "integer", "How long to wait at most, in seconds"},
    Parameter{"wait", "string",
              "all, quorum or pop:NAME: answer once these serve the change; published: once "
              "this controller has published it"},
    Parameter{"zone", "string", "Only this zone"}};

std::string_view take_word(std::string_view& text, char separator) {
    const size_t end = text.find(separator);
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return word;
}

json schema_of(std::string_view name) {
    if (name.starts_with('[')) {
        return {{"type", "array"}, {"items", schema_of(name.substr(1, name.size() - 2))}};
    }
    return {{"$ref", "#/components/schemas/" + std::string(name)}};
}

json content_of(std::string_view name) {
    if (name == "text") return {{"text/plain", {{"schema", {{"type", "string"}}}}}};
    return {{kJsonType, {{"schema", schema_of(name)}}}};
}

// "/api/v1/pops/{pop}", with its parameters.
std::string path_of(std::string_view pattern, json& parameters) {
    std::string path;
    while (!pattern.empty()) {
        const std::string_view segment = take_word(pattern, '/');
        path += '/';
        if (!segment.starts_with(':')) {
            path += segment;
            continue;
        }
        const std::string name(segment.substr(1));
        path += '{' + name + '}';
        parameters.push_back(
            {{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
    }
    return path;
}

void add_query(std::string_view names, json& parameters) {
    while (!names.empty()) {
        const std::string_view name = take_word(names, ' ');
        const auto known = std::ranges::find(kParameters, name, &Parameter::name);
        if (known == kParameters.end()) continue;
        parameters.push_back({{"name", name},
                              {"in", "query"},
                              {"description", known->meaning},
                              {"schema", {{"type", known->type}}}});
    }
}

json responses_of(const RouteText& text) {
    json success{{"description", "Done"}};
    if (*text.gives != '\0') success["content"] = content_of(text.gives);
    return {
        {std::to_string(text.status), std::move(success)},
        {"default", {{"description", "Why it was not done"}, {"content", content_of("Error")}}}};
}

json describe(const DescribedRoute& route, json parameters) {
    json described{{"summary", route.text.summary}, {"responses", responses_of(route.text)}};
    add_query(route.text.query, parameters);
    if (!parameters.empty()) described["parameters"] = std::move(parameters);
    if (*route.text.takes != '\0') {
        described["requestBody"] = {{"required", true}, {"content", content_of(route.text.takes)}};
    }
    if (route.right.empty()) {
        described["security"] = json::array();
    } else {
        described["description"] = "The key needs the right to " + std::string(route.right);
    }
    return described;
}

}  // namespace

json describe_api(std::span<const DescribedRoute> routes, const std::string& version) {
    json paths = json::object();
    for (const DescribedRoute& route : routes) {
        json parameters = json::array();
        const std::string path = path_of(route.pattern, parameters);
        std::string method(route.method);
        for (char& c : method) c = static_cast<char>(std::tolower(c));
        paths[path][method] = describe(route, std::move(parameters));
    }
    return {{"openapi", "3.1.0"},
            {"info", {{"title", "Nearcast controller"}, {"version", version}}},
            {"paths", std::move(paths)},
            {"components",
             {{"schemas", json::parse(kSchemas)},
              {"securitySchemes",
               {{"key", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}}}}}}},
            {"security", json::array({{{"key", json::array()}}})}};
}

}  // namespace nearcast::control_api
