"""The zone API, trap by trap: what clients of PowerDNS rely on (docs/reference/api.md)."""

import json
import socket

import dns.message
import dns.query
import dns.rdata
import pytest

import peers
from controller import API, Controller, delete, replace

ZONE = "example.com."
JSON = "application/json"


# --- Rules that hold for every call ---

def test_versions_are_listed_as_they_always_were(controller):
    assert controller.ask("GET", "/api").json == [{"url": "/api/v1", "version": 1}]
    assert controller.ask("GET", "/api/v1").json == [
        {"api_features": [], "server_url": "/api/v1/servers{/server}"}]


def test_a_wrong_or_missing_key_is_told_so(controller):
    for key in (None, "wrong", ""):
        answer = controller.ask("GET", "/zones", key=key)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == 'X-API-Key realm="PowerDNS"'
        assert answer.error == "Unauthorized"


def test_the_name_of_the_key_header_is_in_any_case(controller):
    assert controller.ask("GET", "/zones", key=None,
                          headers={"x-api-KEY": controller.key}).status == 200


@pytest.mark.parametrize("kind", [JSON, "application/json; charset=UTF-8", None,
                                  "application/x-www-form-urlencoded"])
def test_a_body_is_json_whatever_its_type_is_called(controller, kind):
    controller.create()
    body = json.dumps({"rrsets": [replace("www." + ZONE, "TXT", '"' + "x" * 200 + '"',
                                          *(f'"{i} {"y" * 200}"' for i in range(100)))]})
    assert len(body) > 8192
    headers = {"Content-Type": kind} if kind else {}
    answer = controller.ask("PATCH", f"/zones/{ZONE}", raw=body, headers=headers)
    assert answer.status == 204, answer.body


def test_get_and_put_may_carry_an_empty_object_or_nothing(controller):
    controller.create()
    for raw in ("{}", ""):
        assert controller.ask("GET", f"/zones/{ZONE}", raw=raw).status == 200
        assert controller.ask("PUT", f"/zones/{ZONE}/notify", raw=raw).status == 200


def test_the_content_type_is_exactly_json(controller):
    created = controller.create()
    assert created.headers["content-type"] == JSON
    assert controller.ask("GET", "/zones").headers["content-type"] == JSON
    missing = controller.ask("GET", "/zones/none.example.")
    assert missing.headers["content-type"] == JSON
    done = controller.patch(replace("www." + ZONE, "A", "192.0.2.1"))
    assert done.status == 204
    assert done.body == b""
    assert "content-type" not in done.headers


def test_keys_of_an_rrset_are_in_alphabetical_order(controller):
    controller.create()
    controller.patch(replace("_acme-challenge." + ZONE, "TXT", '"one"', '"two"'))
    text = controller.ask("GET", f"/zones/{ZONE}").body.decode()
    start = text.index('"name":"_acme-challenge.example.com."')
    found = text[start:text.index("]", start)]
    assert found.count('content":"\\"') == 2, "as acme.sh looks for old challenges"
    rrset = next(each for each in json.loads(text)["rrsets"] if each["type"] == "TXT")
    assert list(rrset) == ["comments", "name", "records", "ttl", "type"]
    assert list(rrset["records"][0]) == ["content", "disabled"]


@pytest.mark.parametrize("form", ["example.com.", "example.com", "EXAMPLE.com", "example%2Ecom%2E",
                                  "example=2Ecom"])
def test_a_zone_is_found_under_each_form_of_its_name(controller, form):
    controller.create()
    answer = controller.ask("GET", f"/zones/{form}")
    assert answer.status == 200
    assert answer.json["id"] == "example.com."
    assert answer.json["url"] == f"{API}/zones/example.com."


@pytest.mark.parametrize("form", ["0%2F26.2.0.192.in-addr.arpa.", "0=2F26.2.0.192.in-addr.arpa"])
def test_odd_characters_in_ids_are_escaped(controller, form):
    controller.create("0/26.2.0.192.in-addr.arpa.")
    answer = controller.ask("GET", f"/zones/{form}")
    assert answer.status == 200
    assert answer.json["id"] == "0=2F26.2.0.192.in-addr.arpa."
    assert answer.json["name"] == "0/26.2.0.192.in-addr.arpa."
    assert controller.ask("GET", answer.json["url"]).status == 200


def test_the_root_has_an_id(controller):
    controller.create(".")
    assert controller.ask("GET", "/zones/=2E").json["name"] == "."


def test_names_in_bodies_end_in_a_dot(controller):
    answer = controller.ask("POST", "/zones", {"name": "nodot.test", "kind": "Native"})
    assert answer.status == 422
    assert answer.error == "DNS Name 'nodot.test' is not canonical"
    controller.create()
    answer = controller.patch(replace("www.example.com", "A", "192.0.2.1"))
    assert answer.status == 422
    assert "is not canonical" in answer.error


def test_unknown_fields_and_nulls_are_nothing(controller):
    controller.create(dnsssec=False, id="", url="", serial=0, type="Zone", masters=None,
                      soa_edit_api="", account=None)
    odd = replace("www." + ZONE, "A") | {"kind": "Master", "comments": None}
    odd["records"] = [{"content": "192.0.2.1", "disabled": False, "name": "www." + ZONE,
                       "type": "A", "ttl": 60, "set-ptr": True}]
    assert controller.patch(odd).status == 204
    assert controller.rrset("www." + ZONE, "A") == ["192.0.2.1"]
    whole = {"name": "", "type": "Zone", "nameservers": [],
             "rrsets": [delete("www." + ZONE, "A", ttl=0, records=None, comments=None)]}
    assert controller.ask("PATCH", f"/zones/{ZONE}", whole).status == 204
    assert controller.rrset("www." + ZONE, "A") is None


@pytest.mark.parametrize("sent, shown", [("native", "Native"), ("MASTER", "Master"),
                                         ("Primary", "Master"), ("master", "Master")])
def test_kinds_are_read_in_any_form_and_written_in_one(controller, sent, shown):
    assert controller.create(kind=sent).json["kind"] == shown
    assert controller.ask("GET", "/zones").json[0]["kind"] == shown


@pytest.mark.parametrize("kind, content", [
    ("TXT", r'"semi\; colon"'), ("TXT", '"semi; colon"'), ("HTTPS", "1 . alpn=h2,h3"),
    ("LOC", "31 58 52.100 S 115 49 11.700 E 20.00m 10.00m 10.00m 2.00m"),
    ("MX", "10 mail.example.com."), ("SRV", "0 5 5060 sip.example.com."),
    ("CAA", '0 issue "ca.example.net"'), ("AAAA", "2001:db8::1"),
    ("NAPTR", '1 2 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .'),
    ("SSHFP", "1 1 0123456789abcdef0123456789abcdef01234567"),
    ("URI", '10 1 "https://www.example.com/"'), ("SVCB", "1 a.example.com. port=53")])
def test_contents_come_back_as_they_were_sent(controller, kind, content):
    controller.create()
    assert controller.patch(replace("x." + ZONE, kind, content)).status == 204
    assert controller.rrset("x." + ZONE, kind) == [content]


def test_numbers_are_json_numbers(controller):
    zone = controller.create().json
    for field in ("serial", "edited_serial", "notified_serial", "last_check"):
        assert isinstance(zone[field], int), field


def test_a_change_is_all_or_nothing(controller):
    controller.create()
    serial = controller.ask("GET", f"/zones/{ZONE}").json["serial"]
    answer = controller.patch(replace("a." + ZONE, "A", "192.0.2.1"),
                              replace("b." + ZONE, "A", "not an address"),
                              replace("c.other.", "A", "192.0.2.1"))
    assert answer.status == 422
    assert [each["name"] for each in answer.json["rrsets"]] == ["b.example.com.", "c.other."]
    assert [each["field"] for each in answer.json["rrsets"]] == ["content", "name"]
    assert len(answer.json["errors"]) == 2
    assert controller.rrset("a." + ZONE, "A") is None
    assert controller.ask("GET", f"/zones/{ZONE}").json["serial"] == serial


def test_changes_tell_both_serials(controller):
    old = controller.create().json["serial"]
    answer = controller.patch(replace("www." + ZONE, "A", "192.0.2.1"))
    assert answer.headers["x-pdns-old-serial"] == str(old)
    assert answer.headers["x-pdns-new-serial"] == str(old + 1)


def test_a_later_serial_is_taken_with_the_same_soa(controller):
    old = controller.create().json["serial"]
    soa, = controller.rrset(ZONE, "SOA")
    for serial, shown in ((old + 40, old + 40), (old + 40, old + 40), (old, old + 40)):
        later = replace(ZONE, "SOA", soa.replace(f" {old} ", f" {serial} "), ttl=3600)
        assert controller.patch(later).headers["x-pdns-new-serial"] == str(shown)
        assert controller.ask("GET", f"/zones/{ZONE}").json["serial"] == shown
        assert f" {shown} " in controller.rrset(ZONE, "SOA")[0]


def test_replace_creates_and_replace_with_nothing_deletes(controller):
    controller.create()
    assert controller.patch(replace("www." + ZONE, "A", "192.0.2.1")).status == 204
    assert controller.patch(replace("www." + ZONE, "A")).status == 204
    assert controller.rrset("www." + ZONE, "A") is None
    assert controller.patch(delete("www." + ZONE, "A")).status == 204, "of nothing"


def test_an_address_may_become_an_alias_in_one_change(controller):
    controller.create()
    controller.patch(replace("www." + ZONE, "A", "192.0.2.1"))
    answer = controller.patch(delete("www." + ZONE, "A"),
                              replace("www." + ZONE, "CNAME", "example.net."))
    assert answer.status == 204, answer.body
    assert controller.rrset("www." + ZONE, "CNAME") == ["example.net."]


def test_a_ttl_is_needed_with_records_alone(controller):
    controller.create()
    without = {"name": "www." + ZONE, "type": "A", "changetype": "REPLACE",
               "records": [{"content": "192.0.2.1", "disabled": False}]}
    answer = controller.patch(without)
    assert answer.status == 422
    assert answer.error == "Key 'ttl' not an Integer or not present"
    assert controller.patch(without | {"records": []}).status == 204
    assert controller.patch(delete("www." + ZONE, "A", records=without["records"])).status == 204


def test_the_version_begins_with_three_numbers(controller):
    for path in ("/api/v1/servers/localhost",):
        version = controller.ask("GET", path).json["version"]
        assert [int(part.split("-")[0]) for part in version.split(".")[:3]] == [5, 0, 0]
    servers = controller.ask("GET", "/api/v1/servers").json
    assert servers[0]["id"] == "localhost" and servers[0]["daemon_type"] == "authoritative"


def test_notify_is_fine_for_a_native_zone(controller):
    controller.create()
    for form in ("example.com.", "example.com"):
        answer = controller.ask("PUT", f"/zones/{form}/notify")
        assert answer.status == 200
        assert answer.json == {"result": "Notification queued"}


# --- The table of answers ---

@pytest.mark.parametrize("method, path", [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("PUT", ""),
                                          ("PUT", "/notify"), ("GET", "/export"),
                                          ("GET", "/cryptokeys"), ("PUT", "/rectify")])
def test_an_unknown_zone_is_not_found(controller, method, path):
    answer = controller.ask(method, f"/zones/none.example.{path}",
                            {"rrsets": []} if method == "PATCH" else None)
    assert answer.status == 404
    assert "error" in answer.json


def test_a_zone_that_exists_is_a_conflict(controller):
    controller.create()
    answer = controller.ask("POST", "/zones", {"name": ZONE, "kind": "Native"})
    assert answer.status == 409


@pytest.mark.parametrize("rrset, error", [
    (replace("a." + ZONE, "CNAME", "b.nat.test"),
     "Record a.example.com./CNAME 'b.nat.test': Not in expected format (parsed as 'b.nat.test.')"),
    (replace("a." + ZONE, "TXT", "unquoted"),
     "Record a.example.com./TXT 'unquoted': Not in expected format (parsed as '\"unquoted\"')"),
    (replace("a.other.", "A", "192.0.2.1"), "RRset a.other. IN A: Name is out of zone"),
    (replace("a." + ZONE, "NOTYPE", "x"), "RRset a.example.com. IN NOTYPE: unknown type given"),
    (replace("a." + ZONE, "A", "192.0.2.1", changetype="SHRINK"), "Changetype not understood"),
    (replace("a." + ZONE, "A", "192.0.2.1", ttl=-1), "Key 'ttl' is not from 0 to 2147483647")])
def test_what_is_wrong_is_said_in_known_words(controller, rrset, error):
    controller.create()
    answer = controller.patch(rrset)
    assert answer.status == 422
    assert answer.error == error


def served_strings(controller, name):
    """The sizes of the strings of each TXT record there."""
    query = dns.message.make_query(name, "TXT")
    response = dns.query.tcp(query, "127.0.0.1", port=controller.port, timeout=10)
    return sorted([len(string) for string in record.strings]
                  for rrset in response.answer for record in rrset)


@pytest.mark.parametrize("content, sizes", [
    (f'"{"x" * 255}"', [255]), (f'"{"x" * 256}"', [255, 1]), (f'"{"x" * 510}"', [255, 255]),
    (f'"a" "{"x" * 300}" "" "b"', [1, 255, 45, 0, 1]),
    ('"%s"' % ("x" * 254 + '\\"' * 10), [255, 9])],
    ids=["255", "256", "510", "among others", "escapes"])
def test_a_long_string_is_served_as_several_and_kept_as_one(controller, content, sizes):
    """As PowerDNS does: Terraform and octoDNS compare what comes back with what they sent."""
    controller.create()
    name = "txt." + ZONE
    assert controller.patch(replace(name, "TXT", content)).status == 204
    assert controller.rrset(name, "TXT") == [content]
    peers.wait_until(lambda: served_strings(controller, name) == [sizes], "the record")
    divided = dns.rdata.from_text("IN", "TXT", controller.ask(
        "GET", f"/zones/{ZONE}/export").body.decode().partition("IN\tTXT\t")[2].splitlines()[0])
    assert [len(string) for string in divided.strings] == sizes, "dnspython takes no long string"
    answer = controller.patch({"name": name, "type": "TXT", "changetype": "PRUNE",
                               "records": [{"content": divided.to_text()}]})
    assert answer.status == 204
    assert controller.rrset(name, "TXT") is None, "they are the same record"


def test_long_strings_come_with_a_new_zone(controller):
    long = f'"{"x" * 300}"'
    controller.create(rrsets=[{"name": "txt." + ZONE, "type": "TXT", "ttl": 60,
                               "records": [{"content": long}]}])
    assert controller.rrset("txt." + ZONE, "TXT") == [long]
    controller.create("example.net.", nameservers=[], zone=(
        f"@ 60 SOA ns1 host 7 60 60 600 60\n@ 60 NS ns1.example.org.\ntxt 60 TXT {long}\n"))
    peers.wait_until(lambda: served_strings(controller, "txt.example.net.") == [[255, 45]],
                     "the zone")
    peers.wait_until(lambda: served_strings(controller, "txt." + ZONE) == [[255, 45]], "the other")


def test_strings_of_other_types_are_never_long(controller):
    controller.create()
    answer = controller.patch(replace("h." + ZONE, "HINFO", f'"{"x" * 300}" "b"'))
    assert answer.status == 422
    assert "longer than 255" in answer.error


def test_an_alias_stands_alone(controller):
    controller.create()
    controller.patch(replace("www." + ZONE, "A", "192.0.2.1"))
    answer = controller.patch(replace("www." + ZONE, "CNAME", "example.net."))
    assert answer.status == 422
    assert answer.error == ("RRset www.example.com. IN CNAME: Conflicts with pre-existing RRset")
    answer = controller.patch(replace(ZONE, "CNAME", "example.net."))
    assert answer.status == 422


def test_the_same_set_twice_is_refused(controller):
    controller.create()
    one = replace("www." + ZONE, "A", "192.0.2.1")
    answer = controller.patch(one, one)
    assert answer.status == 422
    assert "Duplicate RRset" in answer.error


def test_a_deletion_outside_of_the_zone_is_let_through(controller):
    controller.create()
    assert controller.patch(delete("a.other.", "A")).status == 204


def test_records_are_added_and_removed_one_by_one(controller):
    controller.create()
    one = replace("www." + ZONE, "A", "192.0.2.1", changetype="EXTEND")
    two = replace("www." + ZONE, "A", "192.0.2.2", changetype="EXTEND")
    assert controller.patch(one).status == 204
    assert controller.patch(two).status == 204
    assert controller.rrset("www." + ZONE, "A") == ["192.0.2.1", "192.0.2.2"]
    assert controller.patch(one | {"changetype": "PRUNE"}).status == 204
    assert controller.rrset("www." + ZONE, "A") == ["192.0.2.2"]
    # What adds nothing leaves the TTL as well.
    serial = controller.ask("GET", f"/zones/{ZONE}").json["serial"]
    assert controller.patch(one | {"records": []}).status == 204
    assert controller.ask("GET", f"/zones/{ZONE}").json["serial"] == serial


@pytest.mark.parametrize("raw", ["{", "[]", '"x"', "\x00", "null"])
def test_a_body_that_is_no_object_is_a_bad_request(controller, raw):
    controller.create()
    answer = controller.ask("PATCH", f"/zones/{ZONE}", raw=raw)
    assert answer.status == 400
    assert answer.error == "Bad Request"


def test_a_wrong_method_is_told_which_are_right(controller):
    answer = controller.ask("DELETE", "/zones")
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert controller.ask("GET", "/api/v2").status == 404


@pytest.mark.parametrize("key", [True, None, "wrong"])
def test_options_tells_the_methods_to_anybody_and_nothing_to_other_origins(controller, key):
    asked = {"Origin": "https://panel.example", "Access-Control-Request-Method": "PATCH",
             "Access-Control-Request-Headers": "x-api-key"}
    for zone in (ZONE, "none.example."):
        answer = controller.ask("OPTIONS", f"/zones/{zone}", key=key, headers=asked)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["allow"] == "GET, HEAD, PATCH, PUT, DELETE, OPTIONS"
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert controller.ask("OPTIONS", "/api/v2", key=key).status == 404
    # Whoever asks so has not guessed: he is not held off.
    for _ in range(25):
        assert controller.ask("OPTIONS", "/zones", key="wrong").status == 204
    assert controller.ask("GET", "/zones", key=None).status == 401


def test_a_zone_of_ours_is_not_fetched(controller):
    controller.create()
    answer = controller.ask("PUT", f"/zones/{ZONE}/axfr-retrieve")
    assert answer.status == 422
    assert answer.error == ("Domain 'example.com.' is not a slave domain (or has no master "
                            "defined)")


def test_a_zone_is_exported_as_text(controller):
    controller.create()
    controller.patch(replace("www." + ZONE, "A", "192.0.2.1"))
    answer = controller.ask("GET", f"/zones/{ZONE}/export")
    assert answer.headers["content-type"].startswith("text/plain")
    assert b"www.example.com.\t300\tIN\tA\t192.0.2.1\n" in answer.body
    answer = controller.ask("GET", f"/zones/{ZONE}/export", headers={"Accept": JSON})
    assert "www.example.com.\t300\tIN\tA\t192.0.2.1\n" in answer.json["zone"]


def test_a_zone_is_made_of_the_text_of_a_zone_file(controller):
    text = ("$TTL 300\n@ SOA ns1.example.net. hostmaster 7 3600 600 86400 300\n"
            "@ NS ns1.example.net.\nwww A 192.0.2.1\nwww A 192.0.2.2\n")
    made = controller.ask("POST", "/zones", {"name": ZONE, "kind": "Native", "zone": text})
    assert made.status == 201
    assert made.json["serial"] == 7
    assert controller.rrset("www." + ZONE, "A") == ["192.0.2.1", "192.0.2.2"]
    exported = controller.ask("GET", f"/zones/{ZONE}/export", headers={"Accept": JSON}).json["zone"]
    assert controller.ask("DELETE", f"/zones/{ZONE}").status == 204
    made = controller.ask("POST", "/zones", {"name": ZONE, "kind": "Native", "zone": exported})
    assert made.status == 201
    assert controller.rrset("www." + ZONE, "A") == ["192.0.2.1", "192.0.2.2"]
    other = {"name": "other.example.", "kind": "Native"}
    answer = controller.ask("POST", "/zones", other | {"zone": "@ 60 NS ns1\nwww 60 A 192.0.2\n"})
    assert answer.status == 422
    assert "zone:2:" in answer.error
    answer = controller.ask("POST", "/zones", other | {
        "zone": "www 60 A 192.0.2.1\n", "rrsets": [replace("a.other.example.", "A", "192.0.2.1")]})
    assert (answer.status, answer.error) == (422, "You cannot give rrsets AND zone data as text")
    assert controller.ask("POST", "/zones", other | {"zone": "a.b. 60 A 192.0.2.1\n"}).status == 422
    assert controller.ask("GET", "/zones/other.example.").status == 404


def test_small_calls_answer_as_clients_expect(controller):
    controller.create()
    assert controller.ask("GET", f"/zones/{ZONE}/cryptokeys").json == []
    assert controller.ask("PUT", f"/zones/{ZONE}/rectify").json == {"result": "Rectified"}
    assert controller.ask("PUT", "/cache/flush?domain=x").json["result"] == "Flushed cache."
    statistics = controller.ask("GET", "/statistics").json
    assert [(each["name"], each["type"]) for each in statistics] == [("uptime", "StatisticItem")]
    assert controller.ask("GET", "/statistics?statistic=uptime").json[0]["value"].isdigit()
    assert controller.ask("GET", "/statistics?statistic=nothing").status == 422
    assert controller.ask("GET", "/autoprimaries").json == []
    config = {each["name"]: each["value"] for each in controller.ask("GET", "/config").json}
    assert config["enable-lua-records"] == "no"


def test_the_full_form_of_a_zone_has_every_field(controller):
    controller.create()
    zone = controller.ask("GET", f"/zones/{ZONE}").json
    full = {"account", "api_rectify", "catalog", "dnssec", "edited_serial", "id", "kind",
            "last_check", "master_tsig_key_ids", "masters", "name", "notified_serial",
            "nsec3narrow", "nsec3param", "rrsets", "serial", "slave_tsig_key_ids", "soa_edit",
            "soa_edit_api", "url"}
    assert set(zone) == full
    listed = controller.ask("GET", "/zones").json[0]
    assert set(listed) == full - {"rrsets", "nsec3narrow", "nsec3param", "master_tsig_key_ids",
                                  "slave_tsig_key_ids", "soa_edit", "soa_edit_api", "api_rectify"}
    assert all(isinstance(rrset["comments"], list) for rrset in zone["rrsets"])


# --- What single clients need ---

def test_octodns_creates_a_zone_after_a_patch_that_finds_none(controller):
    rrsets = [replace(ZONE, "NS", "ns1.example.net.", "ns2.example.net."),
              replace("www." + ZONE, "A", "192.0.2.1")]
    assert controller.patch(*rrsets).status == 404
    answer = controller.ask("POST", "/zones", {
        "name": ZONE, "kind": "master", "masters": [], "nameservers": [], "rrsets": rrsets,
        "soa_edit_api": "default", "serial": 0})
    assert answer.status == 201, answer.body
    assert answer.json["soa_edit_api"] == "DEFAULT"
    assert controller.rrset("www." + ZONE, "A") == ["192.0.2.1"]


def test_terraform_reads_back_its_name_servers(controller):
    answer = controller.ask("POST", "/zones", {
        "name": ZONE, "kind": "Native", "nameservers": ["ns2.example.net.", "ns1.example.net."],
        "account": "admin", "soa_edit_api": "", "dnsssec": False})
    assert answer.status == 201
    assert set(controller.rrset(ZONE, "NS")) == {"ns1.example.net.", "ns2.example.net."}
    assert controller.ask("GET", f"/zones/{ZONE}").json["account"] == "admin"


@pytest.mark.parametrize("body", [{"soa_edit_api": "EPOCH", "kind": "Master"},
                                  {"kind": "Native", "masters": []}, {"catalog": "c.example."},
                                  {"api_rectify": True}, {"account": "somebody"}])
def test_powerdns_admin_sets_what_it_sets(controller, body):
    controller.create()
    controller.create("c.example.", kind="Producer")
    answer = controller.ask("PUT", f"/zones/{ZONE}", body)
    assert answer.status == 204, answer.body
    zone = controller.ask("GET", f"/zones/{ZONE}").json
    assert {key: zone[key] for key in body} == body


def test_powerdns_admin_replaces_with_comments(controller):
    controller.create()
    comment = {"content": "why", "account": "me", "modified_at": 1700000000}
    controller.patch(replace("www." + ZONE, "A", "192.0.2.1", comments=[comment]))
    rrset = next(each for each in controller.ask("GET", f"/zones/{ZONE}").json["rrsets"]
                 if each["name"] == "www." + ZONE)
    assert rrset["comments"] == [comment]
    controller.patch(delete("www." + ZONE, "A", ttl=300, records=rrset["records"]),
                     replace("web." + ZONE, "A", "192.0.2.1", comments=[]))
    assert controller.rrset("web." + ZONE, "A") == ["192.0.2.1"]


def test_a_disabled_record_is_kept_and_shown(controller):
    controller.create()
    rrset = replace("www." + ZONE, "A", "192.0.2.1")
    rrset["records"][0]["disabled"] = True
    assert controller.patch(rrset).status == 204
    shown = next(each for each in controller.ask("GET", f"/zones/{ZONE}").json["rrsets"]
                 if each["name"] == "www." + ZONE)
    assert shown["records"] == [{"content": "192.0.2.1", "disabled": True}]


def test_proxmox_asks_for_a_zone_without_its_sets(controller):
    controller.create("16-31.172.in-addr.arpa.")
    zone = controller.ask("GET", "/zones/16-31.172.in-addr.arpa.?rrsets=false").json
    assert "rrsets" not in zone
    assert "rrsets" in controller.ask("GET", "/zones/16-31.172.in-addr.arpa?rrsets=true").json


def test_libdns_finds_one_zone(controller):
    controller.create()
    controller.create("other.example.")
    assert [each["id"] for each in controller.ask("GET", "/zones?zone=example.com.").json] == [ZONE]
    assert [each["id"] for each in controller.ask("GET", "/zones?zone=example.com").json] == [ZONE]
    assert controller.ask("GET", "/zones?zone=none.example.").json == []


def test_poweradmin_asks_for_one_set(controller):
    controller.create()
    controller.patch(replace("www." + ZONE, "A", "192.0.2.1"),
                     replace("www." + ZONE, "AAAA", "2001:db8::1"))
    found = controller.ask("GET", f"/zones/{ZONE}?rrset_name=www.{ZONE}&rrset_type=A").json
    assert [(each["name"], each["type"]) for each in found["rrsets"]] == [("www." + ZONE, "A")]
    found = controller.ask("GET", f"/zones/{ZONE}?rrset_name=www.{ZONE}").json
    assert len(found["rrsets"]) == 2


def test_a_zone_that_is_to_be_made_has_no_version_to_match(controller):
    body = {"name": ZONE, "kind": "Native", "nameservers": ["ns1.example.net."]}
    for tag in ('"1"', '"2026010101-1"', "*", 'W/"1"'):
        refused = controller.ask("POST", "/zones", body, headers={"If-Match": tag})
        assert refused.status == 412 and refused.error.startswith("If-Match: "), tag
    assert controller.ask("GET", f"/zones/{ZONE}").status == 404
    assert controller.ask("POST", "/zones", body, headers={"If-None-Match": "*"}).status == 201


def test_what_there_is_can_be_searched(controller):
    controller.create()
    controller.patch(replace("www." + ZONE, "A", "192.0.2.1"))
    found = controller.ask("GET", "/search-data?q=*www*&max=10").json
    assert found == [{"content": "192.0.2.1", "disabled": False, "name": "www.example.com.",
                      "object_type": "record", "ttl": 300, "type": "A", "zone": ZONE,
                      "zone_id": ZONE}]
    found = controller.ask("GET", "/search-data?q=*192.0.2.1*&object_type=record").json
    assert len(found) == 1
    found = controller.ask("GET", "/search-data?q=exam*&object_type=zone").json
    assert [each["name"] for each in found] == [ZONE]
    # By the whole name, with its last dot or without, as people type it.
    for name in ("www.example.com", "www.example.com.", "w?w.example.co?", "www.*.com"):
        found = controller.ask("GET", f"/search-data?q={name}").json
        assert [each["name"] for each in found] == ["www." + ZONE], name
    found = controller.ask("GET", "/search-data?q=example.com&object_type=zone").json
    assert [each["name"] for each in found] == [ZONE]
    # Of a set that a name has all records, of one that is found by its data those alone.
    controller.patch(replace("two." + ZONE, "A", "198.51.100.1", "198.51.100.2"))
    for pattern, count in (("two.*", 2), ("*.100.2*", 1), ("198.51.100.?", 2), ("100.1", 1)):
        found = controller.ask("GET", f"/search-data?q={pattern}").json
        assert len(found) == count, found
    controller.patch(replace("txt." + ZONE, "TXT", '"h\u00e9llo"', '"World"'))
    for pattern in ("h?llo", "h%C3%A9l", '%22h*o%22', "World"):
        assert len(controller.ask("GET", f"/search-data?q={pattern}").json) == 1, pattern
    serial = controller.ask("GET", f"/zones/{ZONE}").json["serial"]
    soas = [each["content"] for each in controller.ask("GET", "/search-data?q=*").json
            if each.get("type") == "SOA"]
    assert len(soas) == 1 and soas[0].split()[2] == str(serial)
    assert controller.ask("GET", "/search-data?q=*&object_type=comment").json == []
    assert controller.ask("GET", "/search-data?q=*&object_type=domain").status == 422


# --- Ours ---

def test_a_zone_is_changed_only_as_it_was_seen(controller):
    controller.create()
    etag = controller.ask("GET", f"/zones/{ZONE}").headers["etag"]
    one = replace("www." + ZONE, "A", "192.0.2.1")
    done = controller.patch(one, headers={"If-Match": etag})
    assert done.status == 204
    assert done.headers["etag"] != etag
    two = replace("www." + ZONE, "A", "192.0.2.2")
    assert controller.patch(two, headers={"If-Match": etag}).status == 412
    assert controller.patch(two, headers={"If-Match": "nonsense"}).status == 400
    assert controller.patch(two, headers={"If-Match": f"W/{etag}"}).status == 412
    assert controller.patch(two, headers={"If-Match": f'"1", {etag}'}).status == 412
    assert controller.patch(two, headers={"If-Match": "*"}).status == 204
    now = controller.ask("GET", f"/zones/{ZONE}").headers["etag"]
    assert controller.patch(one, headers={"If-Match": f'"1", {now}, "2-2"'}).status == 204
    same = controller.ask("GET", f"/zones/{ZONE}")
    again = controller.ask("GET", f"/zones/{ZONE}", headers={"If-None-Match": same.headers["etag"]})
    assert again.status == 304 and again.body == b""
    # As who stands between leaves it, having packed the answer.
    weak = {"If-None-Match": f'"1", W/{same.headers["etag"]}'}
    assert controller.ask("GET", f"/zones/{ZONE}", headers=weak).status == 304


def test_a_request_that_is_repeated_is_done_once(controller):
    controller.create()
    one = replace("www." + ZONE, "A", "192.0.2.1", changetype="EXTEND")
    first = controller.patch(one, headers={"Idempotency-Key": "k"})
    second = controller.patch(one, headers={"Idempotency-Key": "k"})
    assert first.status == second.status == 204
    assert first.headers["x-nearcast-change"] == second.headers["x-nearcast-change"]
    other = controller.patch(replace("www." + ZONE, "A", "192.0.2.9"),
                             headers={"Idempotency-Key": "k"})
    assert other.status == 422


def test_zones_are_listed_by_pages(controller):
    wanted = sorted([f"z{i}.example." for i in range(4)] + ["a+b&c.example."])
    for name in wanted:
        controller.create(name)
    names, path = [], "/zones?limit=1"
    while path:
        answer = controller.ask("GET", path)
        names += [each["name"] for each in answer.json]
        link = answer.headers.get("link", "")
        path = link.split(">")[0].lstrip("<") if 'rel="next"' in link else None
    assert names == wanted
    assert controller.ask("GET", "/zones?limit=x").status == 400


def test_bounds_are_kept(controller):
    controller.create()
    long = "x" * 5000
    assert controller.ask("GET", f"/zones/{long}").status == 414
    many = replace("www." + ZONE, "TXT", *(f'"{i}"' for i in range(5001)))
    assert "Too many records" in controller.patch(many).error
    fat = replace("www." + ZONE, "TXT", *('"' + f"{i:03}" + "x" * 250 + '"' for i in range(300)))
    assert "RRset is too large" in controller.patch(fat).error


def test_the_etag_moves_with_settings_and_is_never_used_again(controller):
    controller.create()
    etag = controller.ask("GET", f"/zones/{ZONE}").headers["etag"]
    serial = etag.strip('"').split("-")[0]
    assert controller.ask("PUT", f"/zones/{ZONE}", {"account": "x"}).status == 204
    assert controller.ask("GET", f"/zones/{ZONE}", headers={"If-None-Match": etag}).status == 200
    one = replace("www." + ZONE, "A", "192.0.2.1")
    assert controller.patch(one, headers={"If-Match": etag}).status == 412
    etag = controller.ask("GET", f"/zones/{ZONE}").headers["etag"]
    assert controller.ask("DELETE", f"/zones/{ZONE}").status == 204
    controller.create()
    assert controller.patch(one, headers={"If-Match": etag}).status == 412
    assert controller.patch(one, headers={"If-Match": f'"{serial}"'}).status == 204


def test_types_that_are_worked_out_are_refused_with_a_reason(controller):
    controller.create()
    assert "look up no other names" in controller.patch(replace(ZONE, "ALIAS", "a.net.")).error
    assert "run no code" in controller.patch(replace(ZONE, "LUA", "A \"ifportup(1)\"")).error


def test_parts_of_an_answer_are_not_made(controller):
    controller.create()
    many = {"Range": "bytes=" + ",".join(["0-"] * 500)}
    whole = controller.ask("GET", f"/zones/{ZONE}")
    for path, status in ((f"/zones/{ZONE}", 200), ("/zones/none.example.", 404)):
        answer = controller.ask("GET", path, headers=many)
        assert answer.status == status and "content-range" not in answer.headers
    again = controller.ask("GET", f"/zones/{ZONE}", headers=many)
    assert again.json["rrsets"] == whole.json["rrsets"]  # The rest tells what is served meanwhile.


def test_deep_json_is_refused(controller):
    for raw in (b"[" * 100_000, b'{"a":' * 100_000, b'{"rrsets":' + b"[" * 40 + b"]" * 40 + b"}"):
        assert controller.ask("POST", "/zones", raw=raw).status == 400
    brackets = replace("www." + ZONE, "TXT", '"' + "[" * 50 + '"')
    controller.create()
    assert controller.patch(brackets).status == 204


@pytest.mark.parametrize("settings", [
    {"dnssec": "true"}, {"api_rectify": 1}, {"nsec3narrow": "no"}, {"account": 5}, {"kind": True},
    {"account": "x" * 256}, {"account": "a\nkind=Slave"}, {"catalog": "no dots.."},
    {"catalog": "relative"}, {"soa_edit": "SOMETIMES"}, {"nsec3param": "1 2 3"}])
def test_settings_of_another_type_are_refused(controller, settings):
    def shown():  # Without what follows from being served, a moment later.
        answer = controller.ask("GET", f"/zones/{ZONE}").json
        return {name: value for name, value in answer.items()
                if name not in ("edited_serial", "notified_serial")}

    controller.create()
    before = shown()
    assert controller.ask("PUT", f"/zones/{ZONE}", settings).status == 422
    assert shown() == before
    other = {"name": "other.example.", "kind": "Native"} | settings
    assert controller.ask("POST", "/zones", other).status == 422


def test_a_flag_of_another_type_is_refused(controller):
    controller.create()
    rrset = replace("www." + ZONE, "A", "192.0.2.1")
    rrset["records"][0]["disabled"] = "true"
    assert controller.patch(rrset).status == 422


def test_pages_go_on_behind_any_name(controller):
    names = ["a.page.", "b#c.page.", "d&e.page.", "f+g.page.", "h%41.page.", "z.page."]
    for name in names:
        controller.create(name)
    seen, path = [], "/zones?limit=1"
    while path and len(seen) <= len(names):
        answer = controller.ask("GET", path)
        seen += [zone["name"] for zone in answer.json]
        path = answer.headers["link"].split(">")[0][1:] if "link" in answer.headers else None
    assert sorted(seen) == sorted(names)


def test_a_body_is_kept_of_those_with_a_key_alone(controller):
    controller.create()
    wide = json.dumps({"comment": "x" * 100_000, "rrsets": []}).encode()
    assert controller.ask("PATCH", f"/zones/{ZONE}", raw=wide, key="wrong").status == 401
    assert controller.ask("POST", "/api/v1/join", raw=wide, key=None).status == 413
    assert "longer than 4096" in controller.ask("PATCH", f"/zones/{ZONE}", raw=wide).error


@pytest.mark.parametrize("head", [
    "GET {} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n",
    "GET {} HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 9\r\n",
    "OPTIONS {} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n",
    "PATCH {} HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n",
    "PATCH {} HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n",
    "PATCH {} HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n",
    "PATCH {} HTTP/1.1\r\nContent-Length: 2x\r\n"])
def test_a_request_without_a_clear_end_ends_the_connection(controller, head):
    controller.create()
    path = f"/api/v1/servers/localhost/zones/{ZONE}"
    with socket.create_connection(("127.0.0.1", controller.api_port), timeout=60) as client:
        client.sendall((head.format(path) + f"Host: x\r\nX-API-Key: {controller.key}\r\n\r\n")
                       .encode())
        answer = b""
        while part := client.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 400")


def test_a_get_with_a_body_ends_the_connection(controller):
    controller.create()
    connection = controller.connection()
    answer = controller.ask("GET", f"/zones/{ZONE}", raw=b"{}", connection=connection)
    assert answer.status == 200 and answer.json["name"] == ZONE
    with socket.create_connection(("127.0.0.1", controller.api_port), timeout=60) as client:
        client.sendall(f"GET /api HTTP/1.1\r\nHost: x\r\nX-API-Key: {controller.key}\r\n"
                       "Content-Length: 5\r\n\r\n".encode())
        received = b""
        while part := client.recv(65536):
            received += part
    assert received.endswith(b'"version":1}]')


def test_a_post_without_a_length_has_no_body(controller):
    controller.create()
    with socket.create_connection(("127.0.0.1", controller.api_port), timeout=60) as client:
        for _ in range(2):
            client.sendall(f"PUT /api/v1/servers/localhost/zones/{ZONE}/notify HTTP/1.1\r\n"
                           f"Host: x\r\nX-API-Key: {controller.key}\r\n\r\n".encode())
            received = b""
            while not received.endswith(b"queued\"}"):  # Its head and its body may come apart.
                received += client.recv(65536)
            assert received.startswith(b"HTTP/1.1 200")


def test_a_connection_goes_on_after_many_requests(controller):
    controller.create()
    connection = controller.connection()
    for i in range(20):
        answer = controller.patch(replace(f"h{i}." + ZONE, "A", "192.0.2.1"),
                                  connection=connection)
        assert answer.status == 204
    connection.close()


def test_tls_comes_with_a_certificate_of_our_own(tmp_path):
    with Controller(tmp_path, tls=True) as controller:
        assert (tmp_path / "state/api.key").stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "state/admin.key").stat().st_mode & 0o777 == 0o600
        assert controller.ask("GET", "/api").status == 200
        key = controller.key
    with Controller(tmp_path, tls=True) as controller:
        assert controller.key == key
        assert controller.ask("GET", "/api").status == 200
