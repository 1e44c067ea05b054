"""A recorded file on three processes that are killed and frozen: counted once, to the crossing, and progress never goes back."""
import datetime
import os
import shutil
import signal
import threading

import pytest

from harness.client import Client
from harness.wait import wait_until

TTL_S = 4
QUICK = {"VEDETTE_LEASE_TTL": f"{TTL_S}s", "VEDETTE_ROLLUP_EVERY": "1s", "VEDETTE_WATCH_PRECISION": "f32", "VEDETTE_WATCH_THREADS": "1"}
# Copies of the clip in one record: 2 are one to two minutes of work for a core; 24 make it 20 minutes and more.
COPIES = int(os.environ.get("VEDETTE_RECORDED_COPIES", "2"))
KILL_EVERY_S = float(os.environ.get("VEDETTE_RECORDED_KILL_S", "10"))
LIMIT_S = 400 + 300 * COPIES


# When it was recorded: of late, because the history does not keep what is old.
STARTS_AT = f"{datetime.date.today() - datetime.timedelta(days=2)}T10:00:00Z"


@pytest.fixture
def record(scene, tmp_path):
    """A recorder's folder: the clip again and again, one record."""
    folder = tmp_path / "recorder"
    folder.mkdir()
    for number in range(COPIES):
        shutil.copy(scene.file, folder / f"part_{number + 1}{scene.file.suffix}")
    return folder


def add(client, scene, record, name):
    client.post("/api/cameras", scene.camera(id=name, name=name, source=str(record), starts_at=STARTS_AT, start=False))
    client.put(f"/api/cameras/{name}/lines", {"lines": [scene.line]})
    return client.post(f"/api/cameras/{name}/count", {}).json()["job"]["id"]


def result_of(client, name):
    counted = client.fetch(f"/api/traffic/crossings?camera={name}&limit=10000")["crossings"]
    rows = sorted((one["frame"], one["direction"], one["vehicle_type"], one["x"], one["y"]) for one in counted)
    history = client.fetch(f"/api/traffic/history?camera={name}")
    return rows, sum(row["vehicles"] for row in history["rows"]), [entry["coverage_s"] for entry in history["coverage"]]


class Watch(threading.Thread):
    """Looks at the job all the time, by whichever process answers: progress must not go back, nor a part of the result show."""

    def __init__(self, servers, job, name):
        super().__init__(daemon=True)
        self.servers, self.job, self.name_of_camera = servers, job, name
        self.seen, self.wrong, self.last, self.pause = [], [], None, threading.Event()
        self.start()

    def run(self):
        while not (self.last and self.last["state"] in ("completed", "discarded", "cancelled")):
            self.pause.wait(0.2)
            for server in self.servers:
                client = Client(server.client.host, server.client.port, timeout_s=2)
                try:
                    job = client.fetch(f"/api/jobs/{self.job}")
                    parts = [] if job["state"] == "completed" else client.fetch(f"/api/traffic/crossings?camera={self.name_of_camera}")["crossings"]
                    again = client.fetch(f"/api/jobs/{self.job}")
                except (OSError, AssertionError, ValueError):
                    continue
                if parts and again["state"] != "completed":
                    self.wrong.append(f"{len(parts)} crossings while it is {job['state']}")
                if self.seen and job["progress"]["done"] < self.seen[-1]:
                    self.wrong.append(f"progress {self.seen[-1]} then {job['progress']['done']}")
                self.seen.append(job["progress"]["done"])
                self.last = job


@pytest.mark.timeout(LIMIT_S)
def test_killed_and_frozen_it_counts_as_undisturbed(serve, postgres, scene, record, tmp_path):
    url = postgres.new_database()
    servers = [serve(url, environment=QUICK, data=tmp_path / f"data-{number}") for number in range(3)]
    reference = add(servers[0].client, scene, record, "undisturbed")
    job = wait_until("it is counted undisturbed", lambda: (j := servers[0].client.fetch(f"/api/jobs/{reference}"))["state"] == "completed" and j, LIMIT_S / 3)
    expected = result_of(servers[0].client, "undisturbed")
    assert len(expected[0]) >= len(scene.expected()["crossings"]) * COPIES * 0.8, "each part is counted"

    watch = Watch(servers, add(servers[0].client, scene, record, "street"), "street")
    kills = frozen = 0
    while watch.last is None or watch.last["state"] not in ("completed", "discarded", "cancelled"):
        watch.join(KILL_EVERY_S)
        if not watch.last or watch.last["state"] != "running" or not watch.last["process"]:
            continue
        holder = next((s for s in servers if str(s.process.pid) == watch.last["process"].rsplit(":", 1)[1]), None)
        if holder is None:
            continue
        if kills == 1 and not frozen:
            frozen += 1
            holder.process.send_signal(signal.SIGSTOP)
            wait_until("another has it", lambda: str(holder.process.pid) != (watch.last["process"] or "").rsplit(":", 1)[1], TTL_S + 20)
            holder.process.send_signal(signal.SIGCONT)
            continue
        kills += 1
        holder.kill()
        holder.start(wait=False)
    assert not watch.wrong, watch.wrong
    assert watch.last["state"] == "completed", watch.last
    assert kills >= 2 and frozen == 1, "disturbed in the middle"
    assert watch.last["failures"] == 0 and watch.last["crashes"] >= kills
    client = wait_until("a process answers", lambda: next((s.client for s in servers if s.process.poll() is None), None), 60)
    wait_until("and says so", lambda: client.get("/readyz", check=False).status == 200, 60)
    assert result_of(client, "street") == expected
    assert job["result"]["lines"] == [{**line, "id": job["result"]["lines"][0]["id"]} for line in watch.last["result"]["lines"]]
