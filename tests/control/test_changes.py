"""The history of zones: who changed what, and back."""

from controller import Controller, delete, replace

ZONE = "example.com."


def changes(controller, path="?zone=example.com"):
    return controller.ask("GET", f"/api/v1/changes{path}").json


def test_every_change_is_told_with_its_diff(controller):
    controller.create(comment="a new zone")
    body = {"comment": "the web", "rrsets": [replace("www." + ZONE, "A", "192.0.2.1")]}
    sent = controller.ask("PATCH", f"/zones/{ZONE}", body)
    listed = changes(controller)
    assert [each["comment"] for each in listed] == ["the web", "a new zone"]
    assert [each["kind"] for each in listed] == ["records", "create"]
    assert listed[0]["actor"] == "key:admin"
    assert listed[0]["source"] == "127.0.0.1"
    assert listed[0]["new_serial"] == listed[0]["old_serial"] + 1
    assert str(listed[0]["sequence"]) == sent.headers["x-nearcast-change"]
    change = controller.ask("GET", f"/api/v1/changes/{listed[0]['sequence']}").json
    assert change["diff"]["rrsets"] == [{
        "name": "www.example.com.", "type": "A", "before": None,
        "after": {"comments": [], "name": "www.example.com.", "ttl": 300, "type": "A",
                  "records": [{"content": "192.0.2.1", "disabled": False}]}}]
    assert controller.ask("GET", "/api/v1/changes/999999").status == 404
    for name in ("x", "0", "-1", "1x"):
        answer = controller.ask("GET", f"/api/v1/changes/{name}")
        assert answer.status == 404
        assert answer.error.startswith(f"there is no change '{name}'")


def test_a_soa_is_shown_with_the_serials_that_the_zone_had(controller):
    controller.create()
    for retry in ("3600", "7200"):
        content = f"ns1.example.net. host.example.net. 1 10800 {retry} 604800 3600"
        answer = controller.patch(replace(ZONE, "SOA", content))
        assert answer.status == 204, answer.body
    last = answer.headers["x-nearcast-change"]
    changed = controller.ask("GET", f"/api/v1/changes/{last}").json
    back = controller.ask("POST", f"/api/v1/changes/{last}/revert").json
    created = controller.ask("GET", f"/api/v1/changes/{changes(controller)[-1]['sequence']}").json
    for change in changed, back, created:
        soas = [each for each in change["diff"]["rrsets"] if each["type"] == "SOA"]
        assert len(soas) == 1, change
        for side, serial in (("before", "old_serial"), ("after", "new_serial")):
            if soas[0][side] is None:
                continue
            content = soas[0][side]["records"][0]["content"]
            assert content.split()[2] == str(change[serial]) != "0", change


def test_a_change_tells_whether_it_is_published(controller):
    def told(answer, more="&wait=published&timeout=60"):
        sequence = answer.headers["x-nearcast-change"]
        shown = controller.ask("GET", f"/api/v1/changes/{sequence}?rrsets=false{more}").json
        return shown.get("published"), shown.get("not_published", "")

    made = controller.create()
    assert told(made) == (True, "")
    bare = controller.patch(replace(ZONE, "NS"))
    is_published, why = told(bare)
    assert is_published is False and "no NS record" in why
    gone = controller.ask("DELETE", f"/zones/{ZONE}")
    assert told(gone) == (True, "")
    for change in (made, bare):  # What nobody knows any more is not said, and not waited for.
        assert told(change) == (None, "")
    again = controller.create()
    assert told(again) == (True, "")
    assert told(made, "") == (None, "")


def test_a_change_is_taken_back(controller):
    controller.create()
    controller.patch(replace("www." + ZONE, "A", "192.0.2.1"))
    moved = controller.patch(replace("www." + ZONE, "A", "192.0.2.2"))
    sequence = moved.headers["x-nearcast-change"]
    answer = controller.ask("POST", f"/api/v1/changes/{sequence}/revert", {"comment": "oops"})
    assert answer.status == 201
    assert answer.json["reverts"] == int(sequence)
    assert controller.rrset("www." + ZONE, "A") == ["192.0.2.1"]
    again = controller.ask("POST", f"/api/v1/changes/{sequence}/revert")
    assert again.status == 409
    assert "Has changed since" in again.error


def test_only_the_zone_that_was_seen_is_taken_back(controller):
    controller.create()
    made = controller.patch(replace("www." + ZONE, "A", "192.0.2.1"))
    revert = f"/api/v1/changes/{made.headers['x-nearcast-change']}/revert"
    etag = controller.ask("GET", f"/zones/{ZONE}").headers["etag"]
    for tags in ('"1"', '"1", "2"', f"W/{etag}"):
        refused = controller.ask("POST", revert, headers={"If-Match": tags})
        assert refused.status == 412, tags
    assert controller.rrset("www." + ZONE, "A") == ["192.0.2.1"]
    assert controller.ask("POST", revert, headers={"If-Match": f'"1", {etag}'}).status == 201
    assert controller.rrset("www." + ZONE, "A") is None
    # Who has not seen that it is taken back already is told so first.
    assert controller.ask("POST", revert, headers={"If-Match": etag}).status == 412
    assert controller.ask("POST", revert, headers={"If-Match": "*"}).status == 409
    gone = controller.ask("DELETE", f"/zones/{ZONE}")
    revert = f"/api/v1/changes/{gone.headers['x-nearcast-change']}/revert"
    for tags in ("*", etag):
        refused = controller.ask("POST", revert, headers={"If-Match": tags})
        assert refused.status == 412 and "no version" in refused.error
    assert controller.ask("POST", revert).status == 201


def test_a_deleted_zone_comes_back(controller):
    controller.create()
    controller.patch(replace("www." + ZONE, "A", "192.0.2.1"))
    gone = controller.ask("DELETE", f"/zones/{ZONE}")
    assert controller.ask("GET", f"/zones/{ZONE}").status == 404
    sequence = gone.headers["x-nearcast-change"]
    assert controller.ask("POST", f"/api/v1/changes/{sequence}/revert").status == 201
    assert controller.rrset("www." + ZONE, "A") == ["192.0.2.1"]


def test_history_comes_by_pages(controller):
    controller.create()
    for i in range(5):
        controller.patch(replace(f"h{i}." + ZONE, "A", "192.0.2.1"))
    first = controller.ask("GET", "/api/v1/changes?zone=example.com&limit=4")
    assert len(first.json) == 4
    path = first.headers["link"].split(">")[0].lstrip("<")
    assert len(controller.ask("GET", path).json) >= 2


def test_all_of_it_is_there_after_a_restart(tmp_path, database):
    with Controller(tmp_path, database=database) as controller:
        controller.create()
        controller.patch(replace("www." + ZONE, "A", "192.0.2.1"))
    with Controller(tmp_path, database=database) as controller:
        assert controller.rrset("www." + ZONE, "A") == ["192.0.2.1"]
        assert len(changes(controller)) == 2
        assert controller.patch(delete("www." + ZONE, "A")).status == 204
