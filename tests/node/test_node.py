"""A node with a real router: dead or hung, it leaves; busy or drained, it stays; it comes back."""

import os
import shutil
import signal
import subprocess
import time

import pytest

from world import PREFIX, SERVICE, World, missing_needs

BIN = os.environ.get("NEARCAST_BIN", "build/dev/bin")
# Real figures come from bench/failover. Here only: far less than a hold time.
SOON = 10.0

pytestmark = pytest.mark.skipif(bool(missing_needs()), reason=missing_needs() or "-")


@pytest.fixture(scope="module")
def world():
    with World(BIN) as built:
        yield built


FAILURES = ["kill_server", "kill_guard", "stop_server", "stop_guard", "stick_worker", "deadlock"]


@pytest.mark.parametrize("failure", FAILURES)
def test_the_route_leaves_and_comes_back_as_a_last_resort_first(world, failure):
    before = getattr(world, failure)()
    assert world.route_gone_after(before) < SOON
    if failure in ("kill_server", "kill_guard"):
        world.wait_state("last_resort")
    world.recover()
    assert world.asks(4) and world.asks(6)


def test_a_dead_guard_costs_no_answer(world):
    server = world.server_pid()
    world.kill_guard()
    for _ in range(10):
        assert world.asks(4)
    world.recover()
    assert world.server_pid() == server, "the server was restarted with its guard"


def test_a_stopped_guard_is_replaced_and_its_server_adopted(world):
    server = world.server_pid()
    guard = world.guard_pid()
    world.stop_guard()
    world.wait_for(lambda: (world.status() or {}).get("guard", {}).get("pid") not in (None, guard),
                   "a new guard")
    world.recover()
    assert world.server_pid() == server


def test_a_drain_keeps_the_route_as_a_last_resort_and_outlives_a_guard(world):
    world.nearcast("drain", "--no-wait")
    world.wait_state("last_resort")
    world.wait_for(lambda: world.has_route_as_last_resort(4), "graceful shutdown, v4")
    world.wait_for(lambda: world.has_route_as_last_resort(6), "graceful shutdown, v6")
    world.kill_guard()
    world.wait_state("last_resort")
    assert world.status()["drained"]
    assert world.asks(4)
    world.nearcast("undrain")
    world.recover()
    world.wait_for(lambda: not world.has_route_as_last_resort(4), "the community to go")


def test_a_drain_switches_without_a_gap(world):
    gone = [event for event in collect_events(world, lambda: world.nearcast("drain", "--no-wait"))
            if not event[0]]
    world.nearcast("undrain")
    world.recover()
    assert not gone


def collect_events(world, act):
    while not world.events.empty():
        world.take_events(0)
    act()
    world.wait_for(lambda: world.has_route_as_last_resort(4), "graceful shutdown")
    found = []
    while not world.events.empty():
        found.append(world.events.get())
    return found


def test_a_drain_reports_its_proof(world):
    said = world.nearcast("drain")
    world.nearcast("undrain")
    world.recover()
    assert "drained: " in said


def test_what_is_announced_is_read_back(world):
    world.wait_for(lambda: world.status()["routing_read"], "the routing daemon to be read")
    assert world.status()["mismatches"] == []


def test_a_second_node_is_refused(world):
    second = subprocess.run(["ip", "netns", "exec", world.names["node"], world.bin / "nearcastd",
                             "--config", world.config],
                            capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert "running already" in second.stderr


def test_guard_and_server_run_without_privilege(world):
    for pid in (world.server_pid(), world.guard_pid()):
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            lines = dict(line.split(":", 1) for line in status)
        assert lines["Uid"].split()[0] != "0"
        assert int(lines["CapEff"], 16) in (0, 1 << 10), "more than CAP_NET_BIND_SERVICE"
        assert lines["NoNewPrivs"].strip() == "1"


def test_only_the_guard_holds_the_signals(world):
    def holds_tun(pid):
        links = (os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd"))
        return sum(link.endswith("/net/tun") for link in links)

    assert holds_tun(world.guard_pid()) == 2
    assert holds_tun(world.server_pid()) == 0


def test_a_crash_loop_ends_by_itself(world):
    for _ in range(4):
        for family in (4, 6):
            world.wait_route(PREFIX[family], True)
        assert world.route_gone_after(world.kill_server()) < SOON
    world.recover()
    assert world.asks(4)


def lost_routes(world, act):
    """The prefixes that the upstream lost while `act` ran."""
    world.recover()
    world.lost_at.clear()
    act()
    while not world.events.empty():
        world.take_events(0)
    return [prefix for prefix in PREFIX.values() if prefix in world.lost_at]


def test_a_machine_that_stalls_for_half_a_second_is_not_dead(world):
    def stall():
        pids = [world.guard_pid(), world.server_pid()]
        for number, pause in ((signal.SIGSTOP, 0.5), (signal.SIGCONT, 1.0)):
            for pid in pids:
                world.strike(pid, number)
            time.sleep(pause)
        assert [world.guard_pid(), world.server_pid()] == pids

    assert lost_routes(world, stall) == [], world.log()


@pytest.mark.skipif(not shutil.which("dnsperf"), reason="needs dnsperf")
def test_a_flood_withdraws_nothing(world):
    questions = world.home / "questions"
    questions.write_text("www.example.org A\nnothing.example.org A\n")

    def flood():
        subprocess.run(["ip", "netns", "exec", world.names["up"], "dnsperf", "-s", SERVICE[4],
                        "-d", str(questions), "-l", "5", "-c", "20", "-T", "2", "-q", "20000"],
                       check=True, capture_output=True)

    assert lost_routes(world, flood) == [], world.log()


def test_tcp_that_is_used_up_withdraws_nothing(world):
    script = ("import socket,time\n"
              "held=[]\n"
              "for i in range(900):\n"
              "    s=socket.socket(); s.setblocking(False)\n"
              f"    s.connect_ex(('{SERVICE[4]}', 53)); held.append(s)\n"
              "time.sleep(4)\n")

    def use_up():
        subprocess.run(["ip", "netns", "exec", world.names["up"], "/usr/bin/python3", "-c",
                        script], check=True)

    assert lost_routes(world, use_up) == [], world.log()


def test_a_zone_that_cannot_be_loaded_makes_a_last_resort_and_withdraws_nothing(world):
    zone = world.home / "zones" / "example.org.zone"
    good = zone.read_text()
    zone.write_text(good + "broken 3600 IN A 300.1.2.3\n")
    with pytest.raises(subprocess.CalledProcessError) as told:
        world.nearcast("reload")
    assert "300.1.2.3" in told.value.stdout and "still serving serial" in told.value.stdout
    world.wait_state("last_resort")
    assert world.has_route(PREFIX[4]) and world.asks(4), "the last good version goes on"
    with pytest.raises(subprocess.CalledProcessError):
        world.nearcast("reload")
    time.sleep(2)  # Longer than soft_recovery.
    assert world.status()["state"] == "last_resort", "a file that stays bad is forgotten"
    zone.write_text(good)
    assert "0 failed" in world.nearcast("reload")
    world.wait_state("announced")


def test_the_covering_prefix_never_leaves(world):
    assert world.has_route("192.0.2.0/23")
    world.route_gone_after(world.kill_server())
    assert world.has_route("192.0.2.0/23")
    world.recover()


def test_an_orderly_stop_withdraws_then_answers_on():
    with World(BIN) as world:
        world.wait_state("announced")
        os.kill(world.guard_pid(), signal.SIGTERM)
        world.wait_route(PREFIX[4], False)
        assert world.asks(4), "the server stopped answering with the withdrawal"
        assert world.node.wait(timeout=30) == 0


def test_a_mistyped_key_is_told(tmp_path):
    config = tmp_path / "node.toml"
    config.write_text("[node]\nname = 'a'\npop = 'b'\n[serve]\nlisten = ['192.0.2.53:53']\n"
                      "[anycast]\nprefixs = ['192.0.2.0/24']\n")
    shown = subprocess.run([f"{BIN}/nearcastd", "--check", "--config", config],
                           capture_output=True, text=True, check=False)
    assert shown.returncode == 2
    assert "prefixes" in shown.stderr


def test_a_check_refuses_an_address_that_stands_there_twice(tmp_path):
    config = tmp_path / "node.toml"
    config.write_text("[node]\nname = 'a'\npop = 'b'\n[serve]\n"
                      "listen = ['192.0.2.53:53', '192.0.2.53:53']\n"
                      "[anycast]\nprefixes = ['192.0.2.0/24']\n")
    shown = subprocess.run([f"{BIN}/nearcastd", "--check", "--config", config],
                           capture_output=True, text=True, check=False)
    assert shown.returncode == 2
    assert "two of the addresses" in shown.stderr, shown.stderr


@pytest.mark.skipif(not os.path.exists("/usr/lib/frr/bgpd"), reason="needs frr")
def test_frr_follows_the_same_signals():
    # The server stays dead for longer than FRR may take to learn of it.
    with World(BIN, daemon="frr", guard='restart_delay = "3s"') as world:
        before = world.kill_server()
        assert world.route_gone_after(before) < SOON
        world.recover()
        world.wait_for(lambda: world.status()["routing_read"], "FRR to be read")
        world.nearcast("drain", "--no-wait")
        world.wait_for(lambda: world.has_route_as_last_resort(4), "graceful shutdown, v4")
        world.wait_for(lambda: world.has_route_as_last_resort(6), "graceful shutdown, v6")
        world.wait_for(lambda: world.status()["mismatches"] == [], "no mismatch")
