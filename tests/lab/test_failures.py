"""A PoP dies or falls silent: its users are answered by the next, and return when it heals."""


def nobody_else_noticed(effect, users):
    return all(row["lost"] == 0 for city, row in effect.items() if city not in users)


def users_of(lab, pop):
    return {city for city, answers in lab.catchment().items() if answers == pop}


def test_kill_and_heal(lab):
    users = users_of(lab, "sin")
    effect = lab.effect("kill", "sin")
    assert effect["tokyo"]["before"] == "sin"
    assert effect["tokyo"]["after"] == "syd"
    assert all(effect[city]["gap_ms"] < 1500 for city in users)
    assert nobody_else_noticed(effect, users)
    assert lab.state("sin") == "down"
    assert lab.pop("sin")["announced_to"] == 0
    lab.run("heal", "sin")
    assert lab.catchment()["tokyo"] == "sin"


def test_a_silent_cut_is_noticed_by_bfd(lab):
    users = users_of(lab, "fra")
    effect = lab.effect("cut", "fra")
    assert users
    assert all(effect[city]["after"] not in (None, "fra") for city in users)
    # Three intervals of 300 ms, and room for a busy machine.
    assert all(effect[city]["gap_ms"] < 4000 for city in users)
    assert lab.state("fra") == "cut off"
    lab.run("heal", "fra")
    assert users_of(lab, "fra") == users


def test_an_unplugged_pop_is_noticed_without_bfd(lab):
    users = users_of(lab, "fra")
    effect = lab.effect("cut", "fra", "--carrier")
    assert users
    assert all(effect[city]["after"] not in (None, "fra") for city in users)
    lab.run("heal", "fra")
    assert users_of(lab, "fra") == users


def test_a_drain_loses_no_question(lab):
    users = users_of(lab, "nyc")
    effect = lab.effect("drain", "nyc")
    assert all(effect[city]["after"] != "nyc" for city in users)
    assert sum(row["lost"] for row in effect.values()) == 0
    assert lab.state("nyc") == "drained"
    lab.run("heal", "nyc")
    assert users_of(lab, "nyc") == users


def test_a_frozen_server_loses_its_users(lab):
    effect = lab.effect("freeze", "gru")
    assert effect["buenos-aires"]["after"] not in (None, "gru")
    assert effect["buenos-aires"]["gap_ms"] < 3000


def test_a_frozen_guard_does_not_keep_the_route(lab):
    effect = lab.effect("freeze", "syd", "--guard")
    assert effect["auckland"]["after"] is not None
    assert effect["auckland"]["gap_ms"] < 3000


def test_the_last_pop_is_never_asked_to_leave(lab):
    others = [pop["pop"] for pop in lab.pops() if pop["pop"] != "sin"]
    for pop in others:
        lab.run("kill", pop)
    effect = lab.effect("drain", "sin")
    # With nowhere else to go the routers try stale paths before they settle on the last resort.
    assert all(row["after"] == "sin" and row["gap_ms"] < 1500 for row in effect.values()), effect
    assert None not in lab.catchment().values()
