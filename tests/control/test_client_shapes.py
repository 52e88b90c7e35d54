"""Requests as external-dns, dnscontrol and acme.sh send them, one by one, and what they read back.

None is a package of Debian: their requests are written out here. Those of other clients stand in
test_api.py, and clients that are packages run themselves in test_clients.py.
"""

import re

from controller import delete, replace

ZONE = "example.com."


def sets_of(controller):
    """What external-dns reads: the sets of all zones, without records that are switched off."""
    found = {}
    for zone in controller.ask("GET", "/zones").json:
        for rrset in controller.ask("GET", f"/zones/{zone['id']}").json["rrsets"]:
            contents = [each["content"] for each in rrset["records"] if not each["disabled"]]
            found[rrset["name"], rrset["type"]] = (rrset["ttl"], contents)
    return found


def endpoint(name, address, change="REPLACE", ttl=300):
    """A name with its TXT records of ownership, at the name and beside it."""
    owner = '"heritage=external-dns,external-dns/owner=cluster,external-dns/resource=service/web"'
    return [replace(name, "A", address, ttl=ttl, changetype=change),
            replace(name, "TXT", owner, ttl=ttl, changetype=change),
            replace("a-" + name, "TXT", owner, ttl=ttl, changetype=change)]


def test_external_dns_makes_changes_and_deletes_an_endpoint(controller):
    controller.create()
    before = sets_of(controller)
    assert controller.patch(*endpoint("web." + ZONE, "192.0.2.1")).status == 204
    assert sets_of(controller)["web." + ZONE, "A"] == (300, ["192.0.2.1"])
    assert controller.patch(*endpoint("web." + ZONE, "192.0.2.2", ttl=60)).status == 204
    assert sets_of(controller)["web." + ZONE, "A"] == (60, ["192.0.2.2"])
    assert len(sets_of(controller)) == len(before) + 3
    # It deletes with the records that it knows, and without a TTL.
    gone = endpoint("web." + ZONE, "192.0.2.2", change="DELETE")
    for rrset in gone:
        del rrset["ttl"]
    assert controller.patch(*gone).status == 204
    assert set(sets_of(controller)) == set(before)
    assert controller.patch(*gone).status == 204, "it tries again after an answer that was lost"


def test_external_dns_reads_no_record_that_is_switched_off(controller):
    controller.create()
    rrset = replace("web." + ZONE, "A", "192.0.2.1", "192.0.2.2")
    rrset["records"][1]["disabled"] = True
    controller.patch(rrset)
    assert sets_of(controller)["web." + ZONE, "A"] == (300, ["192.0.2.1"])


def test_external_dns_is_told_why_it_cannot_have_an_alias(controller):
    controller.create()
    answer = controller.patch(replace(ZONE, "ALIAS", "web.example.net."))
    assert answer.status == 422
    assert (answer.json["rrsets"][0]["name"], answer.json["rrsets"][0]["field"]) == (ZONE, "type")
    assert "write the addresses" in answer.error


def whole_zone(*rrsets):
    """What dnscontrol sends as a PATCH: an empty zone around the sets that are to change."""
    return {"name": "", "type": "Zone", "rrsets": list(rrsets), "nameservers": []}


def dnscontrol_delete(name, kind):
    return delete(name, kind, ttl=0, records=None, comments=None)


def test_dnscontrol_finds_no_zone_and_makes_it(controller):
    assert controller.ask("GET", f"/zones/{ZONE}").status in (404, 422), "both are missing to it"
    made = controller.ask("POST", "/zones", {
        "name": ZONE, "type": "Zone", "kind": "Native", "rrsets": None, "dnssec": False,
        "nameservers": ["ns1.example.net.", "ns2.example.net."]})
    assert made.status == 201, made.body
    assert ZONE in [zone["name"] for zone in controller.ask("GET", "/zones").json]
    assert sorted(controller.rrset(ZONE, "NS")) == ["ns1.example.net.", "ns2.example.net."]


def test_dnscontrol_patches_with_a_whole_zone(controller):
    controller.create()
    path = f"/zones/{ZONE}"
    sent = whole_zone(replace("www." + ZONE, "A", "192.0.2.1", comments=None),
                      replace(ZONE, "HTTPS", "1 . alpn=h2,h3", comments=None),
                      replace("gone." + ZONE, "A", "192.0.2.9", comments=None))
    assert controller.ask("PATCH", path, sent).status == 204
    assert controller.rrset(ZONE, "HTTPS") == ["1 . alpn=h2,h3"], "without quotes, as it was sent"
    sent = whole_zone(dnscontrol_delete("gone." + ZONE, "A"),
                      replace("www." + ZONE, "A", "192.0.2.2", comments=None))
    assert controller.ask("PATCH", path, sent).status == 204
    assert controller.rrset("gone." + ZONE, "A") is None
    assert controller.rrset("www." + ZONE, "A") == ["192.0.2.2"]
    zone = controller.ask("GET", path).json
    assert (zone["name"], zone["kind"]) == (ZONE, "Native"), "what is empty in it changes nothing"
    assert len(controller.rrset(ZONE, "NS")) == 1
    assert controller.ask("GET", path + "/cryptokeys").json == []


class AcmeSh:
    """Its hook for PowerDNS. It reads answers as text, and looks at no status."""

    NAME = "_acme-challenge." + ZONE

    def __init__(self, controller):
        self.controller = controller

    def ask(self, method, path, text=None):
        """Bodies are called a form, as curl has it; a GET may have an empty one."""
        answer = self.controller.ask(method, path, raw=text, headers={
            "Content-Type": "application/x-www-form-urlencoded"} if text is not None else None)
        return answer.body.decode()

    def find_zone(self):
        """All zones are listed, and the longest end of the name is taken that stands there."""
        zones = re.sub(r"\s", "", self.ask("GET", "/zones", ""))
        ends = [self.NAME[at:] for at in range(len(self.NAME)) if at == 0 or
                self.NAME[at - 1] == "."]
        return next(end for end in ends if f'"name":"{end}"' in zones)

    def challenges(self, zone):
        """From the name up to the next bracket that closes; in that, what stands behind a quote."""
        text = re.sub(r"\s*([:,{}\[\]])\s*", r"\1", self.ask("GET", f"/zones/{zone}", ""))
        found = re.findall(r'"name":"' + self.NAME[:-1] + r"[^\]]*}", text)
        return [token for part in found for token in re.findall(r'content":"\\"([^\\]*)', part)]

    def patch(self, zone, rrset):
        assert self.ask("PATCH", f"/zones/{zone}", '{"rrsets": [{%s}]}' % rrset) == ""

    def replace(self, zone, tokens):
        records = ", ".join(
            r'{"name": "%s", "type": "TXT", "content": "\"%s\"", "disabled": false, "ttl": 60}'
            % (self.NAME, token) for token in tokens)
        self.patch(zone, '"changetype": "REPLACE", "name": "%s", "type": "TXT", "ttl": 60, '
                   '"records": [%s]' % (self.NAME, records))

    def notify(self, zone):
        assert "queued" in self.ask("PUT", f"/zones/{zone}/notify", "")

    def add(self, token):
        zone = self.find_zone()
        self.replace(zone, [*self.challenges(zone), token])
        self.notify(zone)

    def remove(self, token):
        """Taken away as a whole, and what is left of it put back."""
        zone = self.find_zone()
        left = [each for each in self.challenges(zone) if each != token]
        self.patch(zone, f'"changetype": "DELETE", "name": "{self.NAME}", "type": "TXT"')
        if left:
            self.replace(zone, left)
        self.notify(zone)


def test_acme_sh_keeps_one_challenge_beside_another_and_takes_both_away(controller):
    controller.create()
    controller.create("example.net.")
    client = AcmeSh(controller)
    for token in ("token-of-the-name", "token-of_the-wildcard"):
        client.add(token)
    assert set(controller.rrset(client.NAME, "TXT")) == {
        '"token-of-the-name"', '"token-of_the-wildcard"'}
    client.remove("token-of-the-name")
    assert controller.rrset(client.NAME, "TXT") == ['"token-of_the-wildcard"']
    client.remove("token-of_the-wildcard")
    assert controller.rrset(client.NAME, "TXT") is None


def test_acme_sh_takes_the_zone_that_is_nearest(controller):
    controller.create("com.")
    controller.create()
    client = AcmeSh(controller)
    client.add("token")
    assert controller.rrset(client.NAME, "TXT") == ['"token"']
    assert controller.ask("DELETE", f"/zones/{ZONE}").status == 204
    assert client.find_zone() == "com."
