"""Fixtures of the tests of the running program (e2e, golden, fault)."""
import pathlib
import subprocess

import pytest

from harness import server as harness_server
from harness.postgres import Postgres
from harness.server import Server


def pytest_addoption(parser):
    parser.addoption("--update", action="store_true", help="golden tests: write what was got as what is expected")


@pytest.fixture(scope="session")
def postgres():
    """One PostgreSQL for all tests of a run; take a database of your own with postgres.new_database()."""
    running = Postgres()
    yield running
    running.close()


@pytest.fixture
def own_postgres():
    """A PostgreSQL that the test may stop and break."""
    running = Postgres()
    yield running
    running.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, tmp_path):
    """The URL of a fresh database; each test that asks for it runs once with each kind."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'vedette.db'}"
    return request.getfixturevalue("postgres").new_database()


@pytest.fixture
def serve(tmp_path):
    """Starts servers: serve(database=..., arguments=(...), wait=False). All are ended after the test."""
    started = []

    def start(database=None, arguments=(), environment=None, data=None, wait=True, port=None, listen=True):
        name = f"serve-{len(started) + 1}"
        server = Server(data or tmp_path / "data", database, tuple(arguments), environment, name, port, listen)
        started.append(server)
        server.start(wait)
        return server

    yield start
    for server in started:
        server.kill()
        print(f"--- {server.log_path.name}\n{server.log()[-4000:]}")


@pytest.fixture
def samples() -> pathlib.Path:
    """The folder of sample material; the test skips where there is none."""
    folder = harness_server.samples()
    if folder is None:
        pytest.skip("no sample clips: set VEDETTE_SAMPLES or put them in ../shared/samples")
    return folder


@pytest.fixture
def vedette():
    """Runs the program: vedette("watch", file, "--json") gives the finished process."""
    def run(*words, timeout_s=120, environment=None) -> subprocess.CompletedProcess:
        return subprocess.run([harness_server.program(), *map(str, words)], capture_output=True, text=True, timeout=timeout_s,
                              env={**harness_server.clean_environment(), **(environment or {})})
    return run
