"""Before and while the database cannot serve: every route says so, and nothing that looks healthy is not."""
import re
import resource
import sqlite3

import pytest

from harness.contract import contract
from harness.wait import wait_until

SENTENCE = "which this program does not know: a newer Vedette made it"


def every_route() -> list[tuple[str, str]]:
    """Each documented operation below /api, with something in the place of its parameters."""
    routes = [(method.upper(), re.sub(r"\{\w+\}", "x", path)) for path, node in contract().document["paths"].items() if path.startswith("/api/")
              for method in node if method in ("get", "post", "put", "delete")]
    assert len(routes) > 15
    return routes


def ask(client, method: str, path: str):
    body = {} if method in ("POST", "PUT") else None
    return client.request(method, path, body)


def test_a_database_that_is_late_is_waited_for(serve, own_postgres, vedette):
    url = own_postgres.new_database()
    own_postgres.stop()
    server = serve(url, wait=False)
    server.wait_alive()
    for method, path in every_route():
        answer = ask(server.client, method, path)
        assert answer.status == 503, f"{method} {path}: {answer.status} {answer.body[:200]!r}"
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.error_code == "unavailable"
    assert server.client.get("/readyz").status == 503
    assert server.client.get("/metrics").status == 200
    assert server.client.get("/", headers={"Accept": "text/html"}).status == 200
    assert server.process.poll() is None
    asked = vedette("status", "--url", server.client.url)
    assert asked.returncode == 1
    assert "cannot answer now (HTTP 503)" in asked.stderr and "Cannot reach PostgreSQL" in asked.stderr
    assert "another program" not in asked.stderr and "start it" not in asked.stderr
    looked = vedette("doctor", "--listen", f"127.0.0.1:{server.port}", "--watch-model", "none", "--data", server.data)
    assert "cannot answer now" in looked.stdout and "another program" not in looked.stdout
    own_postgres.start()
    server.wait_ready()
    assert server.client.get("/api/cameras").status == 200


def test_no_route_is_a_defect_while_the_tables_are_made(serve, tmp_path):
    """The database is there and somebody else is still bringing it up to date: the moment in which routes answered 500."""
    path = tmp_path / "vedette.db"
    held = sqlite3.connect(path, isolation_level=None)
    held.execute("PRAGMA journal_mode = WAL")
    held.execute("BEGIN IMMEDIATE")
    server = serve(f"sqlite:{path}", wait=False)
    server.wait_alive()
    for method, route in every_route():
        answer = ask(server.client, method, route)
        assert answer.status == 503, f"{method} {route}: {answer.status} {answer.body[:200]!r}"
    assert server.client.get("/readyz").status == 503
    held.execute("ROLLBACK")
    server.wait_ready()
    assert server.client.get("/api/cameras").status == 200


def test_a_newer_database_ends_it_with_a_sentence(serve, database, vedette, postgres):
    first = serve(database)
    assert first.stop() == 0
    insert = "INSERT INTO {}schema_migrations (module, version, name, checksum, applied_at) VALUES ('traffic', 99, 'from tomorrow', 'x', {})"
    if database.startswith("sqlite:"):
        with sqlite3.connect(database.removeprefix("sqlite:")) as connection:
            connection.execute(insert.format("", 1))
    else:
        postgres.sql(insert.format("vedette.", "now()"), database.rpartition("/")[2])
    second = serve(database, wait=False)
    assert second.process.wait(30) == 1
    assert "traffic 99 (from tomorrow), " + SENTENCE in second.log()
    with pytest.raises(OSError):
        second.client.get("/healthz", check=False)
    checked = vedette("db", "check", "--database", database)
    assert checked.returncode == 1 and SENTENCE in checked.stderr


def test_another_programs_database_is_left_alone(serve, tmp_path):
    path = tmp_path / "places.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    server = serve(f"sqlite:{path}", wait=False)
    assert server.process.wait(30) == 1
    assert "belongs to another program" in server.log()
    with sqlite3.connect(path) as connection:
        assert [row[0] for row in connection.execute("SELECT name FROM sqlite_schema")] == ["bookmarks"]


def test_a_disk_that_is_full_is_not_ready(serve, tmp_path):
    server = serve(f"sqlite:{tmp_path / 'vedette.db'}")
    camera = {"name": "A", "source": str(tmp_path / "none.mp4"), "enabled": False}
    assert server.client.post("/api/cameras", camera).status == 201
    unlimited = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    # No file may grow: what a full disk looks like to the program.
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1, unlimited[1]))
    wait_until("it says that it cannot write", lambda: server.client.get("/readyz").status == 503)
    assert "no space left" in server.client.get("/readyz").json()["error"]["message"]
    assert server.client.get("/healthz").status == 200
    assert server.client.get("/api/cameras").status == 200
    assert server.client.post("/api/cameras", {**camera, "name": "B"}).status == 507
    # Reading goes well all the time and must not make it ready again.
    for _ in range(20):
        assert server.client.get("/api/cameras").status == 200
        assert server.client.get("/readyz").status == 503
    status = server.client.fetch("/api/status")["database"]
    assert status["reachable"] is True and status["writable"] is False and "no space left" in status["message"]
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, unlimited)
    server.wait_ready()
    assert server.client.post("/api/cameras", {**camera, "name": "B"}).status == 201


def test_a_camera_and_its_task_say_the_same_while_the_disk_is_full(serve, sample, tmp_path):
    server = serve(f"sqlite:{tmp_path / 'vedette.db'}", environment={"VEDETTE_LEASE_TTL": "2s"})
    client = server.client
    clip = sample("traffic/street-oneway.mp4", "traffic/vtest.avi")
    assert client.post("/api/cameras", {"id": "a", "name": "A", "source": str(clip), "loop": True, "model": "motion"}).status == 201
    wait_until("it runs", lambda: client.fetch("/api/cameras/a")["status"]["state"] == "running", 60)

    def word_of_task():
        return next(loop["word"] for loop in client.fetch("/api/loops")["loops"] if loop["name"] == "camera:a")

    def said_by_both():
        """The camera's state; None when it changed in between. Its task must call it the same."""
        before = word_of_task()
        camera = client.fetch("/api/cameras/a")["status"]
        if before != word_of_task():
            return None
        assert camera["word"] == before, camera
        return camera["state"]
    unlimited = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1, unlimited[1]))
    disagreed = []

    def both(state):
        try:
            return said_by_both() == state
        except AssertionError as error:  # "not yet" to wait_until
            disagreed.append(error)
    wait_until("both say that it cannot go on", lambda: both("unreachable"), 30)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, unlimited)
    wait_until("both say that it runs again", lambda: both("running"), 60)
    assert not disagreed, disagreed[0]


def test_a_database_that_may_only_be_read_is_not_ready(serve, postgres):
    url = postgres.new_database()
    name = url.rpartition("/")[2]
    server = serve(url)
    postgres.sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    wait_until("it says that it cannot write", lambda: b"read-only" in server.client.get("/readyz").body)
    assert server.client.get("/readyz").status == 503
    assert server.client.get("/api/cameras").status == 200
    postgres.sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = off')
    postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    server.wait_ready()


@pytest.mark.parametrize("roles", ["keep", "work", "collect", "watch", "api"])
def test_every_process_says_how_it_is(serve, roles):
    server = serve(arguments=("--roles", roles))
    assert server.client.get("/healthz").status == 200
    assert server.client.get("/readyz").status == 200
    assert b"# TYPE vedette_" in server.client.get("/metrics").body
    assert (server.client.get("/api/status", check=False).status == 200) == (roles == "api")
