"""The queue of jobs over HTTP, in the event stream and in `vedette queue`, on both databases: with jobs that nobody takes."""
import contextlib
import json
import sqlite3

import pytest

from harness.jobs import put_job
from harness.wait import wait_until


@pytest.fixture
def client(serve, database):
    return serve(database).client


def ids(page) -> list[int]:
    return [job["id"] for job in page["jobs"]]


def kind(client, name: str) -> dict:
    return next(one for one in client.fetch("/api/jobs/kinds")["kinds"] if one["kind"] == name)


def test_jobs_are_listed_found_and_shown(client, database):
    first, second, third = put_job(database), put_job(database, "sand", "discarded"), put_job(database, key="gate")
    assert ids(client.fetch("/api/jobs?kind=paint,sand")) == [third, second, first]
    page = client.fetch("/api/jobs?kind=paint&limit=1")
    assert ids(page) == [third] and page["next"] == third
    page = client.fetch(f"/api/jobs?kind=paint&limit=1&before={page['next']}")
    assert ids(page) == [first] and page["next"] is None
    assert ids(client.fetch("/api/jobs?state=discarded")) == [second]
    assert ids(client.fetch("/api/jobs?key=gate")) == [third]
    assert client.fetch(f"/api/jobs/{third}")["can"] == ["cancel"]
    assert client.get("/api/jobs/999999").status == 404


def test_a_job_is_cancelled_once_and_tried_again_once(client, database):
    job = put_job(database, key="gate")
    cancelled = client.post(f"/api/jobs/{job}/cancel")
    assert cancelled.status == 202 and cancelled.json()["state"] == "cancelled"
    assert client.post(f"/api/jobs/{job}/cancel").status == 409
    again = client.post(f"/api/jobs/{job}/retry")
    assert again.status == 200 and again.json()["state"] == "available"
    refused = client.post(f"/api/jobs/{job}/retry")
    assert refused.status == 409 and "nothing to retry" in refused.json()["error"]["message"]
    client.post(f"/api/jobs/{job}/cancel")
    put_job(database, key="gate")
    assert client.post(f"/api/jobs/{job}/retry").status == 409, "its key is another's"


def test_a_kind_is_paused_and_resumed(client, database):
    put_job(database)
    put_job(database, "sand", "discarded")
    assert (kind(client, "paint")["available"], kind(client, "paint")["is_paused"]) == (1, False)
    paused = client.post("/api/jobs/kinds/paint/pause")
    assert paused.status == 200 and paused.json()["is_paused"]
    assert any("paint: paused" == note["title"] for note in client.fetch("/api/status")["notes"])
    assert 'vedette_jobs_paused{kind="paint"} 1' in client.get("/metrics").body.decode()
    assert client.post("/api/jobs/kinds/paint/resume").json()["is_paused"] is False


def test_what_another_process_does_to_the_queue_is_told(client, database, vedette):
    job = put_job(database)
    with client.stream("/api/events?topics=job,kinds") as events:
        done = vedette("queue", "cancel", job, "--database", database)
        assert done.returncode == 0, done.stderr
        while True:
            told = json.loads(events.event_named("kinds").data)["kinds"]
            if [one["available"] for one in told if one["kind"] == "paint"] == [0]:
                break
    assert client.fetch(f"/api/jobs/{job}")["state"] == "cancelled"


def test_the_command_says_what_the_api_says(client, database, vedette):
    put_job(database, payload='{"source": "rtsp://me:geheim@camera/1"}')
    put_job(database, "sand", "discarded")
    listed = vedette("queue", "list", "--json", "--database", database)
    assert json.loads(listed.stdout)["jobs"] == client.fetch("/api/jobs")["jobs"]
    assert "geheim" not in listed.stdout and "geheim" not in vedette("queue", "show", "1", "--database", database).stdout
    kinds = vedette("queue", "kinds", "--json", "--database", database)
    assert {one["kind"] for one in json.loads(kinds.stdout)["kinds"]} >= {"paint", "sand"}
    status = vedette("status", "--url", client.url)
    assert "\nJobs: 1 waiting, 0 running" in status.stdout, status.stdout


def test_the_command_needs_no_server(serve, database, vedette):
    server = serve(database)
    job = put_job(database)
    assert server.stop() == 0
    assert f"{job} " in vedette("queue", "list", "--database", database).stdout
    drained = vedette("queue", "drain", "--database", database)
    assert drained.returncode == 1 and "1 job of paint" in drained.stderr, drained.stderr
    assert vedette("queue", "cancel", "--kind", "paint", "--database", database).returncode == 0
    drained = vedette("queue", "drain", "--database", database)
    assert drained.returncode == 0 and "Nothing is left to do." in drained.stdout


def test_what_ended_long_ago_is_forgotten(serve, tmp_path):
    database = f"sqlite:{tmp_path / 'vedette.db'}"
    server = serve(database)
    put_job(database, state="completed")
    recent = server.client.fetch("/api/jobs")["jobs"]
    assert len(recent) == 1
    with contextlib.closing(sqlite3.connect(tmp_path / "vedette.db", timeout=30)) as store, store:
        store.execute("UPDATE job SET finished_at = finished_at - 40 * 86400000000")
    assert server.client.post("/api/loops/job-retention/retry").status == 202
    wait_until("it is gone", lambda: server.client.fetch("/api/jobs")["jobs"] == [])


def test_a_count_is_told_from_its_beginning_to_its_end_and_drained(serve, database, scene, vedette):
    client = serve(database, environment={"VEDETTE_WATCH_PRECISION": "f32"}).client
    told = []
    with client.stream("/api/events?topics=job") as events:
        made = client.post("/api/cameras", scene.camera()).json()
        job = made["count"]["job"]
        drained = vedette("queue", "drain", "--kind", "count-file", "--database", database)
        assert drained.returncode == 0, drained.stderr
        assert "Nothing is left to do." in drained.stdout
        while not told or told[-1]["state"] != "completed":
            told.append(events.event_named("job").json())
    assert {one["id"] for one in told} == {job}
    assert [one["state"] for one in told].count("running") >= 1
    done = [one["progress"]["done"] for one in told]
    assert done == sorted(done), "it never goes back"
    end = told[-1]
    assert end["title"] == "Count a recorded file" and made["name"] in end["what"]
    assert 0 < end["progress"]["done"] <= end["progress"]["total"]
    assert end == client.fetch(f"/api/jobs/{job}")
    page = vedette("queue", "show", job, "--database", database).stdout
    assert "completed" in page and f"vedette queue retry {job}" in page
    wait_until("it is counted", lambda: 'vedette_jobs_ended_total{kind="count-file",how="completed"} 1' in client.get("/metrics").body.decode())
