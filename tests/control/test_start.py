"""What a controller that cannot start says, and what `--check` finds before."""

import shutil
import sqlite3
import subprocess

import pytest

import stream
from controller import Controller, program
from server import free_port

LIMIT = 60  # Seconds; what hangs, hangs for longer.


def run(config, *words, status=1):
    """It is to end by itself; what it says, on both."""
    done = subprocess.run([program("nearcast-control"), "--config", config, *words],
                          capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == status, (done.stdout, done.stderr)
    return done.stdout + done.stderr


def configured(folder, sections):
    """A file of a controller that is not started."""
    folder.mkdir(exist_ok=True)
    config = folder / "control.toml"
    config.write_text(f'[control]\ndirectory = "{folder / "state"}"\n'
                      f'[api]\nlisten = "127.0.0.1:{free_port()}"\ntls = false\n{sections}')
    return config


def test_two_do_not_share_an_address(tmp_path):
    with Controller(tmp_path / "one") as first:
        other = configured(tmp_path / "two", f'[serve]\nlisten = ["127.0.0.1:{first.port}"]\n')
        told = run(other)
        assert f"listen on 127.0.0.1:{first.port} (UDP)" in told and "ss -" in told


def test_a_check_leaves_nothing_behind(tmp_path):
    config = configured(tmp_path / "one", "")
    assert run(config, "--check", status=0) == f"{config}: a controller would start with it\n"
    assert not (tmp_path / "one/state").exists()


@pytest.mark.parametrize("end", ["", "/", "/."])
def test_the_folder_of_the_database_may_be_written_otherwise(tmp_path, end):
    config = configured(tmp_path / "one", "")
    state = tmp_path / "one/state"
    config.write_text(config.read_text().replace(
        f'"{state}"\n', f'"{state}{end}"\n[database]\nconnection = "sqlite:{state}/control.db"\n'))
    run(config, "--check", status=0)
    assert not state.exists()


def test_a_check_opens_what_a_start_opens(tmp_path):
    authority = stream.Authority(tmp_path / "certificates")
    certificate, key = authority.issue("one")
    _, other = authority.issue("other")
    expired = authority.issue("old", days=-1)

    def check(sections, status=2):
        config = configured(tmp_path / "one", "")
        config.write_text(config.read_text().replace("tls = false\n", "") + sections)
        return run(config, "--check", status=status)

    def own(certificate, key):
        return f'certificate = "{certificate}"\nkey = "{key}"\n'

    none = tmp_path / "none"
    serve = '[serve]\ntls_listen = ["127.0.0.1:1"]\n[tls]\n'
    for before in ("", serve):
        assert f"cannot read {none}" in check(before + own(none, key))
        assert f"cannot read {none}" in check(before + own(certificate, none))
        assert "has no key for" in check(before + own(certificate, other))
        assert "has expired at" in check(before + own(*expired), status=0)
        check(before + own(certificate, key), status=0)
    database = '[database]\nconnection = "{}"\n'
    told = check(database.format(f"sqlite:{none}/control.db"))
    assert f"{none}/control.db" in told and "install -d" in told
    told = check(database.format("postgresql:host=/nowhere dbname=none"))
    assert "/nowhere" in told
    bad = tmp_path / "bad.key"
    bad.write_text("damaged\n")
    assert "bring it back" in check(f'[signing]\nkey_file = "{bad}"\n')
    assert not none.exists() and not (tmp_path / "one/state").exists()


@pytest.mark.parametrize("url", ["foo", "http://control.example.net", "https://"])
def test_the_url_of_the_network_is_one(tmp_path, url):
    config = configured(tmp_path / "one", f'[network]\nurl = "{url}"\n'
                        'primaries = ["192.0.2.10:853"]\n')
    for words in ((), ("--check",)):
        assert f'"{url}" is no address of a controller' in run(config, *words, status=2)


def test_a_database_that_cannot_be_opened_is_named(tmp_path):
    config = configured(tmp_path / "one", f'[database]\nconnection = "sqlite:{tmp_path}/none/a.db"\n')
    told = run(config)
    assert f"{tmp_path}/none/a.db" in told and "install -d" in told


def test_names_that_come_after_the_certificate_are_told(tmp_path):
    controller = Controller(tmp_path, tls=True)
    with controller:
        assert not any("api_certificate_lacks_names" in line for line in controller.log)
    text = controller.config.read_text()
    controller.config.write_text(text.replace("tls = true\n", 'tls = true\nnames = ["a.example"]\n'))
    assert "does not bear a.example" in run(controller.config, "--check", status=0)
    with controller:
        [told] = [line for line in controller.log if "api_certificate_lacks_names" in line]
        assert "a.example" in told and "remove it" in told
    for name in ("api.pem", "api.key"):
        (tmp_path / "state" / name).unlink()
    controller.log.clear()
    with controller:
        assert not any("api_certificate_lacks_names" in line for line in controller.log)


def test_an_address_that_is_not_here_is_told_from_one_that_is_taken(tmp_path):
    config = configured(tmp_path / "one", "")
    config.write_text(config.read_text().replace("127.0.0.1", "192.0.2.1"))
    told = run(config)
    assert "cannot listen on 192.0.2.1" in told and "ip address" in told and "ss -" not in told


def test_wrong_use_is_told_with_the_name_of_the_program(tmp_path):
    assert run(tmp_path / "none", "--colour", status=2).startswith("nearcast-control: ")


def test_a_key_file_that_others_can_read_is_told(tmp_path):
    controller = Controller(tmp_path)
    with controller:
        assert not any("signing_key_file_open" in line for line in controller.log)
    key = tmp_path / "state/signing.key"
    key.chmod(0o644)
    assert f"chmod 600 {key}" in run(controller.config, "--check", status=0)
    with controller:
        [told] = [line for line in controller.log if "signing_key_file_open" in line]
        assert f"chmod 600 {key}" in told


@pytest.fixture(name="stopped")
def _stopped(tmp_path):
    """One whose database has a key that is sealed under its key file."""
    controller = Controller(tmp_path / "one", tls=True)
    with controller:
        made = controller.ask("POST", "/tsigkeys", {"name": "k.test", "algorithm": "hmac-sha256"})
        assert made.status == 201, made.body
        assert run(controller.config, "--check", status=0).startswith(str(controller.config))
    return controller


def refused(controller):
    """What both the check and the start say; the check has changed nothing."""
    state = controller.folder / "state"
    before = {path: path.stat().st_mtime_ns for path in state.iterdir()}
    told = run(controller.config, "--check", status=2)
    assert before == {path: path.stat().st_mtime_ns for path in state.iterdir()}
    assert run(controller.config) == told
    return told


def test_a_check_leaves_a_database_as_it_is(stopped):
    before = sorted(path.name for path in (stopped.folder / "state").iterdir())
    content = (stopped.folder / "state/control.db").read_bytes()
    run(stopped.config, "--check", status=0)
    assert sorted(path.name for path in (stopped.folder / "state").iterdir()) == before
    assert (stopped.folder / "state/control.db").read_bytes() == content


def test_a_check_looks_for_the_key_that_the_database_needs(stopped, tmp_path):
    key = stopped.folder / "state/signing.key"
    key.unlink()
    assert f"there is no {key}, and keys" in refused(stopped)
    with Controller(tmp_path / "two") as other:
        shutil.copy(other.folder / "state/signing.key", key)
    assert f"{key} opens none of the keys" in refused(stopped)


def test_a_check_looks_at_what_the_database_is(stopped):
    path = stopped.folder / "state/control.db"
    database = sqlite3.connect(path)
    with database:
        database.execute("INSERT INTO schema_step (number) VALUES (1000)")
    database.close()
    assert "newer version" in refused(stopped)
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"x" * 3996 + whole[4096:])
    for told in (run(stopped.config, "--check", status=2), run(stopped.config)):
        assert str(path) in told and "bring it back from its backup" in told


def test_a_check_looks_at_the_folders_of_zones(stopped):
    for name in ("zones", "incoming"):
        folder = stopped.folder / "state" / name
        shutil.rmtree(folder)
        folder.write_text("no folder")
        assert str(folder) in run(stopped.config, "--check", status=2)
        run(stopped.config)
        folder.unlink()


@pytest.mark.parametrize("gone", ["api.pem", "api.key"])
def test_half_a_certificate_is_refused(stopped, gone):
    (stopped.folder / "state" / gone).unlink()
    told = refused(stopped)
    assert f"{gone} is not" in told and "remove the other too" in told
