"""A node and its upstream router, each in a network namespace: real BIRD or FRR, real nearcastd.

Used by the tests beside it and by bench/failover. Needs root. Everything is gone after close(),
which also ends every process it started.

    with World(bin_directory, daemon="bird") as world:
        world.wait_state("announced")
        before = world.kill_server()
        print(world.route_gone_after(before))
"""

import ctypes
import itertools
import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).parent
SERVICE = {4: "192.0.2.53", 6: "2001:db8:53::53"}
PREFIX = {4: "192.0.2.0/24", 6: "2001:db8:53::/48"}
PATIENCE = 20.0  # For a session to come up, a program to start: generous, machines are shared.

ZONE = """$ORIGIN example.org.
$TTL 3600
@ SOA ns hostmaster 1 7200 3600 1209600 3600
@ NS ns
ns A 192.0.2.53
www A 192.0.2.80
"""

UPSTREAM = """log "{log}" all;
router id 10.0.0.254;
protocol device {{ }}
protocol kernel {{ ipv4 {{ import none; export all; }}; }}
protocol kernel {{ ipv6 {{ import none; export all; }}; }}
protocol bgp node4 {{
    local 198.51.100.1 as 65001; neighbor 198.51.100.2 as 65010;
    connect delay time 1; error wait time 1, 5; local role provider;
    ipv4 {{ import all; export none; }};
}}
protocol bgp node6 {{
    local 2001:db8:100::1 as 65001; neighbor 2001:db8:100::2 as 65010;
    connect delay time 1; error wait time 1, 5; local role provider;
    ipv6 {{ import all; export none; }};
}}
"""

NODE = """[node]
name = "sin1"
pop = "sin"
user = "nobody"
run_directory = "{home}/run"
state_directory = "{home}/state"
[zones]
directory = "{home}/zones"
[serve]
listen = ["192.0.2.53:53", "[2001:db8:53::53]:53"]
threads = 2
[anycast]
prefixes = ["192.0.2.0/24", "2001:db8:53::/48"]
covering = ["192.0.2.0/23"]
[guard]
hold_up = "{hold_up}"
hold_up_max = "{hold_up}"
linger = "2s"
soft_recovery = "1s"
{guard}
[routing]
daemon = "{daemon}"
asn = 65010
router_id = "10.0.0.1"
control_socket = "{control}"
import = "none"
poll_interval = "1s"
[[routing.neighbor]]
name = "up-v4"
address = "198.51.100.1"
local_address = "198.51.100.2"
asn = 65001
role = "customer"
bfd = false
[[routing.neighbor]]
name = "up-v6"
address = "2001:db8:100::1"
local_address = "2001:db8:100::2"
asn = 65001
role = "customer"
bfd = false
"""

# The TUN driver may be root's alone on this machine; inside, the node sees one for everybody.
OWN_TUN = ("mount -t tmpfs tmpfs /dev/net && mknod /dev/net/tun c 10 200 && "
           "chmod 666 /dev/net/tun && exec \"$@\"")


def missing_needs():
    """Why a world cannot be built here; empty when it can."""
    if os.geteuid() != 0:
        return "needs root: it creates network namespaces"
    if not os.path.exists("/dev/net/tun"):
        return "needs /dev/net/tun: modprobe tun"
    if not shutil.which("bird"):
        return "needs bird2: apt-get install bird2"
    return ""


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Ptrace:
    """Stops single threads of another process, as a loop without end or a deadlock would."""

    SEIZE, INTERRUPT = 0x4206, 0x4207

    def __init__(self):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                                     ctypes.c_void_p]

    def stop(self, thread):
        for request in (self.SEIZE, self.INTERRUPT):
            if self.libc.ptrace(request, thread, None, None) != 0:
                raise OSError(ctypes.get_errno(), f"ptrace of thread {thread}")

    @staticmethod
    def forget(threads):
        """A thread that is traced when its process is killed waits for its tracer."""
        deadline = time.monotonic() + PATIENCE
        for thread in threads:
            while time.monotonic() < deadline:
                try:
                    _, status = os.waitpid(thread, 0x40000000)  # __WALL
                except ChildProcessError:
                    break
                if os.WIFSIGNALED(status) or os.WIFEXITED(status):
                    break


class World:
    numbers = itertools.count()

    def __init__(self, bin_directory, daemon="bird", guard="", hold_up="1s"):
        self.bin = pathlib.Path(bin_directory)
        self.daemon = daemon
        self.guard_lines = guard
        self.hold_up = hold_up
        own = f"{os.getpid()}-{next(World.numbers)}"
        self.names = {"up": f"nc-up-{own}", "node": f"nc-node-{own}"}
        self.processes = []
        self.events = queue.Queue()
        self.present = {}
        self.lost_at = {}
        self.ptrace = Ptrace()
        self.stuck = []
        self.is_node_dead = False

    def __enter__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="nc-world-"))
        self.home.chmod(0o755)
        try:
            self.build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    # Building.

    def build(self):
        self.build_network()
        self.write_files()
        self.start_route_events()
        self.start("up", "bird", "-f", "-c", str(self.home / "upstream.conf"),
                   "-s", str(self.home / "upstream.ctl"))
        self.start_node()
        self.start_routing()

    def build_network(self):
        up, node = self.names["up"], self.names["node"]
        for name in (up, node):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "link", "add", "ncv0", "netns", up, "type", "veth",
            "peer", "name", "ncv1", "netns", node)
        for name, link, host in ((up, "ncv0", 1), (node, "ncv1", 2)):
            run("ip", "-n", name, "link", "set", link, "up")
            run("ip", "-n", name, "address", "add", f"198.51.100.{host}/30", "dev", link)
            run("ip", "-n", name, "address", "add", f"2001:db8:100::{host}/64", "dev", link,
                "nodad")
        run("ip", "-n", node, "address", "add", SERVICE[4] + "/32", "dev", "lo")
        run("ip", "-n", node, "address", "add", SERVICE[6] + "/128", "dev", "lo", "nodad")

    def write_files(self):
        control = self.home / ("bird.ctl" if self.daemon == "bird" else "frr")
        self.config = self.home / "node.toml"
        self.config.write_text(NODE.format(home=self.home, daemon=self.daemon, control=control,
                                           guard=self.guard_lines, hold_up=self.hold_up))
        (self.home / "upstream.conf").write_text(
            UPSTREAM.format(log=self.home / "upstream.log"))
        (self.home / "zones").mkdir()
        (self.home / "zones" / "example.org.zone").write_text(ZONE)

    def start(self, place, *command, own_tun=False):
        name = pathlib.Path(command[0]).name
        log = open(self.home / f"{place}-{name}.log", "ab")
        inside = ["sh", "-c", OWN_TUN, "sh", *command] if own_tun else list(command)
        process = subprocess.Popen(["ip", "netns", "exec", self.names[place], *inside],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def start_node(self):
        self.node = self.start("node", str(self.bin / "nearcastd"), "--config", str(self.config),
                               own_tun=True)
        self.wait_state("announced")

    def start_routing(self):
        text = self.nearcast("routing-config")
        if self.daemon == "bird":
            text = text.replace("log syslog all;", f'log "{self.home}/bird.log" all;')
            (self.home / "bird.conf").write_text(text)
            self.routing = [self.start("node", "bird", "-f", "-c", str(self.home / "bird.conf"),
                                       "-s", str(self.home / "bird.ctl"))]
            self.wait_for((self.home / "bird.ctl").exists, "BIRD to start")
            (self.home / "bird.ctl").chmod(0o666)  # Elsewhere the node's user is in BIRD's group.
        else:
            self.start_frr(text.replace("log syslog informational", ""))
        for family in (4, 6):
            self.wait_route(PREFIX[family], True)

    def start_frr(self, text):
        place = self.home / "frr"
        place.mkdir()
        shutil.chown(place, "frr", "frr")
        (self.home / "frr.conf").write_text(text)
        self.routing = []
        for name in ("zebra", "staticd", "bgpd"):
            extra = ["-p", "179"] if name == "bgpd" else []
            self.routing.append(self.start(
                "node", f"/usr/lib/frr/{name}", "-f", "/dev/null",
                "-i", str(place / f"{name}.pid"), "-z", str(place / "zserv.api"),
                "--vty_socket", str(place), "-A", "127.0.0.1", "-P", "0", *extra))
            self.wait_for((place / f"{name}.vty").exists, f"{name} to start")
            (place / f"{name}.vty").chmod(0o777)  # Elsewhere the node's user is in frrvty.
        shown = subprocess.run(["vtysh", "--vty_socket", str(place), "-f",
                                str(self.home / "frr.conf")], capture_output=True, text=True,
                               check=False)
        (self.home / "vtysh.log").write_text(shown.stdout + shown.stderr)

    def start_route_events(self):
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.names["up"], "/usr/bin/python3",
             str(HERE / "route_events.py")], stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        assert process.stdout.readline() == "ready\n"
        threading.Thread(target=self.read_events, args=(process.stdout,), daemon=True).start()

    def read_events(self, lines):
        for line in lines:
            sign, prefix, at = line.split()
            self.events.put((sign == "+", prefix, float(at)))

    def close(self):
        for pid in self.pids_inside():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for process in self.processes:
            process.kill()
            process.wait()
        for name in self.names.values():
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
        shutil.rmtree(self.home, ignore_errors=True)

    def pids_inside(self):
        found = []
        for name in self.names.values():
            shown = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True,
                                   check=False)
            found += [int(pid) for pid in shown.stdout.split()]
        return found

    # Looking.

    @staticmethod
    def wait_for(claim, what, patience=PATIENCE):
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            outcome = claim()
            if outcome:
                return outcome
            time.sleep(0.01)
        raise TimeoutError(f"waited {patience} s for {what}")

    def nearcast(self, verb, *more):
        return run(str(self.bin / "nearcast"), "node", verb, "--config", str(self.config), *more)

    def status(self):
        """What the guard says of itself; None while there is no guard to ask."""
        try:
            with socket.socket(socket.AF_UNIX) as control:
                control.settimeout(2)
                control.connect(str(self.home / "run" / "guard.sock"))
                control.sendall(b'{"command":"status"}\n')
                return json.loads(control.makefile().readline() or "null")
        except (OSError, ValueError):
            return None

    def log(self):
        """The end of what the node said, for a test that fails."""
        return (self.home / "node-nearcastd.log").read_text()[-3000:]

    def wait_state(self, *states):
        def is_there():
            status = self.status()
            return status if status and status.get("state") in states else None
        return self.wait_for(is_there, " or ".join(states))

    def take_events(self, patience):
        try:
            is_there, prefix, at = self.events.get(timeout=patience)
            self.present[prefix] = (is_there, at)
            if not is_there:
                self.lost_at[prefix] = at
        except queue.Empty:
            pass

    def wait_route(self, prefix, is_wanted, patience=PATIENCE):
        """The time at which the upstream's kernel gained or lost the route."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            is_there, at = self.present.get(prefix, (False, 0.0))
            if is_there == is_wanted:
                return at
            self.take_events(0.05)
        raise TimeoutError(f"{prefix} {'absent' if is_wanted else 'still there'} upstream")

    def has_route(self, prefix):
        while not self.events.empty():
            self.take_events(0)
        return self.present.get(prefix, (False, 0.0))[0]

    def has_route_as_last_resort(self, family):
        shown = run("birdc", "-s", str(self.home / "upstream.ctl"), "show", "route", "for",
                    PREFIX[family], "all")
        return "(65535,0)" in shown

    def asks(self, family=4, timeout=0.5):
        """Whether the service address answers, asked from the upstream's side."""
        shown = subprocess.run(
            ["ip", "netns", "exec", self.names["up"], "kdig", "+short", "+retry=0",
             f"+timeout={max(1, round(timeout))}", "@" + SERVICE[family], "www.example.org"],
            capture_output=True, text=True, check=False)
        return "192.0.2.80" in shown.stdout

    # Breaking. Each returns the moment just before it struck.

    def server_pid(self):
        return self.wait_state("announced", "last_resort")["server"]["pid"]

    def guard_pid(self):
        return self.wait_state("announced", "last_resort")["guard"]["pid"]

    def strike(self, pid, number):
        before = time.monotonic()
        os.kill(pid, number)
        return before

    def kill_server(self):
        return self.strike(self.server_pid(), signal.SIGKILL)

    def kill_guard(self):
        return self.strike(self.guard_pid(), signal.SIGKILL)

    def stop_server(self):
        return self.strike(self.server_pid(), signal.SIGSTOP)

    def stop_guard(self):
        return self.strike(self.guard_pid(), signal.SIGSTOP)

    def kill_node(self):
        """Guard and server at once, as when the machine runs out of memory."""
        pids = [self.guard_pid(), self.server_pid()]
        before = time.monotonic()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.is_node_dead = True
        return before

    def worker_threads(self):
        pid = self.server_pid()
        found = []
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            if (task / "comm").read_text().startswith("nearcast-worker"):
                found.append(int(task.name))
        assert found, "the server's workers are not named"
        return sorted(found)

    def stick(self, threads):
        """Stops these threads for good. Call recover() once the server was killed."""
        before = time.monotonic()
        for thread in threads:
            self.ptrace.stop(thread)
        self.stuck = threads
        return before

    def stick_worker(self):
        return self.stick(self.worker_threads()[:1])

    def deadlock(self):
        return self.stick(self.worker_threads())

    def recover(self):
        """Waits until all is as before the failure."""
        if self.stuck:
            Ptrace.forget(self.stuck)
            self.stuck = []
        if self.is_node_dead:
            self.is_node_dead = False
            self.start_node()
        self.wait_state("announced")
        for family in (4, 6):
            self.wait_route(PREFIX[family], True)

    def route_gone_after(self, before, patience=PATIENCE):
        """Seconds until both prefixes had left the upstream, wherever they are by now."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            lost = [self.lost_at.get(PREFIX[family], 0.0) for family in (4, 6)]
            if min(lost) >= before:
                return max(lost) - before
            self.take_events(0.05)
        raise TimeoutError("the route is still there upstream")
