"""A lab that is up for all stories of a run, and gone after it, whatever happens."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "conformance"), str(HERE.parent / "control")]

from lab import Lab  # noqa: E402
from server import wait_until  # noqa: E402

if os.geteuid() != 0 or not shutil.which("bird"):
    pytest.skip("needs root and BIRD", allow_module_level=True)


@pytest.fixture(scope="session")
def whole_lab():
    lab = Lab(os.environ["NEARCAST"])
    lab.run("down")
    lab.run("up")
    yield lab
    lab.run("down")
    assert not [name for name in subprocess.check_output(["ip", "netns"], text=True).split()
                if name.startswith("nclab-")]


@pytest.fixture
def lab(whole_lab):
    """The lab with every PoP announced, before a story and after it."""
    yield whole_lab
    for pop in whole_lab.pops():
        if pop["state"] != "announced":
            # A node that starts anew has no failures to atone for: no hold-up to wait for.
            whole_lab.try_run("kill", pop["pop"])
            whole_lab.run("heal", pop["pop"])
    wait_until(lambda: all(pop["state"] == "announced" for pop in whole_lab.pops()),
               "that every PoP is announced")
