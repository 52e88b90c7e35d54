"""What every test here finds: a controller on either database."""

import os
import pathlib
import sys
import uuid

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "conformance"), str(HERE.parent / "interop")]

from controller import Controller  # noqa: E402


def new_schema():
    """A connection to an empty schema of the PostgreSQL that tools/postgres-for-tests runs."""
    server = os.environ["NEARCAST_POSTGRESQL"]
    words = dict(word.split("=") for word in server.removeprefix("postgresql:").split())
    name = "t" + uuid.uuid4().hex
    os.system(f"psql -q -h {words['host']} -U {words['user']} {words['dbname']} "
              f"-c 'CREATE SCHEMA {name}' >/dev/null")
    return f"{server} options='-c search_path={name}'"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    """The connection of an empty database; empty for the default."""
    return "" if request.param == "sqlite" else new_schema()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One controller for the tests of a file, which use zones of their own."""
    with Controller(tmp_path_factory.mktemp("control")) as controller:
        yield controller


@pytest.fixture
def controller(shared):
    """The shared one, without zones."""
    for zone in shared.ask("GET", "/zones").json:
        assert shared.ask("DELETE", f"/zones/{zone['id']}").status == 204
    return shared
