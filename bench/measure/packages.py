"""Installs what the bench measures against, without starting any of its services."""

import os
import pathlib
import subprocess

PACKAGES = ("knot", "knot-dnsutils", "knot-dnssecutils", "nsd", "bind9", "pdns-server",
            "pdns-backend-bind", "gdnsd", "dnsperf", "iproute2", "ethtool", "procps", "valgrind",
            "clang-19", "libxdp-dev", "libbpf-dev")
SERVICES = {"knot": "knot", "nsd": "nsd", "bind9": "named", "pdns-server": "pdns",
            "gdnsd": "gdnsd"}
POLICY = pathlib.Path("/usr/sbin/policy-rc.d")


def missing():
    asked = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *PACKAGES]
    lines = subprocess.run(asked, capture_output=True, text=True).stdout.splitlines()
    here = {line.split()[0] for line in lines if line.endswith(" installed")}
    return [package for package in PACKAGES if package not in here]


def install():
    """A service that was here before stays as it is; one that comes with us is switched off."""
    wanted = missing()
    if not wanted:
        return
    made_policy = not POLICY.exists()
    if made_policy:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        for command in (["apt-get", "update"],
                        ["apt-get", "install", "-y", "--no-install-recommends", *wanted]):
            subprocess.run(command, check=True, env=environment)
    finally:
        if made_policy:
            POLICY.unlink()
    if os.path.isdir("/run/systemd/system"):
        fresh = [SERVICES[package] for package in wanted if package in SERVICES]
        if fresh:
            subprocess.run(["systemctl", "disable", "--quiet", *fresh], check=False)
