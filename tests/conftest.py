"""Fixtures of the tests of the running program (e2e, golden, fault)."""
import os
import pathlib
import subprocess

import pytest

from harness import s3, samples
from harness import server as harness_server
from harness.contract import contract
from harness.images import Objects
from harness.postgres import Postgres
from harness.server import Server


def pytest_addoption(parser):
    parser.addoption("--update", action="store_true", help="golden tests: write what was got as what is expected")


def pytest_sessionfinish():
    """Which answers of the API were seen goes into the file $VEDETTE_SEEN, when ./test asks for it."""
    if file := os.environ.get("VEDETTE_SEEN"):
        contract().write_seen(pathlib.Path(file))


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


@pytest.fixture(scope="session")
def bucket_server():
    """One S3 for all tests of a run; take a bucket of your own with bucket_server.new_bucket()."""
    if not s3.is_here():
        pytest.skip("Ceph's radosgw is not there (tools/setup.sh --test)")
    running = s3.S3()
    yield running
    running.close()


@pytest.fixture
def folder_store(tmp_path):
    return Objects.in_folder(tmp_path / "blobs")


@pytest.fixture(params=["folder", "s3"])
def store(request):
    """A fresh place for objects; each test that asks for it runs once with a folder and once with a bucket."""
    if request.param == "folder":
        return request.getfixturevalue("folder_store")
    running = request.getfixturevalue("bucket_server")
    environment = running.new_bucket()
    return Objects(environment, lambda: running.keys(environment["VEDETTE_BLOB_BUCKET"]))


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
def sample():
    """sample("traffic/street-oneway.mp4") is that file, wherever it lies; of several names the first that is here. The
    test skips where there is none."""
    def find(*names: str) -> pathlib.Path:
        found = next(filter(None, map(samples.find, names)), None)
        if found is None:
            pytest.skip(f"{' or '.join(names)} is not here (see tools/samples.sh)")
        return found
    return find


@pytest.fixture
def scene() -> samples.Scene:
    """A clip, a line that somebody crosses in it and a detector that sees them: of what is here."""
    here = next((scene for scene in (samples.STREET, samples.PEOPLE) if scene.is_here), None)
    if here is None:
        pytest.skip(f"neither {samples.STREET.clip} nor {samples.PEOPLE.clip} is here with its detector (see tools/samples.sh)")
    return here


@pytest.fixture
def vedette():
    """Runs the program: vedette("watch", file, "--json") gives the finished process."""
    def run(*words, timeout_s=120, environment=None) -> subprocess.CompletedProcess:
        return subprocess.run([harness_server.program(), *map(str, words)], capture_output=True, text=True, timeout=timeout_s,
                              env={**harness_server.clean_environment(), **(environment or {})})
    return run
