"""Many cameras on several processes: shared out evenly, moved when a process joins or goes, and none left to nobody."""
import collections
import subprocess

import pytest

from harness.wait import stays_true, wait_until

TTL_S = 4
QUICK = {"VEDETTE_LEASE_TTL": f"{TTL_S}s"}
CAMERAS = [f"cam-{number:02}" for number in range(12)]


@pytest.fixture
def add_cameras(tmp_path):
    """Cameras that cost nearly nothing to watch: a small moving pattern, five pictures a second."""
    clip = tmp_path / "pattern.avi"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=20", "-c:v", "mjpeg", clip], check=True)

    def add(client, names):
        for name in names:
            camera = {"id": name, "name": name, "source": str(clip), "loop": True, "model": "motion"}
            assert client.post("/api/cameras", camera).status == 201
    return add


def watched(client) -> dict[str, str]:
    """The process that holds each camera now, by the leases in the database."""
    found = {}
    for name in CAMERAS:
        leases = [lease for lease in client.fetch(f"/api/loops/camera:{name}/leases")["leases"] if lease["ended_at"] is None]
        assert len(leases) <= 1, leases
        if leases:
            found[name] = leases[0]["holder"]
    return found


def held(client) -> list[int]:
    """How many cameras each process holds."""
    return sorted(collections.Counter(watched(client).values()).values())


def process(serve, database, tmp_path, number, **environment):
    return serve(database, environment={**QUICK, **environment}, data=tmp_path / f"process-{number}")


def test_twelve_cameras_are_shared_out_over_three_processes(serve, database, tmp_path, add_cameras):
    servers = [process(serve, database, tmp_path, number) for number in range(3)]
    client = servers[0].client
    add_cameras(client, CAMERAS)
    wait_until("four each", lambda: held(client) == [4, 4, 4], 10 * TTL_S)
    before = watched(client)
    stays_true("nobody takes a healthy process's cameras", lambda: watched(client) == before, TTL_S)

    servers.append(process(serve, database, tmp_path, 3))
    wait_until("three each, once one more has joined", lambda: held(client) == [3, 3, 3, 3], 10 * TTL_S)
    servers.pop().stop()
    wait_until("four each again", lambda: held(client) == [4, 4, 4], 10 * TTL_S)
    servers.pop().kill()
    wait_until("six each, once one was killed", lambda: held(client) == [6, 6], 10 * TTL_S)


def test_cameras_beyond_one_process_are_watched_by_another(serve, database, tmp_path, add_cameras):
    one = process(serve, database, tmp_path, 1, VEDETTE_WATCH_MAX_CAMERAS="2")
    add_cameras(one.client, CAMERAS[:4])
    wait_until("two are watched", lambda: held(one.client) == [2], 10 * TTL_S)
    left = set(CAMERAS[:4]) - set(watched(one.client))
    for name in left:
        said = wait_until("the others say what to do", lambda name=name: one.client.fetch(f"/api/cameras/{name}")["status"]["cause"], 20)
        assert said.rstrip().endswith("."), said
    process(serve, database, tmp_path, 2, VEDETTE_WATCH_MAX_CAMERAS="2")
    wait_until("all four are watched", lambda: held(one.client) == [2, 2], 10 * TTL_S)
