"""The servers under measurement: Nearcast, its peers, and the ceilings that do no DNS."""

import contextlib
import os
import pathlib
import shutil
import signal
import string
import subprocess
import time

from measure import cpu, data, network

PEERS = pathlib.Path(__file__).parent.parent / "peers"
START_SECONDS_MAX = 300
STOP_SECONDS_MAX = 20


class ServerError(Exception):
    pass


class Server:
    """One program with one data set in the server's half of a Pair."""

    name = ""
    title = ""
    program = ""
    kind = "peer"          # "ours", "peer", "ceiling"
    path = "sockets"       # "sockets", "af_xdp", "kernel": what it is compared within
    signs = True           # Can serve a signed zone.
    speaks = ("udp", "tcp-connect", "tcp-pipelined", "latency")

    def __init__(self, programs, core):
        self.programs, self.core, self.core_count = programs, core, 1
        self.process = None
        self.pair = None

    def give_cores(self, cores):
        """More than one, before it starts."""
        self.core, self.core_count = ",".join(map(str, cores)), len(cores)

    def find(self):
        return shutil.which(self.program, path="/usr/sbin:/usr/bin:/sbin:/bin")

    def missing(self):
        """Why it cannot be measured here, or nothing."""
        return "" if self.find() else f"{self.program} is not installed: bench/speed --install"

    def serves(self, workload):
        if workload.transport not in self.speaks:
            return False
        return self.signs or not workload.data_set.signed

    def configure(self, work, folder):
        """Writes what it needs into `work`, returns the command."""
        raise NotImplementedError

    def start(self, pair, work, folder):
        """Starts it pinned to its core. It may not answer yet."""
        self.pair = pair
        work.mkdir(parents=True)
        command = self.configure(work, folder)
        with open(work / "output.log", "wb") as log:
            self.process = subprocess.Popen(
                pair.in_server("taskset", "-c", str(self.core), *map(str, command)),
                stdout=log, stderr=log, start_new_session=True)

    def pids(self):
        return [self.process.pid]

    def memory_bytes(self):
        return sum(cpu.memory_bytes(pid) for pid in self.pids())

    def stop(self):
        """Ends it and what it forked: the session's process group is ours alone."""
        if self.process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS_MAX)
                break
        self.process = None

    def settle(self):
        """Waits until what it does at its start (threads of its own, journals) is over."""
        for _ in range(60):
            before = cpu.tree_seconds(self.pids())
            time.sleep(0.25)
            if cpu.tree_seconds(self.pids()) - before < 0.01:
                return

    @staticmethod
    def certificate(work):
        """(key, certificate) files for DNS over TLS: self-signed, P-256, alike for all servers."""
        key, certificate = work / "tls.key", work / "tls.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=bench.example", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        return key, certificate

    def template(self, name, work, **values):
        text = (PEERS / name).read_text()
        path = work / name
        path.write_text(string.Template(text).substitute(
            work=work, address=network.SERVER_ADDRESS, **values))
        return path


def zone_files(folder):
    return sorted((folder / "zones").glob("*.zone"))


SPEAKS_TLS = (*Server.speaks, "dot")


class Nearcast(Server):
    name, title, kind = "nearcast", "Nearcast", "ours"
    speaks = SPEAKS_TLS

    def find(self):
        path = self.programs / "nearcastd"
        return str(path) if path.exists() else None

    def missing(self):
        return "" if self.find() else "build/release/bin/nearcastd is not built"

    def configure(self, work, folder):
        key, certificate = self.certificate(work)
        settings = work / "settings.toml"
        settings.write_text(f'[tls]\ncertificate = "{certificate}"\nkey = "{key}"\n'
                            f'[serve]\ntls_listen = ["{network.SERVER_ADDRESS}:853"]\n')
        return [self.find(), "--zones", folder / "zones", "--threads", "1", "--user", "root",
                "--settings", settings, "--listen", f"{network.SERVER_ADDRESS}:53"]


class NearcastXdp(Nearcast):
    name, title, path, speaks = "nearcast-xdp", "Nearcast, AF_XDP", "af_xdp", ("udp",)

    def missing(self):
        if super().missing():
            return super().missing()
        said = subprocess.run([self.find(), "--help"], capture_output=True, text=True)
        return "" if "--xdp" in said.stdout else "nearcastd has no --xdp yet"

    def configure(self, work, folder):
        return [*super().configure(work, folder), "--xdp", network.SERVER_DEVICE]


class Knot(Server):
    name, title, program = "knot", "Knot DNS", "knotd"
    xdp = ""

    def configure(self, work, folder):
        zones = "".join(f"  - domain: {path.stem}\n    file: {path.name}\n"
                        for path in zone_files(folder))
        return [self.find(), "-c", self.template("knot.conf", work, zones=folder / "zones",
                                                 zone_list=zones, xdp=self.xdp,
                                                 loaders=self.core_count)]


class KnotXdp(Knot):
    name, title, path, speaks = "knot-xdp", "Knot DNS, AF_XDP", "af_xdp", ("udp",)
    xdp = f"xdp:\n    listen: {network.SERVER_DEVICE}@53\n    route-check: off\n"


class Nsd(Server):
    name, title, program, speaks = "nsd", "NSD", "nsd", SPEAKS_TLS

    def configure(self, work, folder):
        zones = "".join(f'zone:\n    name: "{path.stem}"\n    zonefile: "{path.name}"\n'
                        for path in zone_files(folder))
        key, certificate = self.certificate(work)
        path = self.template("nsd.conf", work, zones=folder / "zones", zone_list=zones, key=key,
                             certificate=certificate)
        return [self.find(), "-d", "-c", path]


def bind_zones(folder):
    return "".join(f'zone "{path.stem}" {{ type master; file "{path}"; }};\n'
                   for path in zone_files(folder))


class Bind(Server):
    name, title, program, speaks = "bind", "BIND 9", "named", SPEAKS_TLS

    def configure(self, work, folder):
        key, certificate = self.certificate(work)
        path = self.template("named.conf", work, zone_list=bind_zones(folder), key=key,
                             certificate=certificate)
        return [self.find(), "-f", "-n", "1", "-c", path]


class PowerDns(Server):
    name, title, program = "pdns", "PowerDNS", "pdns_server"

    def configure(self, work, folder):
        (work / "zones.conf").write_text(bind_zones(folder))
        chain = data.chain(folder)
        database = work / "dnssec.sqlite" if chain else ""
        self.template("pdns.conf", work, dnssec_database=database)
        if chain:
            self._tell_presigned(work, zone_files(folder)[0].stem, database, chain)
        return [self.find(), f"--config-dir={work}", "--daemon=no", "--guardian=no",
                "--disable-syslog", "--write-pid=no"]

    @staticmethod
    def _tell_presigned(work, zone, database, chain):
        """The bind backend takes a zone for signed only when its own database says so."""
        commands = [["create-bind-db", database], ["set-presigned", zone]]
        if chain.startswith("nsec3"):
            commands.append(["set-nsec3", zone, "1 0 0 -"])
        for command in commands:
            subprocess.run(["pdnsutil", f"--config-dir={work}", *map(str, command)],
                           check=True, capture_output=True)


class Gdnsd(Server):
    name, title, program, signs = "gdnsd", "gdnsd", "gdnsd", False

    def configure(self, work, folder):
        for part in ("run", "state", "zones"):
            (work / part).mkdir()
        for path in zone_files(folder):
            os.link(path, work / "zones" / path.stem)
        self.template("gdnsd.conf", work).rename(work / "config")
        return [self.find(), "-c", work, "start"]


class UdpEcho(Server):
    name, title, kind = "echo", "recvmmsg echo", "ceiling"
    program, speaks = "bench_udp_echo", ("udp", "latency")
    octets = 0  # That what it sends back has at least; see --echo-octets.

    def find(self):
        path = self.programs / self.program
        return str(path) if path.exists() else None

    def missing(self):
        return "" if self.find() else f"{self.program} is not built (libxdp-dev, libbpf-dev?)"

    def configure(self, work, folder):
        return [self.find(), network.SERVER_ADDRESS, "53", 1, self.octets]


class XdpEcho(UdpEcho):
    name, title, path = "echo-xdp", "AF_XDP echo", "af_xdp"
    program, speaks = "bench_xdp_echo", ("udp",)

    def configure(self, work, folder):
        return [self.find(), network.SERVER_DEVICE, self.octets]


class TurnRound(UdpEcho):
    """Runs in no process: the interface's poll thread is made a thread of its own and pinned."""

    name, title, path = "turn-round", "XDP in the kernel", "kernel"
    program, speaks = "bench_turn_round.bpf.o", ("udp",)

    def start(self, pair, work, folder):
        self.pair = pair
        device = network.SERVER_DEVICE
        before = self._threads()
        network.run(*pair.in_server("ip", "link", "set", "dev", device, "xdp", "obj",
                                    self.find(), "sec", "xdp"))
        network.run(*pair.in_server(
            "sh", "-c", f"echo 1 >/sys/class/net/{device}/threaded"))
        self._pids = sorted(self._threads() - before)
        for pid in self._pids:
            os.sched_setaffinity(pid, {self.core})

    @staticmethod
    def _threads():
        found = set()
        for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
            with contextlib.suppress(OSError):
                if comm.read_text().startswith(f"napi/{network.SERVER_DEVICE}"):
                    found.add(int(comm.parent.name))
        return found

    def pids(self):
        return self._pids

    def memory_bytes(self):
        return 0

    def stop(self):
        pass


ALL = (Nearcast, NearcastXdp, Gdnsd, Knot, KnotXdp, Nsd, Bind, PowerDns, UdpEcho, XdpEcho,
       TurnRound)
