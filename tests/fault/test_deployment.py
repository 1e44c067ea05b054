"""Two processes on one database: killed, frozen, disconnected. One worker a camera at any time, nothing counted twice."""
import datetime
import threading
import time

import pytest

from harness.wait import stays_true, wait_until

TTL_S = 4
QUICK = {"VEDETTE_LEASE_TTL": f"{TTL_S}s", "VEDETTE_ROLLUP_EVERY": "1s"}


def instant(text):
    return datetime.datetime.fromisoformat(text)


def add_street(client, scene):
    camera = scene.camera(loop=True, enabled=False)
    assert client.post("/api/cameras", camera).status == 201
    assert client.put("/api/cameras/street/lines", {"lines": [scene.line]}).status == 200
    assert client.put("/api/cameras/street", {**camera, "enabled": True}).status == 200


def status(client):
    return client.fetch("/api/cameras/street")["status"]


def crossings(client):
    return client.fetch("/api/traffic/crossings?camera=street&limit=10000")["crossings"]


def holdings(client, name="camera:street"):
    return client.fetch(f"/api/loops/{name}/leases")["leases"]


def assert_one_holder_at_a_time(client):
    leases = sorted(holdings(client), key=lambda lease: lease["token"])
    for earlier, later in zip(leases, leases[1:]):
        assert earlier["ended_at"] is not None, leases
        assert instant(earlier["ended_at"]) <= instant(later["acquired_at"]), leases
    return leases


def holder_of(servers, client):
    held_by = wait_until("a process watches the camera", lambda: status(client)["held_by"], 40)
    return next(server for server in servers if str(server.process.pid) == held_by.rsplit(":", 1)[1])


@pytest.fixture
def two(serve, database, tmp_path):
    one = serve(database, environment=QUICK, data=tmp_path / "one")
    other = serve(database, environment=QUICK, data=tmp_path / "other")
    return one, other


def test_frozen_past_its_lease_writes_nothing_afterwards(two, scene):
    add_street(two[0].client, scene)
    frozen = holder_of(two, two[0].client)
    other = two[1] if frozen is two[0] else two[0]
    wait_until("a vehicle is counted", lambda: crossings(other.client), 60)
    frozen.freeze()
    taken = wait_until("the other process takes over", lambda: next((lease for lease in holdings(other.client) if lease["token"] > 1), None), TTL_S + 15)
    first_run = min(crossing["track_id"] // 1_000_000 for crossing in crossings(other.client))

    def of_first_run():
        return [crossing["id"] for crossing in crossings(other.client) if crossing["track_id"] // 1_000_000 == first_run]
    before = of_first_run()
    frozen.thaw()
    stays_true("the frozen process adds nothing to its run", lambda: of_first_run() == before, 6)
    leases = assert_one_holder_at_a_time(other.client)
    assert leases[-1]["token"] == taken["token"], "it does not take the camera back from a healthy holder"
    assert wait_until("the thawed process waits its turn", lambda: frozen.client.get("/readyz").status == 200, 20)


def test_stopping_hands_over_at_once(two, scene):
    add_street(two[0].client, scene)
    first = holder_of(two, two[0].client)
    other = two[1] if first is two[0] else two[0]
    wait_until("it runs", lambda: status(other.client)["state"] == "running", 60)
    assert first.stop() == 0
    leases = wait_until("handed over", lambda: len(holdings(other.client)) >= 2 and sorted(holdings(other.client), key=lambda x: x["token"]), TTL_S + 5)
    assert leases[0]["ended_by"] == "released"
    assert (instant(leases[1]["acquired_at"]) - instant(leases[0]["ended_at"])).total_seconds() < 1.5


def test_viewers_never_start_workers(two, scene):
    client = two[0].client
    add_street(client, scene)
    holder_of(two, client)
    streams = [server.client.stream("/api/events") for server in two for _ in range(5)]
    for _ in range(20):
        for server in two:
            assert server.client.get("/roads", check=False).status == 200
            assert server.client.get("/api/cameras").status == 200
    wait_until("a vehicle is counted", lambda: crossings(client), 60)
    for stream in streams:
        stream.close()
    assert len(holdings(client)) == 1
    loops = [loop for loop in client.fetch("/api/loops")["loops"] if loop["name"] == "camera:street"]
    assert len(loops) == 1


OUTAGE_S = 60


def test_postgres_away_and_back(serve, own_postgres, scene, tmp_path):
    server = serve(own_postgres.new_database(), environment=QUICK)
    began = time.time()
    add_street(server.client, scene)
    wait_until("a vehicle is counted", lambda: crossings(server.client), 60)
    own_postgres.stop()
    stopped = time.time()

    def says_so():
        loops = server.client.fetch("/api/loops")
        street = next(loop for loop in loops["loops"] if loop["name"] == "camera:street")
        return not loops["complete"] and loops["reason"] and street["state"] == "unreachable"
    wait_until("the loops say that the database is away", says_so, 40)
    assert server.client.get("/readyz").status == 503
    assert server.client.get("/healthz").status == 200
    assert server.client.get("/api/cameras").status == 503
    time.sleep(max(0, OUTAGE_S - (time.time() - stopped)))
    own_postgres.start()

    wait_until("it is ready again", lambda: server.client.get("/readyz").status == 200, 40)

    def roster():
        return next(loop for loop in server.client.fetch("/api/loops")["loops"] if loop["name"] == "cameras")
    wait_until("changes of cameras are followed again at once, whatever it waited for", lambda: roster()["health"] == "good", 15)
    wait_until("it runs again", lambda: status(server.client)["state"] == "running", 60)
    seen = len(crossings(server.client))
    wait_until("it counts again", lambda: len(crossings(server.client)) > seen, 60)
    gaps = [issue["missing_s"] for issue in server.client.fetch("/api/traffic/quality?camera=street")["issues"] if issue["missing_s"]]
    assert OUTAGE_S - 2 <= sum(gaps) <= OUTAGE_S + 15, f"the outage shows as time not watched: {gaps}"

    def coverage():
        rows = server.client.fetch("/api/traffic/history?camera=street&grain=5min")["coverage"]
        return sum(row["coverage_s"] for row in rows)
    wait_until("the roll-up has caught up", lambda: coverage() > 2, 30)
    assert coverage() <= time.time() - began - OUTAGE_S + 10, "the coverage leaves the outage out"
    assert_one_holder_at_a_time(server.client)


def test_terminated_backends_are_replaced(serve, own_postgres, scene):
    server = serve(own_postgres.new_database(), environment=QUICK)
    add_street(server.client, scene)
    wait_until("it runs", lambda: status(server.client)["state"] == "running", 60)
    own_postgres.terminate_backends()
    wait_until("it answers", lambda: server.client.get("/api/cameras").status == 200, 30)
    wait_until("it runs", lambda: status(server.client)["state"] == "running", 60)
    seen = len(crossings(server.client))
    wait_until("it counts on", lambda: len(crossings(server.client)) > seen, 60)


def test_the_same_camera_started_twice_at_once(serve, database, scene, tmp_path):
    """Both start on an empty database at the same moment: migrations once, camera once."""
    servers = []
    threads = [threading.Thread(target=lambda name=name: servers.append(serve(database, environment=QUICK, data=tmp_path / name))) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(servers) == 2
    add_street(servers[0].client, scene)
    holder_of(servers, servers[0].client)
    stays_true("one holder", lambda: len([lease for lease in holdings(servers[1].client) if lease["ended_at"] is None]) == 1, 3)


def test_db_check_finds_nothing_wrong_after_a_kill(serve, tmp_path, scene, vedette):
    server = serve(f"sqlite:{tmp_path / 'v.db'}", environment=QUICK)
    add_street(server.client, scene)
    wait_until("a vehicle is counted", lambda: crossings(server.client), 60)
    server.kill()
    done = vedette("db", "check", "--database", f"sqlite:{tmp_path / 'v.db'}", "--data", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
