"""A lab whose `up` was killed half-way is told apart from a whole one, and leaves nothing."""

import pathlib
import subprocess
import time


def namespaces():
    names = subprocess.check_output(["ip", "netns"], text=True).split()
    return [name for name in names if name.startswith("nclab-")]


def test_down_after_an_up_that_was_killed(lab):
    lab.run("down")
    assert namespaces() == []
    assert not pathlib.Path("/run/nearcast/lab.lock").exists()
    up = subprocess.Popen([lab.program, "lab", "up"], stdout=subprocess.DEVNULL)
    while len(namespaces()) < 10:
        time.sleep(0.01)
    up.kill()
    up.wait()
    broken = lab.try_run("status")
    assert broken.returncode == 1
    assert "nearcast lab down" in broken.stderr
    lab.run("down")
    assert namespaces() == []
    assert "no lab is up" in lab.run("down")
    lab.run("up")


def test_up_repairs_a_lab_that_is_half_dead(lab):
    pids = subprocess.check_output(["ip", "netns", "pids", "nclab-relay"], text=True).split()
    subprocess.run(["kill", "-KILL", *pids], check=True)
    assert "nearcast lab down" in lab.try_run("status").stderr
    assert "taking down what is left" in lab.run("up")
    assert None not in lab.catchment().values()
