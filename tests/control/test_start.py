"""What a controller that cannot start says, and what `--check` finds before."""

import subprocess

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
