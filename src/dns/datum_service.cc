// SPDX-License-Identifier: Apache-2.0

// The parameters of SVCB and HTTPS (RFC 9460 §2.1, §7, §8; RFC 9461; RFC 9540). On the wire: key,
// size, value, by ascending keys, each at most once.

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "dns/ascii.h"
#include "dns/datum.h"
#include "dns/encoding.h"

namespace nearcast::dns {
namespace {

enum class Key : uint16_t {
    Mandatory = 0,
    Alpn = 1,
    NoDefaultAlpn = 2,
    Port = 3,
    Ipv4Hint = 4,
    Ech = 5,
    Ipv6Hint = 6,
    DohPath = 7,
    Ohttp = 8,
    TlsSupportedGroups = 9,
    Invalid = 65535,
};

constexpr auto kKeyNames = std::to_array<std::string_view>(
    {"mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath",
     "ohttp", "tls-supported-groups"});

constexpr std::string_view kNumberPrefix = "key";  // Of keys without a name: key667.

bool parse_key(std::string_view text, Key& key) {
    const auto* const known = std::ranges::find(kKeyNames, text);
    uint32_t number = static_cast<uint32_t>(known - kKeyNames.begin());
    if (known == kKeyNames.end()) {
        // A number as it would be printed: no zero in front.
        if (!text.starts_with(kNumberPrefix) || (text.size() > 4 && text[3] == '0')) return false;
        if (!parse_decimal(text.substr(3), 65534, number)) return false;
    }
    key = static_cast<Key>(number);
    return true;
}

void append_key(Key key, std::string& text) {
    const auto number = static_cast<size_t>(key);
    if (number < kKeyNames.size()) {
        text += kKeyNames[number];
    } else {
        text += "key" + std::to_string(number);
    }
}

std::string_view as_text(std::span<const uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Divides a list at commas; a backslash keeps the byte after it as it is (RFC 9460 §A.1).
class ListReader {
 public:
    explicit ListReader(std::string_view list) : rest_(list) {}

    // False: there is none left, or the list is broken.
    bool next(std::string_view& item) {
        if (is_over_) return false;
        const size_t end = std::min(rest_.find_first_of(",\\"), rest_.size());
        if (end < rest_.size() && rest_[end] == '\\') return next_escaped(item);
        item = rest_.substr(0, end);
        return pass(end);
    }
    [[nodiscard]] bool is_whole() const { return is_over_ && !is_broken_; }

 private:
    bool next_escaped(std::string_view& item) {
        held_.clear();
        size_t at = 0;
        for (; at < rest_.size() && rest_[at] != ','; ++at) {
            if (rest_[at] == '\\' && ++at == rest_.size()) return fail();
            held_ += rest_[at];
        }
        item = held_;
        return pass(at);
    }
    // An item ends here, with a comma or with the list. There are no empty ones.
    bool pass(size_t end) {
        if (end == 0) return fail();
        is_over_ = end == rest_.size();
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return true;
    }
    bool fail() {
        is_over_ = is_broken_ = true;
        return false;
    }

    std::string_view rest_;
    std::string held_;  // An item without its backslashes.
    bool is_over_ = false;
    bool is_broken_ = false;
};

bool parse_mandatory(ListReader& items, Bytes& rdata) {
    std::vector<Key> keys;
    for (std::string_view item; items.next(item);) {
        if (!parse_key(item, keys.emplace_back())) return false;
    }
    std::ranges::sort(keys);
    for (const Key key : keys) put_u16(rdata, static_cast<uint16_t>(key));
    return true;
}

bool parse_alpn(std::string_view item, Bytes& rdata) {
    if (item.size() > 255) return false;
    rdata.push_back(static_cast<uint8_t>(item.size()));
    rdata.insert(rdata.end(), item.begin(), item.end());
    return true;
}

// The codes of a registry, no two the same (draft-ietf-tls-key-share-prediction §3).
bool parse_group(std::string_view item, Bytes& rdata) {
    uint32_t group = 0;
    if (!parse_decimal(item, 0xFFFF, group)) return false;
    put_u16(rdata, static_cast<uint16_t>(group));
    return true;
}

bool parse_item(Key key, std::string_view item, Bytes& rdata) {
    switch (key) {
        case Key::Alpn:
            return parse_alpn(item, rdata);
        case Key::Ipv4Hint:
            return parse_ipv4(item, rdata);
        case Key::Ipv6Hint:
            return parse_ipv6(item, rdata);
        default:
            return parse_group(item, rdata);
    }
}

bool parse_list(Key key, std::string_view plain, Bytes& rdata) {
    ListReader items(plain);
    if (key == Key::Mandatory) return parse_mandatory(items, rdata) && items.is_whole();
    for (std::string_view item; items.next(item);) {
        if (!parse_item(key, item, rdata)) return false;
    }
    return items.is_whole();
}

// `plain` is what stood behind the '=', its escapes undone.
bool parse_value(Key key, std::string_view plain, Bytes& rdata) {
    switch (key) {
        case Key::Mandatory:
        case Key::Alpn:
        case Key::Ipv4Hint:
        case Key::Ipv6Hint:
        case Key::TlsSupportedGroups:
            return parse_list(key, plain, rdata);
        case Key::Port: {
            uint32_t port = 0;
            if (!parse_decimal(plain, 65535, port)) return false;
            put_u16(rdata, static_cast<uint16_t>(port));
            return true;
        }
        case Key::Ech: {
            Base64Decoder decoder;
            return decoder.feed(plain, rdata) && decoder.finish();
        }
        default:
            rdata.insert(rdata.end(), plain.begin(), plain.end());
            return true;
    }
}

bool is_alpn_value(std::span<const uint8_t> value) {
    for (size_t at = 0; at < value.size(); at += value[at] + 1U) {
        if (value[at] == 0 || value[at] + 1U > value.size() - at) return false;
    }
    return !value.empty();
}

bool is_mandatory_value(std::span<const uint8_t> value) {
    int previous = 0;  // The key `mandatory` itself must not be listed.
    if (value.empty() || value.size() % 2 != 0) return false;
    for (size_t at = 0; at < value.size(); at += 2) {
        const int key = base::load_u16(&value[at]);
        if (key <= previous) return false;
        previous = key;
    }
    return true;
}

bool is_groups_value(std::span<const uint8_t> value) {
    if (value.empty() || value.size() % 2 != 0) return false;
    for (size_t at = 0; at < value.size(); at += 2) {
        for (size_t other = 0; other < at; other += 2) {
            if (value[at] == value[other] && value[at + 1] == value[other + 1]) return false;
        }
    }
    return true;
}

// A relative URI template with the variable `dns` in an expression (RFC 9461 §5). Of its octets
// only those of UTF-8 that are no control characters; whether they are characters is not looked at.
bool is_dohpath_value(std::span<const uint8_t> value) {
    const std::string_view text = as_text(value);
    if (!text.starts_with('/')) return false;
    for (size_t open = text.find('{'); open != std::string_view::npos;) {
        const size_t close = text.find('}', open);
        if (close == std::string_view::npos) return false;
        const std::string_view expression = text.substr(open + 1, close - open - 1);
        const size_t name = expression.find("dns");
        const auto is_end = [&](size_t at) {
            return at >= expression.size() ||
                   std::string_view("?&;/.#+,*:").find(expression[at]) != std::string_view::npos;
        };
        if (name != std::string_view::npos && (name == 0 || is_end(name - 1)) && is_end(name + 3)) {
            return true;
        }
        open = text.find('{', close);
    }
    return false;
}

bool is_value(Key key, std::span<const uint8_t> value) {
    switch (key) {
        case Key::Mandatory:
            return is_mandatory_value(value);
        case Key::Alpn:
            return is_alpn_value(value);
        case Key::NoDefaultAlpn:
        case Key::Ohttp:
            return value.empty();
        case Key::Port:
            return value.size() == 2;
        case Key::Ipv4Hint:
            return !value.empty() && value.size() % 4 == 0;
        case Key::Ipv6Hint:
            return !value.empty() && value.size() % 16 == 0;
        case Key::TlsSupportedGroups:
            return is_groups_value(value);
        case Key::Ech:
            return !value.empty();
        case Key::DohPath:
            return is_dohpath_value(value);
        case Key::Invalid:
            return false;
    }
    return true;
}

// What a value of this key would be, for who wrote another.
const char* wanted_of(Key key) {
    switch (key) {
        case Key::Mandatory:
            return "must list other keys of the record, each once: mandatory=alpn,port";
        case Key::Alpn:
            return "must list protocols: alpn=h2,h3";
        case Key::NoDefaultAlpn:
        case Key::Ohttp:
            return "has a value, and this key takes none";
        case Key::Port:
            return "must give a number from 0 to 65535: port=8443";
        case Key::Ipv4Hint:
            return "must list IPv4 addresses: ipv4hint=192.0.2.1,192.0.2.2";
        case Key::Ipv6Hint:
            return "must list IPv6 addresses: ipv6hint=2001:db8::1";
        case Key::TlsSupportedGroups:
            return "must list numbers of groups, each once: tls-supported-groups=29,23";
        case Key::Ech:
            return "must give a configuration in base64";
        case Key::DohPath:
            return "must give a path with the variable dns: dohpath=/dns-query{?dns}";
        default:
            return "has a value that this key does not take";
    }
}

bool read_parameter(WireReader& rdata, Key& key, std::span<const uint8_t>& value) {
    uint16_t number = 0;
    uint16_t size = 0;
    if (!rdata.read_u16(number) || !rdata.read_u16(size)) return false;
    key = static_cast<Key>(number);
    return rdata.read_bytes(size, value);
}

// Every key that `mandatory` lists is there. Both lists ascend, so one walk over each will do.
bool has_all(std::span<const uint8_t> parameters, std::span<const uint8_t> mandatory) {
    WireReader reader(parameters);
    Key key = Key::Mandatory;
    std::span<const uint8_t> value;
    for (size_t at = 0; at < mandatory.size(); at += 2) {
        const auto wanted = static_cast<Key>(base::load_u16(&mandatory[at]));
        while (key < wanted) {
            if (!read_parameter(reader, key, value)) return false;
        }
        if (key != wanted) return false;
    }
    return true;
}

// The keys ascend, and those that another one needs are there. The values are known to be good.
Fault judge_list(std::span<const uint8_t> parameters) {
    WireReader reader(parameters);
    int previous = -1;
    bool has_alpn = false;
    while (reader.remaining() > 0) {
        Key key{};
        std::span<const uint8_t> value;
        (void)read_parameter(reader, key, value);
        if (static_cast<int>(key) <= previous) {
            return Fault("ends a list that gives a key twice: keep one of the two");
        }
        if (key == Key::Mandatory && !has_all(parameters, value)) {
            return Fault(
                "ends a list without a key that its mandatory names: add that key, or name those "
                "alone that are there (RFC 9460, section 8)");
        }
        has_alpn |= key == Key::Alpn;
        if (key == Key::NoDefaultAlpn && !has_alpn) {
            return Fault(
                "ends a list with no-default-alpn and without alpn: add the protocols, or remove "
                "it (RFC 9460, section 7.1.1)");
        }
        previous = static_cast<int>(key);
    }
    return {};
}

bool check_parameters(WireReader& rdata) {
    const std::span<const uint8_t> parameters = rdata.rest();
    while (rdata.remaining() > 0) {
        Key key{};
        std::span<const uint8_t> value;
        if (!read_parameter(rdata, key, value) || !is_value(key, value)) return false;
    }
    return !judge_list(parameters);
}

// Puts it behind the others as on the wire.
Fault parse_parameter(std::string_view text, Key& key, Bytes& rdata) {
    const size_t equals = std::min(text.find('='), text.size());
    if (!parse_key(text.substr(0, equals), key)) {
        return Fault("is no parameter: write key=value, such as alpn=h2 or key667=\"x\"");
    }
    const bool is_number = text.starts_with(kNumberPrefix);
    text.remove_prefix(std::min(equals + 1, text.size()));
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);
    }
    Bytes plain;
    if (text.find('\\') != std::string_view::npos) {
        if (!unescape(text, plain)) {
            return Fault("has a bad escape: write \\DDD, 000 to 255, or \\X");
        }
        text = as_text(plain);
    }
    put_u16(rdata, static_cast<uint16_t>(key));
    put_u16(rdata, 0);
    const size_t start = rdata.size();
    // A key by its number has its value as on the wire, also where it has a name.
    bool is_good = parse_value(is_number ? Key::Invalid : key, text, rdata);
    const auto value = std::span(rdata).subspan(start);
    is_good = is_good && value.size() <= 0xFFFF && is_value(key, value);
    if (!is_good) return Fault(is_number ? wanted_of(Key::Invalid) : wanted_of(key));
    base::store_u16(&rdata[start - 2], static_cast<uint16_t>(value.size()));
    return {};
}

// By ascending keys. They mostly stand so.
void sort_parameters(std::span<uint8_t> parameters) {
    const Bytes unsorted(parameters.begin(), parameters.end());
    std::vector<std::pair<Key, std::span<const uint8_t>>> places;
    WireReader reader(unsorted);
    while (reader.remaining() > 0) {
        const std::span<const uint8_t> rest = reader.rest();
        Key key{};
        std::span<const uint8_t> value;
        (void)read_parameter(reader, key, value);
        places.emplace_back(key, rest.first(rest.size() - reader.remaining()));
    }
    std::ranges::stable_sort(places, {}, [](const auto& place) { return place.first; });
    auto out = parameters.begin();
    for (const auto& [key, bytes] : places) out = std::ranges::copy(bytes, out).out;
}

Fault parse_parameters(TokenReader& words, Bytes& rdata) {
    const size_t start = rdata.size();
    Key previous = Key::Mandatory;
    bool is_sorted = true;
    std::string_view text;
    while (words.has_next()) {
        Key key{};
        if (const Fault fault = words.next(text)) return fault;
        if (const Fault fault = parse_parameter(text, key, rdata)) return fault;
        is_sorted = is_sorted && previous <= key;
        previous = key;
    }
    const auto parameters = std::span(rdata).subspan(start);
    if (!is_sorted) sort_parameters(parameters);
    return judge_list(parameters);
}

// The list's own escapes, for commas and backslashes, under those of the string.
void append_alpn(std::span<const uint8_t> value, std::string& text) {
    for (size_t at = 0; at < value.size(); at += value[at] + 1U) {
        Bytes item;
        for (const uint8_t byte : value.subspan(at + 1, value[at])) {
            if (byte == ',' || byte == '\\') item.push_back('\\');
            item.push_back(byte);
        }
        if (at > 0) text += ',';
        append_escaped(item, text);
    }
}

void append_mandatory(std::span<const uint8_t> value, std::string& text) {
    for (size_t at = 0; at < value.size(); at += 2) {
        if (at > 0) text += ',';
        append_key(static_cast<Key>(base::load_u16(&value[at])), text);
    }
}

void append_groups(std::span<const uint8_t> value, std::string& text) {
    for (size_t at = 0; at < value.size(); at += 2) {
        if (at > 0) text += ',';
        text += std::to_string(base::load_u16(&value[at]));
    }
}

void append_addresses(std::span<const uint8_t> value, size_t size, std::string& text) {
    for (size_t at = 0; at < value.size(); at += size) {
        if (at > 0) text += ',';
        size == 4 ? append_ipv4(&value[at], text) : append_ipv6(&value[at], text);
    }
}

void append_value(Key key, std::span<const uint8_t> value, std::string& text) {
    switch (key) {
        case Key::Mandatory:
            return append_mandatory(value, text);
        case Key::Port:
            text += std::to_string(base::load_u16(value.data()));
            return;
        case Key::Ipv4Hint:
            return append_addresses(value, 4, text);
        case Key::Ipv6Hint:
            return append_addresses(value, 16, text);
        case Key::Ech:
            return append_base64(value, text);
        case Key::TlsSupportedGroups:
            return append_groups(value, text);
        default:
            break;
    }
    text += '"';
    key == Key::Alpn ? append_alpn(value, text) : append_escaped(value, text);
    text += '"';
}

void print_parameters(WireReader& rdata, std::string& text) {
    for (bool is_first = true; rdata.remaining() > 0; is_first = false) {
        Key key{};
        std::span<const uint8_t> value;
        (void)read_parameter(rdata, key, value);
        if (!is_first) text += ' ';
        append_key(key, text);
        if (value.empty()) continue;
        text += '=';
        append_value(key, value, text);
    }
}

}  // namespace

const Datum kServiceParametersDatum{parse_parameters, check_parameters, print_parameters};

}  // namespace nearcast::dns
