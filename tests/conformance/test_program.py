"""What an operator meets: start, stop, errors with their way out, checks, the control socket."""

import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import dns.exception
import dns.message
import dns.query
import pytest
import stream
from server import START_LIMIT, Server, binary, free_port, nearcast

ZONE = """$TTL 300
@ SOA ns1 host 7 3600 600 86400 60
@ NS ns1
ns1 A 192.0.2.1
"""


@pytest.fixture(name="zones")
def zone_folder(tmp_path):
    folder = tmp_path / "zones"
    folder.mkdir()
    (folder / "program.test.zone").write_text(ZONE)
    return folder


def run(*arguments):
    return subprocess.run(
        [binary(), *map(str, arguments)], capture_output=True, text=True, timeout=START_LIMIT
    )


def serial(server):
    query = dns.message.make_query("program.test", "SOA")
    response = dns.query.udp(query, "127.0.0.1", timeout=5, port=server.port)
    return response.answer[0][0].serial if response.answer else response.rcode()


class Control:
    """Asks on the control socket."""

    def __init__(self, path):
        self.stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.stream.settimeout(START_LIMIT)
        self.stream.connect(str(path))
        self.lines = self.stream.makefile("r")

    def ask(self, command):
        self.stream.sendall(json.dumps({"command": command}).encode() + b"\n")
        return json.loads(self.lines.readline())


def test_says_its_version():
    found = run("--version")
    assert found.returncode == 0
    assert found.stdout.startswith("nearcastd ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["--zones", "try:"]),
        (["--zones", "/nowhere"], ["--listen", "try:"]),
        (["--zones", "/nowhere", "--listen", "localhost:53"], ["localhost:53", "try:"]),
        (["--zones", "/nowhere", "--listen", "127.0.0.1:99999"], ["99999", "try:"]),
        (["--zones", "/nowhere", "--listen", "127.0.0.1:0"], ["port 0", "try:"]),
        (["--zones", "/nowhere", "--listen", "::1:53"], ["--listen", "try: [::1]:53, or"]),
        (["--zones", "/nowhere", "--config", "node.toml"], ["--config", "[zones]", "try:"]),
        (["--zoness", "x"], ["--zoness"]),
    ],
)
def test_wrong_use_is_told_and_ends_with_2(arguments, words):
    found = run(*arguments)
    assert found.returncode == 2, found
    assert all(word in found.stderr for word in words), found.stderr
    assert found.stderr.startswith("nearcastd: ")


def test_a_lab_has_a_place_at_least():
    found = subprocess.run([nearcast(), "lab", "topology", "--pops", "0"], capture_output=True,
                           text=True, timeout=START_LIMIT)
    assert found.returncode == 2 and found.stderr.startswith("nearcast: --pops")


@pytest.mark.parametrize("line, option", [
    ('[zones]\ndirectory = "/other"\n', "--zones"),
    ('[serve]\nlisten = ["192.0.2.1:53"]\n', "--listen"),
    ("[serve]\nthreads = 4\n", "--threads"),
])
def test_what_only_a_node_says_is_refused_in_a_file_of_settings(zones, tmp_path, line, option):
    settings = tmp_path / "settings.toml"
    settings.write_text(line)
    found = run("--zones", zones, "--listen", f"127.0.0.1:{free_port()}", "--settings", settings)
    assert found.returncode != 0
    assert f"{settings}:2: " in found.stderr and f"try: {option}" in found.stderr


def test_a_missing_directory_is_told(tmp_path):
    found = run("--zones", tmp_path / "none", "--listen", f"127.0.0.1:{free_port()}")
    assert found.returncode == 1
    assert str(tmp_path / "none") in found.stderr and "try:" in found.stderr


def test_a_directory_without_zones_is_told(tmp_path):
    found = run("--zones", tmp_path, "--listen", f"127.0.0.1:{free_port()}")
    assert found.returncode == 1
    assert "no *.zone files" in found.stderr and "example.org.zone" in found.stderr


def test_a_port_in_use_is_told(zones):
    with Server(zones) as server:
        found = run("--zones", zones, "--listen", f"127.0.0.1:{server.port}")
        assert found.returncode == 1
        assert f"listen on 127.0.0.1:{server.port}" in found.stderr
        assert "ss -" in found.stderr


def test_check_prints_every_finding(zones):
    assert run("--check", "--zones", zones).returncode == 0
    (zones / "bad.test.zone").write_text(ZONE + "a MX mail\nb A 192.0.2.256\n")
    found = run("--check", "--zones", zones)
    assert found.returncode == 1
    assert "bad.test.zone:5" in found.stdout and "bad.test.zone:6" in found.stdout
    assert "2 zones checked, 1 would not be served" in found.stdout


def test_check_reads_the_settings_too(zones, tmp_path):
    settings = tmp_path / "settings.toml"
    found = run("--check", "--zones", zones, "--settings", settings)
    assert found.returncode == 2 and str(settings) in found.stderr
    settings.write_text('[cookies]\nno_such_key = 1\n')
    found = run("--check", "--zones", zones, "--settings", settings)
    assert found.returncode == 2 and f"{settings}:2: " in found.stderr
    settings.write_text("[cookies]\n")
    assert run("--check", "--zones", zones, "--settings", settings).returncode == 0


def test_check_opens_what_a_start_opens(zones, tmp_path):
    authority = stream.Authority(tmp_path / "certificates")
    certificate, key = authority.issue("one")
    _, other = authority.issue("other")
    expired = authority.issue("old", days=-1)
    settings = tmp_path / "settings.toml"

    def check(text, status):
        settings.write_text(text)
        found = run("--check", "--zones", zones, "--settings", settings, "--user", "root")
        assert found.returncode == status, (text, found)
        return found.stdout + found.stderr

    def tls(certificate, key):
        return f'[tls]\ncertificate = "{certificate}"\nkey = "{key}"\n'

    assert check(tls(certificate, key), 0) == "1 zones checked, 0 would not be served\n"
    assert f"cannot read {tmp_path}/none" in check(tls(certificate, tmp_path / "none"), 2)
    assert "has no key for" in check(tls(certificate, other), 2)
    told = check(tls(*expired), 0)
    assert "warning: " in told and "has expired at" in told
    secrets = f'secret_files = ["{tmp_path}/none"]'
    assert f"cookies.secret_files: cannot read {tmp_path}/none" in check(f"[cookies]\n{secrets}", 2)
    told = check(f'[store]\ndirectory = "{settings}/store"\n', 0)
    assert "warning: the zone store: " in told and "in memory alone" in told
    assert not (tmp_path / "store").exists()
    check(f'[store]\ndirectory = "{tmp_path}/store"\n', 0)
    assert not (tmp_path / "store").exists(), "a check leaves nothing behind"


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone becomes somebody else")
def test_check_looks_at_the_store_where_a_start_gives_it_to_nobody():
    folder = pathlib.Path(tempfile.mkdtemp(dir="/tmp"))

    def is_told():
        found = run("--check", "--config", folder / "node.toml")
        assert found.returncode == 0, found
        return "the zone store" in found.stdout

    try:
        folder.chmod(0o755)
        for name in ("zones", "state", "other"):
            (folder / name).mkdir()
        (folder / "zones/program.test.zone").write_text(ZONE)
        text = (f'[node]\nname = "a"\npop = "b"\nuser = "nobody"\n'
                f'state_directory = "{folder}/state"\nrun_directory = "{folder}/run"\n'
                f'[zones]\ndirectory = "{folder}/zones"\n[serve]\nlisten = ["192.0.2.53:53"]\n'
                '[anycast]\nprefixes = ["192.0.2.0/24"]\n')
        (folder / "node.toml").write_text(text)
        assert not is_told()  # A start makes the folder his.
        shutil.chown(folder / "state", "nobody")
        assert not is_told()
        (folder / "state/store").mkdir()  # Of root, in a folder that is his already.
        assert is_told()
        (folder / "node.toml").write_text(text + f'[store]\ndirectory = "{folder}/other"\n')
        assert is_told()
    finally:
        shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone becomes somebody else")
def test_check_knows_whom_a_start_becomes(zones, tmp_path):
    found = run("--check", "--zones", zones, "--user", "no-such-user")
    assert found.returncode == 2 and "no-such-user" in found.stderr
    config = tmp_path / "node.toml"
    config.write_text(f'[node]\nname = "a"\npop = "b"\nuser = "no-such-user"\n'
                      f'state_directory = "{tmp_path}/state"\nrun_directory = "{tmp_path}/run"\n'
                      f'[zones]\ndirectory = "{zones}"\n[serve]\nlisten = ["192.0.2.53:53"]\n'
                      '[anycast]\nprefixes = ["192.0.2.0/24"]\n')
    found = run("--check", "--config", config)
    assert found.returncode == 2 and "no-such-user" in found.stderr
    config.write_text(config.read_text().replace("no-such-user", "root"))
    found = run("--check", "--config", config)
    assert found.returncode == 0, found
    assert not (tmp_path / "state").exists()
    for path, words in ((config, "no_such_key"), (tmp_path / "none", "none")):
        if path.exists():
            path.write_text(config.read_text() + "[cookies]\nno_such_key = 1\n")
        found = run("--check", "--config", path)
        assert found.returncode == 2 and words in found.stderr


SECTIONS = """[[transfer.zone]]
zone = "program.test"
allow = ["192.0.2.1"]
[[transfer.zone]]
zone = "progam.test"
allow = ["192.0.2.1"]
[[secondary]]
zone = "fetched.test"
primaries = ["127.0.0.1:1"]
[[transfer.zone]]
zone = "fetched.test"
allow = ["192.0.2.1"]
"""


def test_check_tells_a_zone_that_has_a_file_and_a_primary(zones, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text('[[secondary]]\nzone = "program.test"\nprimaries = ["127.0.0.1:1"]\n'
                        f'[transfer]\ndirectory = "{tmp_path}/kept"\n')
    found = run("--check", "--zones", zones, "--settings", settings)
    assert found.returncode == 0, found
    assert "program.test. has a file and a section [[secondary]]" in found.stdout


def test_check_tells_of_a_folder_that_is_not_there(tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text('[[secondary]]\nzone = "program.test"\nprimaries = ["127.0.0.1:1"]\n'
                        f'[transfer]\ndirectory = "{tmp_path}/kept"\n')
    found = run("--check", "--zones", tmp_path / "none", "--settings", settings)
    assert found.returncode == 0, found
    assert f"zone directory {tmp_path}/none: No such file or directory" in found.stdout
    assert "zones come from elsewhere" in found.stdout


def test_a_section_for_a_zone_that_is_not_served_is_told(zones, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text(f'[transfer]\ndirectory = "{tmp_path}/kept"\n{SECTIONS}')
    found = run("--check", "--zones", zones, "--settings", settings)
    assert found.returncode == 0, found
    [doubt] = [line for line in found.stdout.splitlines() if "[[transfer.zone]]" in line]
    assert "progam.test." in doubt and "try:" in found.stdout
    with Server(zones, "--settings", settings) as server:
        [doubt] = [line for line in server.log if "setting_doubtful" in line]
        assert "progam.test." in doubt and "try=" in doubt
        failed = server.wait_for_event("secondary_failed")  # Nobody listens there.
        assert "reason=" in failed and 'try=""' not in failed


def test_a_reload_tells_of_settings_that_it_does_not_take_in(zones, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text("[cookies]\n")
    with Server(zones, "--settings", settings) as server:
        server.reload()
        assert not any("settings_not_reloaded" in line for line in server.log)
        settings.write_text("[cookies]\nenabled = false\n")
        server.reload()
        server.reload()
        [told] = [line for line in server.log if "settings_not_reloaded" in line]
        assert str(settings) in told and "restart" in told


def test_the_command_tells_what_a_reload_did_not_take_in(zones, tmp_path):
    secrets = tmp_path / "secrets"
    secrets.write_text("00112233445566778899aabbccddeeff\n")
    settings = tmp_path / "settings.toml"
    settings.write_text(f'[cookies]\nsecret_files = ["{secrets}"]\n')
    control = tmp_path / "control.sock"

    def reload(status):
        done = subprocess.run([nearcast(), "node", "reload", "--control", control],
                              capture_output=True, text=True, timeout=START_LIMIT)
        assert done.returncode == status, done
        return done.stdout

    with Server(zones, "--settings", settings, "--control", control):
        assert "go on" not in reload(0)
        secrets.write_text("not hex\n")
        told = reload(1)
        assert f"{secrets}:1: a cookie secret is not 32 hex digits" in told
        assert "the last good secrets go on" in told and "1 zones are served" in told
        secrets.write_text("00112233445566778899aabbccddeeff\n")
        reload(0)
        settings.write_text("[cookies]\n")
        for _ in range(2):
            told = reload(1)
            assert f"{settings}: " in told and "try: a restart" in told
        settings.unlink()
        for _ in range(2):
            told = reload(1)
            assert f"cannot read {settings}: No such file" in told
            assert "what it said at the start goes on" in told and "try: a file there" in told


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone becomes somebody else")
def test_settings_that_only_root_may_read_are_no_fault_of_a_reload():
    folder = pathlib.Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        folder.chmod(0o755)
        (folder / "program.test.zone").write_text(ZONE)
        (folder / "run").mkdir()
        shutil.chown(folder / "run", "nobody")
        settings = folder / "settings.toml"
        settings.write_text("[cookies]\n")
        settings.chmod(0o600)
        control = folder / "run/control.sock"
        with Server(folder, "--settings", settings, "--control", control, user="nobody") as server:
            for _ in range(2):
                done = subprocess.run([nearcast(), "node", "reload", "--control", control],
                                      capture_output=True, text=True, timeout=START_LIMIT)
                assert done.returncode == 0 and str(settings) not in done.stdout + done.stderr, done
            [told] = [line for line in server.log if "settings_not_reloaded" in line]
            assert f"cannot read {settings}: Permission denied" in told
    finally:
        shutil.rmtree(folder)


def test_a_zone_that_never_came_is_listed_as_one_without_data(zones, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text('[[secondary]]\nzone = "fetched.test"\nprimaries = ["127.0.0.1:1"]\n'
                        f'[transfer]\ndirectory = "{tmp_path}/kept"\n')
    control = tmp_path / "control.sock"

    def ask(verb):
        return subprocess.run([nearcast(), "node", verb, "--control", control], check=True,
                              capture_output=True, text=True, timeout=START_LIMIT).stdout

    with Server(zones, "--settings", settings, "--control", control):
        first, second = ask("zones").splitlines()
        assert first.startswith("fetched.test.  no data") and "SERVFAIL" in first
        assert second.startswith("program.test.  serial 7")
        assert "1 of them have no data" in ask("reload")


def test_a_directory_in_place_of_a_file_is_told(zones, tmp_path):
    listen = ("--zones", zones, "--listen", f"127.0.0.1:{free_port()}")
    found = run(*listen, "--settings", tmp_path)
    assert found.returncode == 2, found
    assert f"cannot read {tmp_path}: Is a directory" in found.stderr
    settings = tmp_path / "settings.toml"
    settings.write_text(f'[[key]]\nname = "k.test"\nsecret_file = "{tmp_path}"\n')
    found = run(*listen, "--settings", settings)
    assert found.returncode == 2, found
    assert f"names a file that cannot be read: {tmp_path}" in found.stderr


def test_settings_that_became_a_directory_end_no_server(zones, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text("[cookies]\n")
    with Server(zones, "--settings", settings) as server:
        settings.unlink()
        settings.mkdir()
        server.reload()
        assert serial(server) == 7


def ask_by_command(*arguments):
    return subprocess.run([nearcast(), "node", *map(str, arguments)], capture_output=True,
                          text=True, timeout=START_LIMIT)


def test_the_command_asks_a_server_that_runs_alone(zones, tmp_path):
    control = tmp_path / "server.sock"
    with Server(zones, "--control", control) as server:
        found = ask_by_command("status", "--control", control)
        assert found.returncode == 0 and "1 zones, 1 workers" in found.stdout, found
        found = ask_by_command("status", "--control", control, "--json")
        assert json.loads(found.stdout)["zones"] == 1
        (zones / "program.test.zone").write_text(ZONE.replace("host 7", "host 8"))
        found = ask_by_command("reload", "--control", control)
        assert found.returncode == 0 and serial(server) == 8, found
        (zones / "program.test.zone").write_text(ZONE + "broken MX\n")
        found = ask_by_command("reload", "--control", control)
        assert found.returncode == 1 and "program.test.zone:5" in found.stdout, found
    found = ask_by_command("reload", "--control", control)
    assert found.returncode == 1 and str(control) in found.stderr, found
    found = ask_by_command("reload", "--config", tmp_path / "none.toml")
    assert found.returncode == 1 and "--control" in found.stderr, found


def test_check_tells_a_directory_and_a_pipe_among_the_zones(zones):
    (zones / "folder.test.zone").mkdir()
    os.mkfifo(zones / "pipe.test.zone")
    found = run("--check", "--zones", zones)
    assert found.returncode == 1, found
    assert found.stdout.count("it is not a regular file") == 2
    assert "3 zones checked, 2 would not be served" in found.stdout


def test_a_control_socket_in_no_directory_is_told_with_a_way_out(zones):
    listen = f"127.0.0.1:{free_port()}"
    # fmt: off
    words = ("--zones", zones, "--listen", listen, "--user", "root",
             "--control", zones / "none" / "control")
    # fmt: on
    for more, status in (((), 1), (("--check",), 2)):
        found = run(*words, *more)
        assert found.returncode == status, found
        assert "control socket" in found.stderr and "try:" in found.stderr


def has_user(name):
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone becomes somebody else")
@pytest.mark.skipif(not has_user("nearcast"), reason="there is no user nearcast")
def test_who_stays_root_for_want_of_a_right_says_so():
    folder = pathlib.Path(tempfile.mkdtemp(dir="/tmp"))

    def told():
        with Server(folder, user=None) as server:
            told = [line for line in server.log if "serves_as_root" in line]
        checked = run("--check", "--zones", folder)
        assert ("would serve as root" in checked.stdout) == bool(told), checked
        return told

    try:
        zone = folder / "program.test.zone"
        zone.write_text(ZONE)
        folder.chmod(0o755)
        assert told() == []
        zone.chmod(0o600)
        assert f"cannot read {zone}" in told()[0]
        folder.chmod(0o700)
        assert f"cannot read {folder}" in told()[0]
    finally:
        shutil.rmtree(folder)


def test_a_lab_looks_for_its_zones_before_anything_is_built(tmp_path):
    for folder, words in ((tmp_path / "none", "is no directory"), (tmp_path, "no *.zone files")):
        found = subprocess.run([nearcast(), "lab", "up", "--zones", folder], capture_output=True,
                               text=True, timeout=START_LIMIT)
        assert found.returncode == 1 and found.stdout == "", found
        assert str(folder) in found.stderr and words in found.stderr


def test_goes_on_when_the_reader_of_its_log_is_gone(zones):
    port = free_port()
    read_end, write_end = os.pipe()
    # fmt: off
    server = subprocess.Popen(
        [binary(), "--zones", zones, "--threads", "1", "--user", "root",
         "--listen", f"127.0.0.1:{port}"],
        stderr=write_end)
    # fmt: on
    os.close(write_end)
    os.close(read_end)
    query = dns.message.make_query("program.test", "SOA")
    response = None
    for _ in range(START_LIMIT):
        assert server.poll() is None, f"nearcastd ended with {server.returncode}"
        try:
            response = dns.query.udp(query, "127.0.0.1", timeout=1, port=port)
            break
        except dns.exception.Timeout:
            continue
    server.terminate()
    assert response and response.answer
    assert server.wait(START_LIMIT) == 0


def test_a_zone_that_never_was_good_answers_servfail_alone(zones):
    (zones / "bad.test.zone").write_text("@ SOA broken\n")
    with Server(zones) as server:
        query = dns.message.make_query("www.bad.test", "A")
        response = dns.query.udp(query, "127.0.0.1", timeout=5, port=server.port)
        assert response.rcode() == dns.rcode.SERVFAIL
        assert serial(server) == 7


def test_sighup_takes_in_a_changed_file_and_keeps_the_last_good_one(zones):
    path = zones / "program.test.zone"
    with Server(zones) as server:
        path.write_text(ZONE.replace("host 7", "host 8"))
        server.reload()
        assert serial(server) == 8
        path.write_text(ZONE.replace("host 7", "host 9") + "broken MX\n")
        server.reload()
        assert serial(server) == 8
        assert any("program.test.zone:5" in line for line in server.log)


def test_reload_replies_with_what_failed_and_what_is_served(zones, tmp_path):
    path = zones / "program.test.zone"
    with Server(zones, "--control", tmp_path / "server.sock"):
        control = Control(tmp_path / "server.sock")
        assert control.ask("reload")["ok"]
        path.write_text(ZONE.replace("host 7", "host 9") + "broken MX\n")
        reply = control.ask("reload")
        assert not reply["ok"]
        [failed] = reply["failed"]
        assert failed["zone"] == "program.test." and failed["serving_serial"] == 7
        assert failed["findings"][0]["line"] == 5 and failed["findings"][0]["message"]


def test_a_new_file_is_served_and_a_removed_one_is_not(zones, tmp_path):
    with Server(zones, "--control", tmp_path / "server.sock") as server:
        control = Control(tmp_path / "server.sock")
        (zones / "second.test.zone").write_text(ZONE)
        assert control.ask("reload")["zones"] == 2
        (zones / "program.test.zone").unlink()
        assert control.ask("reload")["withdrawn"] == ["program.test."]
        assert serial(server) == dns.rcode.REFUSED


def test_an_emptied_directory_withdraws_nothing(zones, tmp_path):
    with Server(zones, "--control", tmp_path / "server.sock") as server:
        (zones / "program.test.zone").unlink()
        reply = Control(tmp_path / "server.sock").ask("reload")
        assert not reply["ok"] and "no *.zone files" in reply["error"]
        assert serial(server) == 7


def test_an_included_file_that_changed_is_taken_in(zones):
    (zones / "part").write_text("@ SOA ns1 host 20 3600 600 86400 60\n")
    (zones / "program.test.zone").write_text("$TTL 300\n$INCLUDE part\n@ NS ns1\nns1 A 192.0.2.1\n")
    with Server(zones) as server:
        assert serial(server) == 20
        (zones / "part").write_text("@ SOA ns1 host 21 3600 600 86400 60\n")
        server.reload()
        assert serial(server) == 21


def test_status_counts_queries(zones, tmp_path):
    with Server(zones, "--control", tmp_path / "server.sock") as server:
        serial(server)
        # A worker shows its counters once it has sent its batch, a moment after the answer.
        deadline = time.monotonic() + START_LIMIT
        counted = 0
        while counted < 1 and time.monotonic() < deadline:
            status = Control(tmp_path / "server.sock").ask("status")
            assert status["ok"] and status["zones"] == 1
            counted = sum(worker["queries"] for worker in status["workers"])
        assert counted == 1


def test_an_unknown_command_is_told(zones, tmp_path):
    with Server(zones, "--control", tmp_path / "server.sock"):
        reply = Control(tmp_path / "server.sock").ask("dance")
        assert not reply["ok"] and "reload" in reply["try"]


def test_tells_the_service_manager_and_feeds_its_watchdog(zones, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(START_LIMIT)
        manager.bind(str(tmp_path / "notify"))
        os.chmod(tmp_path / "notify", 0o666)
        told = []

        def wait_for(word):
            while not any(word in message for message in told):
                told.append(manager.recv(4096).decode())
            told.clear()

        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
        with Server(zones, environment=environment) as server:
            wait_for("READY=1")
            wait_for("WATCHDOG=1")
            server.process.send_signal(signal.SIGHUP)
            wait_for("RELOADING=1")
            wait_for("READY=1")
            server.process.terminate()
            wait_for("STOPPING=1")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to give up")
def test_as_root_it_gives_up_what_it_does_not_need(zones):
    with Server(zones) as server:
        status = open(f"/proc/{server.process.pid}/status").read()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert fields["NoNewPrivs"] == "1"
        bind_service, read_search = 1 << 10, 1 << 2
        assert int(fields["CapEff"], 16) & ~(bind_service | read_search) == 0
        assert int(fields["CapBnd"], 16) & ~(bind_service | read_search) == 0
