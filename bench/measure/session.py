"""What every bench command shares: arguments, programs, servers brought up and taken down."""

import contextlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

from measure import load, network, packages, servers

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = ROOT / "build/release/bin"
WORK = ROOT / "build/bench"
ANSWER_SECONDS_MAX = 300


class SessionError(Exception):
    """Ends the command with one line: what, and what to do."""


def add_arguments(parser):
    parser.add_argument("--only", metavar="SERVER,...", default="",
                        help="these servers: " + ", ".join(each.name for each in servers.ALL))
    parser.add_argument("--seed", type=int, default=1, help="of zones, questions and order")
    parser.add_argument("--server-core", type=int, default=0)
    parser.add_argument("--load-core", type=int, default=1)
    parser.add_argument("--programs", type=pathlib.Path, metavar="DIR",
                        help="take nearcastd and the bench's programs from here, build nothing")
    parser.add_argument("--install", action="store_true",
                        help="first install the peers from Debian; their services stay off")


def begin(settings):
    """Checks the machine, installs, builds. Sets settings.programs and settings.draw."""
    if os.geteuid() != 0:
        raise SessionError("needs root, for network namespaces: sudo " + sys.argv[0])
    if settings.install:
        packages.install()
    if len(os.sched_getaffinity(0)) < 2:
        raise SessionError("needs two cores: one for the server, one for the load")
    for program in ("ip", "ethtool", "sysctl"):
        if not shutil.which(program):
            raise SessionError(f"{program} is missing: {sys.argv[0]} --install")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if settings.programs is None:
        settings.programs = PROGRAMS
        build()
    settings.programs = settings.programs.resolve()
    settings.draw = random.Random(settings.seed)
    os.sched_setaffinity(0, {settings.load_core})  # Never in the way of the server.
    network.remove_leftovers()
    WORK.mkdir(parents=True, exist_ok=True)


def build():
    log = ROOT / "build/release/configure.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "w") as output:
        done = subprocess.run(["cmake", "--preset", "release"], cwd=ROOT, stdout=output,
                              stderr=output)
    if done.returncode != 0:
        raise SessionError(f"cmake could not configure; its log is in {log}")
    command = ["cmake", "--build", "--preset", "release", "--target", "nearcastd",
               "bench_programs"]
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        raise SessionError("the build failed; the compiler's words are above")


def chosen(settings):
    """The servers to measure, and says which are missing and why."""
    wanted = [name for name in settings.only.split(",") if name]
    known = {each.name: each for each in servers.ALL}
    for name in wanted:
        if name not in known:
            raise SessionError(f"no server '{name}': there are {', '.join(known)}")
    found = []
    for name, kind in known.items():
        if wanted and name not in wanted:
            continue
        server = kind(settings.programs, settings.server_core)
        if server.missing():
            print(f"without {server.title}: {server.missing()}", flush=True)
        else:
            found.append(server)
    return found


def last_question(folder):
    """A file with one question that is answered only when everything is loaded."""
    path = folder / "last.txt"
    if not path.exists():
        zone = servers.zone_files(folder)[-1].stem
        path.write_text(f"{zone} SOA\n")
    return path


@contextlib.contextmanager
def running(server, folder):
    """A pair with the server in it, answering; yields seconds from its start to that."""
    pair = network.Pair(server.name)
    work = WORK / f"run-{os.getpid()}-{server.name}"
    shutil.rmtree(work, ignore_errors=True)
    asker = None
    try:
        pair.open()
        if server.path != "kernel":
            asker = load.first_answer(pair, last_question(folder), server.programs,
                                      ANSWER_SECONDS_MAX)
        started = time.monotonic()
        server.start(pair, work, folder)
        yield wait(server, asker, started, work)
    finally:
        if asker is not None and asker.poll() is None:
            asker.kill()
            asker.wait()
        server.stop()
        pair.close()
        shutil.rmtree(work, ignore_errors=True)


def wait(server, asker, started, work):
    if asker is None:
        return 0.0
    while asker.poll() is None:
        if server.process.poll() is not None:
            asker.kill()
            break
        time.sleep(0.01)
    seconds = load.finish_first_answer(asker, started)
    if seconds is None:
        raise servers.ServerError(f"{server.title} does not answer: {tail(work)}")
    server.settle()
    return seconds


def tail(work):
    text = (work / "output.log").read_text(errors="replace").strip().splitlines()
    return " | ".join(text[-5:]) or "it says nothing"


def run(main):
    """What every command ends with: a line and a status instead of a trace."""
    try:
        main()
    except (SessionError, network.NetworkError) as error:
        print(f"{os.path.basename(sys.argv[0])}: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
