// SPDX-License-Identifier: Apache-2.0

#include "control/api/openapi.h"

namespace nearcast::control_api {

const std::string_view kSchemas = R"json({
"Error": {"type": "object", "required": ["error"], "properties": {
    "error": {"type": "string"},
    "errors": {"type": "array", "items": {"type": "string"}},
    "rrsets": {"type": "array", "items": {"type": "object",
        "required": ["name", "type", "field", "reason"], "properties": {
        "name": {"type": "string"}, "type": {"type": "string"},
        "field": {"type": "string"}, "reason": {"type": "string"}}}}}},
"ApiVersion": {"type": "object", "required": ["url", "version"], "properties": {
    "url": {"type": "string"}, "version": {"type": "integer"}}},
"ApiFeatures": {"type": "object", "required": ["api_features", "server_url"], "properties": {
    "api_features": {"type": "array"}, "server_url": {"type": "string"}}},
"Server": {"type": "object", "required": ["id", "type", "url", "version", "daemon_type"],
    "properties": {"id": {"type": "string"}, "version": {"type": "string"}}},
"Setting": {"type": "object", "required": ["name", "type", "value"], "properties": {
    "name": {"type": "string"}, "type": {"const": "ConfigSetting"}, "value": {"type": "string"}}},
"Statistic": {"type": "object", "required": ["name", "type", "value"], "properties": {
    "name": {"type": "string"}, "type": {"const": "StatisticItem"}, "value": {"type": "string"}}},
"Autoprimary": {"type": "object", "required": ["ip", "nameserver"]},
"Flushed": {"type": "object", "required": ["count", "result"], "properties": {
    "count": {"type": "integer"}, "result": {"type": "string"}}},
"Result": {"type": "object", "required": ["result"], "properties": {"result": {"type": "string"}}},
"Found": {"type": "object", "required": ["name", "object_type", "zone_id"], "properties": {
    "name": {"type": "string"}, "object_type": {"enum": ["zone", "record"]},
    "zone_id": {"type": "string"}, "content": {"type": "string"}}},
"Metadata": {"type": "object", "required": ["kind", "metadata", "type"], "properties": {
    "kind": {"type": "string"}, "metadata": {"type": "array", "items": {"type": "string"}}}},
"NewMetadata": {"type": "object", "required": ["metadata"], "properties": {
    "kind": {"type": "string", "description": "Of a POST; a PUT has it in its path"},
    "metadata": {"type": "array", "maxItems": 1, "items": {"type": "string"}}}},
"Cryptokey": {"type": "object", "additionalProperties": false, "required": ["id", "type",
    "keytype", "active", "published", "algorithm", "bits", "flags", "dnskey", "cds", "ds"],
    "properties": {"id": {"type": "integer"}, "type": {"const": "Cryptokey"},
    "keytype": {"enum": ["csk", "ksk", "zsk"]}, "active": {"type": "boolean"},
    "published": {"type": "boolean"}, "algorithm": {"type": "string"},
    "bits": {"type": "integer"}, "flags": {"type": "integer"}, "dnskey": {"type": "string"},
    "cds": {"type": "array", "items": {"type": "string"}},
    "ds": {"type": "array", "items": {"type": "string"}, "description":
        "What the parent is to have of it; empty while it must not have it"}}},
"NewCryptokey": {"type": "object", "required": ["keytype"], "properties": {
    "keytype": {"enum": ["csk", "ksk", "zsk"]}, "active": {"const": true},
    "published": {"const": true}, "algorithm": {"type": ["string", "integer"]}}},
"CryptokeyFlags": {"type": "object", "properties": {
    "active": {"type": "boolean"}, "published": {"type": "boolean"}}},
"SigningChoices": {"type": "object", "properties": {
    "enabled": {"type": "boolean"},
    "nsec3param": {"type": ["string", "null"], "description": "1 0 0 -; empty: NSEC"},
    "algorithm": {"type": ["string", "integer", "null"]},
    "keys": {"enum": ["csk", "split", null]},
    "anchor_lifetime": {"type": ["integer", "null"], "description":
        "Seconds; 0: for ever"},
    "zsk_lifetime": {"type": ["integer", "null"]},
    "zonemd": {"enum": ["sha384", "sha512", "none", null]}}},
"Rollover": {"type": "object", "required": ["role"], "properties": {
    "role": {"enum": ["csk", "ksk", "zsk"]}}},
"Signing": {"type": "object", "required": ["zone", "enabled", "state", "nsec3param", "choices",
    "warnings", "ds", "own_keys"], "properties": {
    "warnings": {"type": "array", "items": {"type": "string"}, "description":
        "On what is set so, and should not be"},
    "zone": {"type": "string"}, "enabled": {"type": "boolean"},
    "state": {"enum": ["unsigned", "beginning", "waiting_for_caches", "waiting_for_parent",
        "rolling", "secure", "leaving"]},
    "nsec3param": {"type": "string"}, "choices": {"type": "object"},
    "algorithm": {"type": "string"}, "keys": {"enum": ["csk", "split"]},
    "ds": {"type": "array", "items": {"type": "string"}, "description":
        "To be given to the parent, in place of what it has"},
    "parent": {"type": "object", "required": ["settled", "looked_at"], "properties": {
        "settled": {"type": "boolean", "description": "It has what it was asked for, alone"},
        "looked_at": {"type": ["integer", "null"]}, "complete": {"type": "boolean"},
        "sets": {"type": "array"}}},
    "signed_until": {"type": ["integer", "null"], "description": "The first signature's end"},
    "next_at": {"type": "integer"}, "trouble": {"type": ["string", "null"]},
    "own_keys": {"type": "array", "items": {"type": "object", "additionalProperties": false,
        "required": ["id", "role", "algorithm", "tag", "added_at", "wanted", "published",
        "signs_keys", "signs_zone", "dnskey", "ds"], "properties": {
        "id": {"type": "integer"}, "role": {"enum": ["csk", "ksk", "zsk"]},
        "algorithm": {"type": "string"}, "tag": {"type": "integer"},
        "added_at": {"type": "integer"}, "wanted": {"type": "boolean"},
        "published": {"type": "boolean"}, "signs_keys": {"type": "boolean"},
        "signs_zone": {"type": "boolean"}, "dnskey": {"type": "string"},
        "ds": {"type": "array"}}}}}},
"Record": {"type": "object", "required": ["content"], "properties": {
    "content": {"type": "string"}, "disabled": {"type": "boolean"}}},
"Comment": {"type": "object", "required": ["content"], "properties": {
    "content": {"type": "string"}, "account": {"type": "string"},
    "modified_at": {"type": "integer"}}},
"Rrset": {"type": "object", "required": ["name", "type", "ttl", "records", "comments"],
    "properties": {
    "name": {"type": "string"}, "type": {"type": "string"}, "ttl": {"type": "integer"},
    "records": {"type": "array", "items": {"$ref": "#/components/schemas/Record"}},
    "comments": {"type": "array", "items": {"$ref": "#/components/schemas/Comment"}}}},
"RrsetEdit": {"type": "object", "required": ["name", "type", "changetype"], "properties": {
    "name": {"type": "string"}, "type": {"type": "string"}, "ttl": {"type": "integer"},
    "changetype": {"enum": ["REPLACE", "DELETE", "EXTEND", "PRUNE"]},
    "records": {"type": ["array", "null"], "items": {"$ref": "#/components/schemas/Record"}},
    "comments": {"type": ["array", "null"], "items": {"$ref": "#/components/schemas/Comment"}}}},
"ZonePatch": {"type": "object", "required": ["rrsets"], "properties": {
    "comment": {"type": "string"},
    "rrsets": {"type": "array", "items": {"$ref": "#/components/schemas/RrsetEdit"}}}},
"ZoneSettings": {"type": "object", "properties": {
    "kind": {"type": "string"}, "masters": {"type": ["array", "null"]},
    "slave_tsig_key_ids": {"type": ["array", "null"], "items": {"type": "string"}},
    "account": {"type": ["string", "null"]}, "soa_edit": {"type": "string"},
    "soa_edit_api": {"type": "string"}, "catalog": {"type": "string"},
    "catalog_groups": {"type": ["array", "null"], "items": {"type": "string"}},
    "api_rectify": {"type": "boolean"}, "dnssec": {"type": "boolean"},
    "nsec3param": {"type": "string"}, "nsec3narrow": {"type": "boolean"},
    "comment": {"type": "string"}}},
"NewZone": {"allOf": [{"$ref": "#/components/schemas/ZoneSettings"}, {"type": "object",
    "required": ["name"], "properties": {"name": {"type": "string"},
    "nameservers": {"type": ["array", "null"], "items": {"type": "string"}},
    "rrsets": {"type": ["array", "null"]}, "zone": {"type": ["string", "null"]}}}]},
"Zone": {"type": "object", "required": ["id", "url", "name", "kind", "account", "catalog", "dnssec",
    "masters", "serial", "edited_serial", "notified_serial", "last_check"], "properties": {
    "id": {"type": "string"}, "url": {"type": "string"}, "name": {"type": "string"},
    "kind": {"enum": ["Native", "Master", "Slave", "Producer", "Consumer"]},
    "account": {"type": "string"}, "dnssec": {"type": "boolean"},
    "catalog": {"type": "string", "description": "The zone of kind Producer that lists it"},
    "catalog_groups": {"type": "array", "items": {"type": "string"}},
    "masters": {"type": "array", "items": {"type": "string"}},
    "serial": {"type": "integer"}, "edited_serial": {"type": "integer"},
    "notified_serial": {"type": "integer"}, "last_check": {"type": "integer"},
    "rrsets": {"type": "array", "items": {"$ref": "#/components/schemas/Rrset"}}}},
"Transfer": {"type": "object", "required": ["zone", "state", "serial", "masters", "tsig_key",
    "source", "checked_at", "expires_in", "problem"], "properties": {
    "zone": {"type": "string"},
    "state": {"enum": ["waiting", "current", "failing", "expired"]},
    "serial": {"type": ["integer", "null"], "description": "Of what came last"},
    "masters": {"type": "array", "items": {"type": "string"}},
    "tsig_key": {"type": "string"},
    "source": {"type": ["string", "null"], "description": "The primary that answered last"},
    "checked_at": {"type": ["string", "null"], "description": "When one last answered"},
    "expires_in": {"type": ["integer", "null"], "description": "Seconds without an answer"},
    "problem": {"type": "string", "description": "Why the last try came to nothing"}}},
"Change": {"type": "object", "required": ["sequence", "zone", "kind", "actor", "source", "at",
    "comment", "old_serial", "new_serial"], "properties": {
    "sequence": {"type": "integer"}, "zone": {"type": "string"},
    "kind": {"enum": ["create", "delete", "settings", "records", "transfer"]},
    "actor": {"type": "string"}, "source": {"type": "string"}, "at": {"type": "string"},
    "comment": {"type": "string"}, "old_serial": {"type": "integer"},
    "new_serial": {"type": "integer"}, "reverts": {"type": ["integer", "null"]},
    "diff": {"type": "object", "required": ["rrsets"]},
    "published": {"type": "boolean", "description":
        "By the controller that answers; not there once the zone was deleted since"},
    "not_published": {"type": "string", "description": "Why it cannot be, as the zone is"},
    "receipts": {"$ref": "#/components/schemas/Receipts"}}},
"Intent": {"type": "object", "properties": {"comment": {"type": "string"}}},
"Receipts": {"type": "object", "required": ["served_by_all", "pops"], "properties": {
    "served_by_all": {"type": "boolean"},
    "pops": {"type": "array", "items": {"type": "object",
        "required": ["pop", "first_served_at", "served_at", "nodes"], "properties": {
        "pop": {"type": "string"},
        "first_served_at": {"type": ["string", "null"], "description": "By one of its nodes"},
        "served_at": {"type": ["string", "null"], "description": "By all of its nodes"},
        "nodes": {"type": "array", "items": {"type": "object",
            "required": ["node", "served_at", "reason"], "properties": {
            "node": {"type": "string"}, "served_at": {"type": ["string", "null"]},
            "reason": {"type": "string", "description": "Why not, if the node has told"}}}}}}}}},
"AuditEntry": {"type": "object", "required": ["sequence", "at", "actor", "source", "action",
    "subject", "detail", "link"], "properties": {
    "sequence": {"type": "integer"}, "at": {"type": "integer"}, "actor": {"type": "string"},
    "action": {"type": "string"}, "subject": {"type": "string"}, "link": {"type": "string"}}},
"AuditVerdict": {"type": "object", "required": ["entries", "last_link", "broken_at", "reason"],
    "properties": {"entries": {"type": "integer"}, "last_link": {"type": "string"},
    "broken_at": {"type": ["integer", "null"]}, "reason": {"type": "string"}}},
"KeyLimits": {"type": "object", "properties": {
    "right": {"enum": ["read", "change", "manage"]},
    "zones": {"type": ["array", "null"], "items": {"type": "string"}},
    "names": {"type": ["array", "null"], "items": {"type": "string"}},
    "types": {"type": ["array", "null"], "items": {"type": "string"}},
    "sources": {"type": ["array", "null"], "items": {"type": "string"}},
    "expires_at": {"type": ["integer", "null"],
        "description": "Seconds since 1970; one that is over is 422, unless it was so before"}}},
"NewKey": {"allOf": [{"$ref": "#/components/schemas/KeyLimits"}, {"type": "object",
    "required": ["name"], "properties": {"name": {"type": "string"},
    "password": {"type": "string", "description": "Or a code, of a session whose user has TOTP"},
    "code": {"type": "string"}}}]},
"Key": {"allOf": [{"$ref": "#/components/schemas/KeyLimits"}, {"type": "object",
    "required": ["id", "name", "created_at", "right", "zones", "names", "types", "sources",
    "expires_at"], "properties": {"id": {"type": "integer"}, "name": {"type": "string"},
    "created_at": {"type": "integer"},
    "tenant": {"type": "string"},
    "user": {"type": "string", "description": "Who logged in and got it; else empty"},
    "key": {"type": "string", "description": "Shown once, when it is made"}}}]},
"TsigKeyEdit": {"allOf": [{"$ref": "#/components/schemas/KeyLimits"}, {"type": "object",
    "properties": {"name": {"type": "string"}, "algorithm": {"enum": ["hmac-md5", "hmac-sha1",
    "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"]},
    "key": {"type": "string", "description": "Base64, of 16 to 512 bytes"}}}]},
"NewTsigKey": {"allOf": [{"$ref": "#/components/schemas/TsigKeyEdit"}, {"type": "object",
    "required": ["name", "algorithm"]}]},
"TsigKey": {"allOf": [{"$ref": "#/components/schemas/TsigKeyEdit"}, {"type": "object",
    "required": ["id", "name", "type", "algorithm", "key", "tenant", "created_at", "right", "zones",
    "names", "types", "sources", "expires_at"], "properties": {"id": {"type": "string"},
    "type": {"const": "TSIGKey"}, "tenant": {"type": "string"},
    "created_at": {"type": "integer"}}}]},
"Usage": {"type": "object", "required": ["zones", "records", "changes_per_minute"], "properties": {
    "zones": {"type": "integer"}, "records": {"type": "integer"},
    "changes_per_minute": {"type": "integer"}}},
"NewTenant": {"type": "object", "required": ["name", "plan"], "properties": {
    "name": {"type": "string", "description": "The account of his zones"},
    "plan": {"type": "string", "description": "One of [[plan]] in control.toml"}}},
"TenantEdit": {"type": "object", "required": ["plan"], "properties": {"plan": {"type": "string"}}},
"Tenant": {"type": "object", "required": ["name", "plan", "zones", "records", "limits",
    "created_at"], "properties": {"name": {"type": "string"}, "plan": {"type": "string"},
    "zones": {"type": "integer"}, "records": {"type": "integer"},
    "limits": {"$ref": "#/components/schemas/Usage"}, "created_at": {"type": "string"}}},
"NewUser": {"type": "object", "required": ["name", "password"], "properties": {
    "name": {"type": "string"}, "tenant": {"type": "string"},
    "password": {"type": "string", "minLength": 12, "maxLength": 256},
    "right": {"enum": ["read", "change", "manage"]},
    "old_password": {"type": "string",
        "description": "One's own, or a code, of a session whose user has TOTP"},
    "code": {"type": "string"}}},
"UserEdit": {"type": "object", "required": ["password"], "properties": {
    "password": {"type": "string", "minLength": 12, "maxLength": 256},
    "old_password": {"type": "string", "description": "One's own, or a code, of who has TOTP"},
    "code": {"type": "string"}}},
"TotpWish": {"type": "object", "properties": {
    "password": {"type": "string", "description": "One's own, or a code, of who has TOTP"},
    "code": {"type": "string"}}},
"User": {"type": "object", "required": ["name", "tenant", "right", "totp", "created_at"],
    "properties": {"name": {"type": "string"}, "tenant": {"type": "string"},
    "right": {"enum": ["read", "change", "manage"]}, "totp": {"type": "boolean"},
    "created_at": {"type": "string"}}},
"Totp": {"type": "object", "required": ["uri"], "properties": {
    "uri": {"type": "string", "description": "For a phone to take in; shown once"}}},
"Credentials": {"type": "object", "required": ["user", "password"], "properties": {
    "user": {"type": "string"}, "password": {"type": "string"},
    "code": {"type": "string", "description": "Of whoever has TOTP"}}},
"Session": {"type": "object", "required": ["key", "user", "tenant", "right", "expires_at"],
    "properties": {"key": {"type": "string", "description": "For X-API-Key"},
    "user": {"type": "string"}, "tenant": {"type": "string"},
    "right": {"enum": ["read", "change", "manage"]}, "expires_at": {"type": "integer"}}},
"Neighbor": {"type": "object", "required": ["name", "address", "asn"],
    "description": "As [[routing.neighbor]] of node.toml has it", "properties": {
    "name": {"type": "string"}, "address": {"type": "string"}, "asn": {"type": "integer"},
    "role": {"enum": ["none", "customer", "peer", "provider", "rs-client"]},
    "multihop": {"type": "boolean"}, "bfd": {"type": "boolean"}, "password": {"type": "string"}}},
"NewPop": {"type": "object", "required": ["name"], "properties": {
    "name": {"type": "string", "pattern": "^[a-z0-9-]+$"}, "city": {"type": "string"},
    "asn": {"type": ["integer", "null"], "description": "Null: that of the network"},
    "neighbors": {"type": "array", "items": {"$ref": "#/components/schemas/Neighbor"}},
    "node": {"type": "string", "description": "The name of its first node; usually NAME1"},
    "expires_in": {"type": "integer", "description": "Seconds that the token lives: 3600"}}},
"Pop": {"type": "object", "required": ["name", "city", "asn", "neighbors", "nodes", "created_at"],
    "properties": {"name": {"type": "string"}, "city": {"type": "string"},
    "asn": {"type": ["integer", "null"]},
    "neighbors": {"type": "array", "items": {"$ref": "#/components/schemas/Neighbor"}},
    "nodes": {"type": "array", "items": {"type": "string"}}, "created_at": {"type": "string"},
    "join": {"$ref": "#/components/schemas/Invitation"}}},
"NewInvitation": {"type": "object", "properties": {"node": {"type": "string"},
    "expires_in": {"type": "integer"}}},
"Invitation": {"type": "object", "required": ["node", "pop", "token", "expires_at", "command"],
    "properties": {"node": {"type": "string"}, "pop": {"type": "string"},
    "token": {"type": "string", "description": "Shown once; good for one server"},
    "expires_at": {"type": "string"},
    "command": {"type": "string", "description": "To be run on that server, as root"}}},
"NewNode": {"type": "object", "required": ["name", "pop", "pin", "address"], "properties": {
    "name": {"type": "string"}, "pop": {"type": "string"},
    "pin": {"type": "string", "description": "sha256/..., of the key of its certificate"},
    "address": {"type": "string", "description": "Where it is told of changes"}}},
"Node": {"type": "object", "required": ["name", "pop", "pin", "address", "joined_at", "state",
    "last_seen", "serial", "sequence", "lag_seconds", "zones_behind"], "properties": {
    "name": {"type": "string"}, "pop": {"type": "string"}, "pin": {"type": "string"},
    "address": {"type": "string"}, "joined_at": {"type": "string"},
    "state": {"enum": ["new", "current", "behind", "silent"], "description":
        "new: never heard of; silent: not heard of for 90 s"},
    "last_seen": {"type": ["string", "null"]},
    "serial": {"type": ["integer", "null"], "description": "Of the catalog that it serves"},
    "sequence": {"type": ["integer", "null"], "description": "All changes up to it are served"},
    "lag_seconds": {"type": ["number", "null"], "description":
        "The age of the oldest change that it does not serve; 0: it serves all"},
    "zones_behind": {"type": "array", "items": {"type": "object", "required": ["zone", "reason"],
        "properties": {"zone": {"type": "string"}, "reason": {"type": "string"}}}}}},
"JoinRequest": {"type": "object", "required": ["token", "public_key", "address"], "properties": {
    "token": {"type": "string"}, "public_key": {"type": "string", "description": "PEM"},
    "address": {"type": "string", "description": "Where it will be told of changes"}}},
"JoinQuestion": {"type": "object", "required": ["token"], "properties": {
    "token": {"type": "string"}}},
"JoinOutlook": {"type": "object", "required": ["node", "pop", "daemon", "primaries"],
    "properties": {
    "node": {"type": "string"}, "pop": {"type": "string"},
    "daemon": {"type": "string", "description": "That routes: bird, frr or none"},
    "primaries": {"type": "array", "items": {"type": "string"},
        "description": "Where zones will be fetched from"}}},
"Identity": {"type": "object", "required": ["node", "pop", "certificate", "authority", "catalog",
    "primaries", "server_name", "key", "prefixes", "covering", "addresses", "routing"],
    "properties": {"node": {"type": "string"}, "pop": {"type": "string"},
    "certificate": {"type": "string"}, "authority": {"type": "string"},
    "catalog": {"type": "string"}, "server_name": {"type": "string"},
    "primaries": {"type": "array", "items": {"type": "string"}},
    "key": {"type": "object", "required": ["name", "algorithm", "secret"]},
    "prefixes": {"type": "array", "items": {"type": "string"}},
    "covering": {"type": "array", "items": {"type": "string"}},
    "addresses": {"type": "array", "items": {"type": "string"}},
    "routing": {"type": "object", "required": ["daemon", "asn", "neighbors"],
      "properties": {"import": {"type": "string", "enum": ["none", "default", "all"]},
                     "bfd_interval": {"type": "string"}}}}},
"OpenApi": {"type": "object", "required": ["openapi", "info", "paths", "components"]}
})json";

}  // namespace nearcast::control_api
