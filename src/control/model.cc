// SPDX-License-Identifier: Apache-2.0

#include "control/model.h"

#include <array>
#include <utility>

#include "dns/ascii.h"

namespace nearcast::control {
namespace {

constexpr std::array<std::pair<std::string_view, ZoneKind>, 7> kKinds{{
    {"Native", ZoneKind::Native},
    {"Master", ZoneKind::Master},
    {"Slave", ZoneKind::Slave},
    {"Producer", ZoneKind::Producer},
    {"Consumer", ZoneKind::Consumer},
    {"Primary", ZoneKind::Master},
    {"Secondary", ZoneKind::Slave},
}};

bool equals_folded(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
        if ((a[i] | 0x20) != (b[i] | 0x20)) return false;
    }
    return true;
}

template <typename T>
void take(const std::optional<T>& edited, T& into) {
    if (edited) into = *edited;
}

}  // namespace

std::string_view to_text(ZoneKind kind) { return kKinds[static_cast<size_t>(kind)].first; }

std::optional<ZoneKind> parse_zone_kind(std::string_view text) {
    for (const auto& [name, kind] : kKinds) {
        if (equals_folded(name, text)) return kind;
    }
    return std::nullopt;
}

std::string_view to_text(ChangeKind kind) {
    constexpr std::array<std::string_view, 5> kNames{"create", "delete", "settings", "records",
                                                     "transfer"};
    return kNames[static_cast<size_t>(kind)];
}

ZoneSettings SettingsEdit::applied_to(ZoneSettings settings) const {
    take(kind, settings.kind);
    take(account, settings.account);
    take(masters, settings.masters);
    take(primary_key, settings.primary_key);
    take(soa_edit_api, settings.soa_edit_api);
    take(soa_edit, settings.soa_edit);
    take(catalog, settings.catalog);
    take(catalog_groups, settings.catalog_groups);
    take(nsec3param, settings.nsec3param);
    take(signing, settings.signing);
    take(is_signed, settings.is_signed);
    take(is_nsec3_narrow, settings.is_nsec3_narrow);
    take(is_rectified, settings.is_rectified);
    return settings;
}

}  // namespace nearcast::control
