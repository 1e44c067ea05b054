"""A recorded file is counted by a job: still first, lines on it, start, progress, the result by direction; count again."""
import csv
import functools
import hashlib
import http.server
import json
import shutil
import subprocess
import threading

import pytest

from harness.server import clean_environment, program
from harness.wait import stays_true, wait_until

QUICK = {"VEDETTE_ROLLUP_EVERY": "1s", "VEDETTE_WATCH_PRECISION": "f32"}
ENDED = ("completed", "discarded", "cancelled")


def job_of(client, camera="street"):
    count = client.fetch(f"/api/cameras/{camera}")["count"]
    return client.fetch(f"/api/jobs/{count['job']}") if count else None


def ended(client, camera="street", timeout_s=240):
    def look():
        job = job_of(client, camera)
        return job and job["state"] in ENDED and job
    return wait_until("the count has ended", look, timeout_s)


def by_line(client, camera="street"):
    """Crossings by line and direction, of the list and of the history, which must say the same."""
    listed = {}
    for one in client.fetch(f"/api/traffic/crossings?camera={camera}&limit=10000")["crossings"]:
        key = one["line"], one["direction"]
        listed[key] = listed.get(key, 0) + 1

    def history():
        sums = {}
        for row in client.fetch(f"/api/traffic/history?camera={camera}&by=line")["rows"]:
            key = row["line"], row["direction"]
            sums[key] = sums.get(key, 0) + row["vehicles"]
        return sums
    wait_until("the history, which is kept ready for some seconds, says the same", lambda: history() == listed, 12)
    return listed


def spread_thumbnails(client, scene, camera="street"):
    """The small pictures, which must lie evenly from the beginning of the clip to its end."""
    thumbnails = client.fetch(f"/api/cameras/{camera}/thumbnails")["thumbnails"]
    places = [one["media_s"] for one in thumbnails]
    assert 8 < len(thumbnails) <= 16 and places == sorted(places) and places[0] < 1
    steps = [after - before for before, after in zip(places, places[1:])]
    assert max(steps) < 1.2 * min(steps) and scene.media_s - places[-1] < 1.1 * max(steps), places
    return thumbnails


def expected_of(scene):
    counts = {}
    for one in scene.expected()["crossings"]:
        key = "Mill Street", one["direction"]
        counts[key] = counts.get(key, 0) + 1
    return counts


def recordings(folder, scene, copies):
    """A card with the clip several times."""
    folder.mkdir()
    for number in range(copies):
        shutil.copy(scene.file, folder / f"MOV_{number + 9}{scene.file.suffix}")
    return folder


@pytest.fixture
def clips(tmp_path):
    """clips(file): the address at which a web server gives it."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "web"))
    (tmp_path / "web").mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def give(file):
        shutil.copy(file, tmp_path / "web")
        return f"http://127.0.0.1:{server.server_port}/{file.name}"
    yield give
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(serve, database):
    return serve(database, environment=QUICK).client


@pytest.mark.timeout(500)
def test_still_first_then_lines_then_the_count_then_again(client, scene, tmp_path):
    made = client.post("/api/cameras", scene.camera(start=False)).json()
    assert made["count"] is None and made["status"]["state"] == "stopped" and made["status"]["word"] == "not counted yet"
    still = client.get("/api/cameras/street/snapshot.jpg")
    assert still.status == 200 and still.body[:2] == b"\xff\xd8"
    lines = client.put("/api/cameras/street/lines", {"lines": [scene.line]}).json()["lines"]
    stays_true("nothing is counted by itself", lambda: client.fetch("/api/cameras/street")["count"] is None, 1)

    started = client.post("/api/cameras/street/count", {})
    assert started.status == 202 and started.json()["job"]["kind"] == "count-file"
    again = client.post("/api/cameras/street/count", {})
    assert again.status == 409 and str(started.json()["job"]["id"]) in again.json()["error"]["message"]
    done = []

    def progress():
        job = job_of(client)
        done.append(job["progress"]["done"])
        # The result is not there in parts.
        if job["state"] == "running":
            assert client.fetch("/api/traffic/crossings?camera=street")["crossings"] == [] or job_of(client)["state"] == "completed"
        return job["state"] == "completed" and job
    job = wait_until("it is counted", progress, 240)
    assert done == sorted(done)
    assert job["progress"]["done"] <= job["progress"]["total"] == job["result"]["frames"]
    assert "Mill Street" in job["progress"]["message"]
    assert by_line(client) == expected_of(scene)
    told = job["result"]["lines"][0]
    assert {("Mill Street", way): told[way]["crossings"] for way in ("a_to_b", "b_to_a") if told[way]["crossings"]} == expected_of(scene)
    camera = client.fetch("/api/cameras/street")
    assert camera["count"]["is_outdated"] is False and camera["count"]["counted_at"] and camera["status"]["state"] == "finished"
    assert camera["count"]["from"] < camera["count"]["to"]
    def last_picture():
        last = client.get("/api/cameras/street/snapshot.jpg").body
        digest = hashlib.sha256(last).hexdigest()
        stored = tmp_path / f"data/blobs/stills/{digest[:2]}/{digest}.jpg"
        return stored.is_file() and stored.read_bytes() == last and last
    # The count's own last picture is shown until its body has ended.
    assert wait_until("the last picture is an object, named by its content", last_picture) != still.body

    # Another line beside it: nothing happens by itself, then both are counted anew and the first result is gone.
    other = {**scene.line, "name": "Upper", "y1": scene.line["y1"] - 40, "y2": scene.line["y2"] - 40}
    client.put("/api/cameras/street/lines", {"lines": [lines[0], other]})
    assert client.fetch("/api/cameras/street")["count"]["is_outdated"] is True
    before = client.fetch("/api/traffic/history?camera=street")
    second = client.post("/api/cameras/street/count", {}).json()["job"]["id"]
    assert second != job["id"]
    job = ended(client)
    assert job["state"] == "completed", job
    counts = by_line(client)
    assert {key: n for key, n in counts.items() if key[0] == "Mill Street"} == expected_of(scene)
    assert any(key[0] == "Upper" for key in counts)
    assert client.fetch("/api/cameras/street")["count"]["is_outdated"] is False
    wait_until("replaced, not added", lambda: client.fetch("/api/traffic/history?camera=street")["coverage"] == before["coverage"], 12)


@pytest.mark.timeout(500)
def test_a_count_leaves_pictures_and_documents(client, scene, tmp_path):
    client.post("/api/cameras", scene.camera(start=False))
    client.put("/api/cameras/street/lines", {"lines": [scene.line]})
    assert client.fetch("/api/cameras/street/thumbnails") == {"thumbnails": []}
    missing = client.get("/api/cameras/street/export.csv")
    assert missing.status == 404 and "written when a count of a recording completes" in missing.json()["error"]["message"]
    client.post("/api/cameras/street/count", {})
    result = ended(client)["result"]
    count = client.fetch("/api/cameras/street")["count"]
    assert count["exports"] is True

    thumbnails = spread_thumbnails(client, scene)
    assert thumbnails[0]["t"] >= count["from"] and thumbnails[-1]["t"] <= count["to"]
    for one in thumbnails:
        picture = client.get(one["url"])
        assert picture.status == 200 and picture.headers["content-type"] == "image/jpeg" and picture.body[:2] == b"\xff\xd8"
        assert len(picture.body) < 40_000 and "immutable" in picture.headers["cache-control"]
        assert one["url"].endswith(hashlib.sha256(picture.body).hexdigest())
        assert client.get(one["url"], headers={"If-None-Match": picture.headers["etag"]}).status == 304
    assert len({one["url"] for one in thumbnails}) == len(thumbnails)
    assert client.get("/api/cameras/street/thumbnails/" + "0" * 64).status == 404

    def export(ending):
        """The document, whole and in parts."""
        at = f"/api/cameras/street/export.{ending}"
        whole = client.get(at)
        assert whole.status == 200 and whole.headers["content-disposition"] == f'attachment; filename="street.{ending}"'
        tag = whole.headers["etag"]
        assert client.get(at, headers={"If-None-Match": tag}).status == 304
        part = client.get(at, headers={"Range": "bytes=10-19", "If-Range": tag})
        assert part.status == 206 and part.body == whole.body[10:20]
        assert part.headers["content-range"] == f"bytes 10-19/{len(whole.body)}" and part.headers["etag"] == tag
        assert client.get(at, headers={"Range": f"bytes={len(whole.body)}-"}).status == 416
        return whole.body.decode()
    rows = list(csv.DictReader(export("csv").splitlines()))
    document = json.loads(export("json"))
    assert {**document, "name": None, "crossings": None} == {**result, "name": None, "crossings": None}
    listed = client.fetch("/api/traffic/crossings?camera=street&limit=10000")["crossings"]
    facts = sorted((one["t"], one["direction"], one["label"], one["vehicle_type"], one["frame"]) for one in listed)
    assert facts == sorted((one["t"], one["direction"], one["label"], one["vehicle_type"], one["frame"]) for one in document["crossings"])
    assert facts == sorted((one["t"], one["direction"], one["label"], one["vehicle_type"], int(one["frame"])) for one in rows)

    # Counted again with another line nothing is decoded: the pictures are the same, the documents are not.
    moved = {**client.fetch("/api/cameras/street/lines")["lines"][0], "name": "Other"}
    client.put("/api/cameras/street/lines", {"lines": [moved]})
    client.post("/api/cameras/street/count", {})
    assert ended(client)["state"] == "completed"
    assert client.fetch("/api/cameras/street/thumbnails")["thumbnails"] == thumbnails
    assert {one["line"] for one in json.loads(export("json"))["crossings"]} == {"Other"}
    kept = [file for file in (tmp_path / "data/blobs/exports").rglob("*") if file.is_file()]
    assert len(kept) == 4, "those before are swept in a day, when nobody reads them any more"
    # Gone from the store, it is said so; nothing else fails for it.
    for file in kept:
        file.unlink()
    gone = client.get("/api/cameras/street/export.json")
    assert gone.status == 404 and "is not in the folder" in gone.json()["error"]["message"]
    assert client.delete("/api/cameras/street").status == 204
    assert client.get("/api/cameras/street/thumbnails").status == 404


@pytest.mark.timeout(500)
def test_a_store_that_is_away_for_a_moment_is_waited_for(serve, scene, tmp_path):
    (tmp_path / "not-a-folder").write_text("in its place")
    client = serve(environment={**QUICK, "VEDETTE_BLOB_FOLDER": str(tmp_path / "not-a-folder/blobs")}).client
    client.post("/api/cameras", scene.camera(start=False))
    client.put("/api/cameras/street/lines", {"lines": [scene.line]})
    client.post("/api/cameras/street/count", {})
    wait_until("the result waits for its pictures", lambda: job_of(client)["progress"]["message"].startswith("Waiting for the store"), 240)
    assert client.fetch("/api/traffic/crossings?camera=street")["crossings"] == []
    (tmp_path / "not-a-folder").unlink()
    assert ended(client)["state"] == "completed"
    assert by_line(client) == expected_of(scene)
    assert client.fetch("/api/cameras/street")["count"]["exports"] is True
    assert all(client.get(one["url"]).status == 200 for one in spread_thumbnails(client, scene))


def test_a_cancelled_count_leaves_the_result_before(client, scene):
    client.post("/api/cameras", scene.camera(start=False))
    client.put("/api/cameras/street/lines", {"lines": [scene.line]})
    client.post("/api/cameras/street/count", {})
    assert ended(client)["state"] == "completed"
    before = by_line(client)
    shift = {**client.fetch("/api/cameras/street/lines")["lines"][0], "y1": 120, "y2": 120}
    client.put("/api/cameras/street/lines", {"lines": [shift]})
    job = client.post("/api/cameras/street/count", {}).json()["job"]["id"]
    assert client.post(f"/api/jobs/{job}/cancel", {}).status == 202
    assert ended(client, timeout_s=10)["state"] == "cancelled"
    assert by_line(client) == before
    camera = client.fetch("/api/cameras/street")
    assert camera["count"]["is_outdated"] is True and camera["status"]["state"] == "finished"
    assert client.post(f"/api/jobs/{job}/retry", {}).status == 200
    assert ended(client)["state"] == "completed"


@pytest.mark.timeout(500)
def test_a_running_count_is_stopped_and_the_file_can_be_counted_again(client, scene, tmp_path):
    moving = scene.camera(source=str(recordings(tmp_path / "DCIM", scene, 6)), model="motion", types=["moving"])
    client.post("/api/cameras", {**moving, "start": False})
    client.put("/api/cameras/street/lines", {"lines": [scene.line]})
    client.post("/api/cameras/street/count", {})
    assert ended(client)["state"] == "completed"
    before = by_line(client)
    history = client.fetch("/api/traffic/history?camera=street")["rows"]
    assert before and history, "there is a result to be lost"
    # The model has minutes to do.
    client.put("/api/cameras/street", scene.camera(source=moving["source"]))
    job = client.post("/api/cameras/street/count", {}).json()["job"]["id"]

    def look():
        return client.fetch(f"/api/jobs/{job}")
    wait_until("it is in the midst of it", lambda: (now := look())["state"] == "running" and now["progress"]["done"] > 20, 120)
    assert client.post(f"/api/jobs/{job}/cancel", {}).status == 202
    stopped = ended(client, timeout_s=10)
    assert stopped["id"] == job and stopped["state"] == "cancelled"
    assert 0 < stopped["progress"]["done"] < stopped["progress"]["total"]
    stays_true("nobody counts on", lambda: look() == stopped, 2)
    kind = next(kind for kind in client.fetch("/api/jobs/kinds")["kinds"] if kind["kind"] == "count-file")
    assert kind["running"] == 0
    camera = client.fetch("/api/cameras/street")
    assert camera["status"]["state"] == "finished" and camera["count"]["is_outdated"] is True
    assert by_line(client) == before and client.fetch("/api/traffic/history?camera=street")["rows"] == history
    # One is counted at a time: had it not let go of its thread, this one would wait for ever.
    client.put("/api/cameras/street", moving)
    again = client.post("/api/cameras/street/count", {})
    assert again.status == 202 and again.json()["job"]["id"] != job
    assert ended(client)["state"] == "completed"
    assert by_line(client) == before and client.fetch("/api/cameras/street")["count"]["is_outdated"] is False


def test_what_can_never_be_read_fails_once_and_says_why(client, tmp_path, scene):
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("not a video\n" * 1000)
    sources = {"missing": tmp_path / "missing.mp4", "empty": tmp_path / "empty.mp4", "text": tmp_path / "text.mp4"}
    for name, source in sources.items():
        assert client.post("/api/cameras", {"id": name, "name": name, "source": str(source)}).status == 201
    for name, source in sources.items():
        job = ended(client, name, 40)
        assert job["state"] == "discarded" and job["failures"] == 1, job
        assert str(source) in job["error"] and job["error"].endswith(".")
        camera = client.fetch(f"/api/cameras/{name}")
        assert camera["status"]["state"] == "stopped" and camera["status"]["cause"] == job["error"] == camera["count"]["error"]
    # Put right, it is counted when somebody asks for it.
    shutil.copy(scene.file, sources["missing"])
    client.put("/api/cameras/missing", {"name": "missing", "source": str(sources["missing"]), "model": "motion"})
    assert client.post("/api/cameras/missing/count", {}).status == 202
    assert ended(client, "missing")["state"] == "completed"
    assert client.post("/api/cameras", {"id": "no-model", "name": "no-model", "source": str(scene.file), "model": "no-such-model"}).status == 201
    job = ended(client, "no-model", 40)
    assert job["state"] == "discarded" and "no-such-model" in job["error"]


def test_a_line_outside_of_the_picture_is_said_before_it_counts_nothing(client, scene):
    client.post("/api/cameras", scene.camera(start=False))
    client.put("/api/cameras/street/lines", {"lines": [{**scene.line, "name": "Far out", "y1": 5000, "y2": 5000}]})
    client.post("/api/cameras/street/count", {})
    job = ended(client)
    assert job["state"] == "discarded" and "The line 'Far out' lies outside of the picture, which is" in job["error"]


@pytest.mark.timeout(500)
def test_a_power_cut_ends_neither_the_count_nor_the_command_that_waits(serve, scene):
    server = serve(environment=QUICK)
    ends = ",".join(str(scene.line[end]) for end in ("x1", "y1", "x2", "y2"))
    words = [str(program()), "count", scene.file, "--name", "Street", "--line", f"Mill Street:{ends}", "--model", scene.model,
             "--types", ",".join(scene.types), "--url", server.client.url, "--json"]
    with subprocess.Popen(words, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as command:
        wait_until("some frames are counted", lambda: any(job["progress"]["done"] > 50 for job in server.client.fetch("/api/jobs")["jobs"]), 240)
        server.kill()
        server.start()
        told = json.loads(command.communicate(timeout=300)[0])
    assert command.returncode == 0
    counts = {("Mill Street", way): told["result"]["lines"][0][way]["crossings"] for way in ("a_to_b", "b_to_a")}
    assert {key: n for key, n in counts.items() if n} == expected_of(scene)
    assert server.client.fetch(f"/api/jobs/{told['job']}")["crashes"] == 1
    assert all(server.client.get(one["url"]).status == 200 for one in spread_thumbnails(server.client, scene, told["camera"]))


@pytest.mark.timeout(300)
def test_processes_that_die_at_no_known_place_are_said_to_have_died(serve, scene, tmp_path):
    server = serve(environment=QUICK)
    card = recordings(tmp_path / "DCIM", scene, 1)
    for number in range(60):  # more than is counted while this looks for the moment to kill
        (card / f"MOV_1{number:02}{scene.file.suffix}").symlink_to(scene.file)
    server.client.post("/api/cameras", scene.camera(source=str(card), model="motion", types=["moving"]))
    for crashes in range(3):
        wait_until("it is counted again", lambda: (job := job_of(server.client))["state"] == "running" and job["crashes"] == crashes and job["progress"]["done"] > 0, 90)
        server.kill()
        server.start()
    job = ended(server.client)
    assert job["state"] == "discarded" and job["crashes"] == 3, job
    assert job["error"] == f"3 processes died while they counted {card}; look at their logs and at the machine's memory."


def test_switched_off_or_removed_it_is_not_counted(client, scene):
    camera = scene.camera()
    assert client.post("/api/cameras", camera).json()["count"]["state"] in ("available", "running")
    client.put("/api/cameras/street", {**camera, "enabled": False})
    assert ended(client, timeout_s=20)["state"] == "cancelled"
    assert client.post("/api/cameras/street/count", {}).status == 409
    client.put("/api/cameras/street", {**camera, "enabled": True})
    job = job_of(client)["id"]
    assert client.delete("/api/cameras/street").status == 204
    gone = wait_until("its job ends", lambda: (one := client.fetch(f"/api/jobs/{job}"))["state"] in ("cancelled", "discarded") and one, 20)
    # It may find that out by itself before it hears of it.
    assert gone["state"] == "cancelled" or "was removed" in gone["error"], gone
    live = {"id": "live", "name": "Live", "source": str(scene.file), "loop": True, "model": "motion"}
    assert client.post("/api/cameras", live).json()["count"] is None
    assert client.post("/api/cameras/live/count", {}).status == 409


def test_a_clip_from_another_server_waits_to_be_started_like_a_file(client, scene, clips, sample):
    """Its address does not tell that it has an end: that is found out, and nothing is counted for all that."""
    address = clips(sample("traffic/highway-two-way.avi", "traffic/vtest.avi"))  # one that is read without seeking
    made = client.post("/api/cameras", scene.camera(source=address, model="motion", types=["moving"], start=False)).json()
    assert made["count"] is None
    wait_until("its end is known", lambda: client.fetch("/api/cameras/street")["status"]["word"] == "not counted yet", 60)
    stays_true("nothing counts it", lambda: client.fetch("/api/cameras/street")["count"] is None and client.fetch("/api/jobs")["jobs"] == [], 1)
    assert client.post("/api/cameras/street/count", {}).status == 202
    assert ended(client)["state"] == "completed"
    other = client.post("/api/cameras", scene.camera(id="other", name="Other", source=address, model="motion", types=["moving"])).json()
    assert other["count"] is None
    wait_until("one that need not wait is counted as soon as its end is known", lambda: (job := job_of(client, "other")) and job["state"] == "completed", 120)


def test_times_that_nobody_says_are_fixed_by_the_first_count(client, scene):
    made = client.post("/api/cameras", scene.camera(model="motion", types=["moving"], start=False)).json()
    client.put("/api/cameras/street/lines", {"lines": [scene.line]})
    client.post("/api/cameras/street/count", {})
    first = ended(client)["result"]
    count = client.fetch("/api/cameras/street")["count"]
    assert first["times_from"] == count["times_from"] == "first_count"
    assert made["created_at"] <= first["from"] == count["from"] <= count["counted_at"]
    client.post("/api/cameras/street/count", {})
    assert ended(client)["result"] == first, "not a moment later"
    # Somebody says it after all: the times are those, and by themselves again when that is taken back.
    said = "2026-11-20T10:00:00Z"
    camera = scene.camera(model="motion", types=["moving"])
    client.put("/api/cameras/street", {**camera, "starts_at": said})
    assert client.fetch("/api/cameras/street")["count"]["is_outdated"] is True
    client.post("/api/cameras/street/count", {})
    assert (result := ended(client)["result"])["from"] == said and result["times_from"] == "starts_at"
    assert client.fetch("/api/cameras/street")["count"]["times_from"] == "starts_at"
    client.put("/api/cameras/street", camera)
    client.post("/api/cameras/street/count", {})
    assert ended(client)["result"] == first


def test_of_a_dashcam_the_front_camera_is_the_record(client, vedette, scene, tmp_path):
    card = tmp_path / "DCIM"
    card.mkdir()
    for mark in "FR":
        shutil.copy(scene.file, card / f"20260101_120000_N{mark}{scene.file.suffix}")
    client.post("/api/cameras", scene.camera(source=str(card), model="motion", types=["moving"]))
    result = ended(client)["result"]
    assert result["media_s"] == pytest.approx(scene.media_s, rel=0.05)
    assert "1 file of a dashcam's other cameras is left out" in result["left_out"]
    issues = client.fetch("/api/traffic/quality?camera=street")["issues"]
    assert [issue["cause"] for issue in issues if issue["issue"] == "files left out"] == [result["left_out"]]
    watched = vedette("watch", card, "--model", "motion", "--types", "moving", "--json")
    assert watched.returncode == 0 and json.loads(watched.stdout)["left_out"] == result["left_out"]


@pytest.mark.timeout(400)
def test_a_folder_is_one_record(client, scene, tmp_path):
    card = recordings(tmp_path / "DCIM", scene, 2)
    client.post("/api/cameras", scene.camera(source=str(card), model="motion", types=["moving"]))
    job = ended(client)
    assert job["state"] == "completed", job
    assert job["result"]["media_s"] == pytest.approx(2 * scene.media_s, rel=0.05)


@pytest.mark.timeout(500)
def test_the_command_counts_on_the_server(serve, vedette, scene, tmp_path):
    server = serve(environment=QUICK)
    line = scene.line
    ends = ",".join(str(line[end]) for end in ("x1", "y1", "x2", "y2"))
    words = ["count", scene.file, "--name", "From the shell", "--line", f"Mill Street:{ends}:in/out", "--model", scene.model,
             "--types", ",".join(scene.types), "--url", server.client.url]
    finished = vedette(*words, "--json", timeout_s=300)
    assert finished.returncode == 0, finished.stderr
    told = json.loads(finished.stdout)
    expected = expected_of(scene)
    assert told["result"]["lines"][0]["a_to_b"]["crossings"] == expected.get(("Mill Street", "a_to_b"), 0)
    assert "frames" in finished.stderr
    assert by_line(server.client, told["camera"]) == expected
    # The same words count again, on the same camera, and print it for people.
    finished = vedette(*words, timeout_s=300)
    assert finished.returncode == 0 and "Mill Street: " in finished.stdout and " in, " in finished.stdout
    assert [camera["name"] for camera in server.client.fetch("/api/cameras")["cameras"]] == ["From the shell"]
    assert vedette("count", "--camera", told["camera"], "--detach", "--url", server.client.url).returncode == 0
    assert vedette("count", tmp_path / "none.mp4", "--url", server.client.url).returncode == 1
    assert vedette("count", "--url", server.client.url).returncode == 2
    for address in ("rtsp://ada:s3cret-word@camera.example/1", "https://camera.example/live.m3u8?token=s3cret-word"):
        refused = vedette("count", address, "--url", server.client.url)
        assert refused.returncode == 2 and "is an address, not a recorded file" in refused.stderr and "camera.example" in refused.stderr
        assert "s3cret-word" not in refused.stderr + refused.stdout
    assert [camera["name"] for camera in server.client.fetch("/api/cameras")["cameras"]] == ["From the shell"]
    # What looks like a secret in a path is masked by the server; it is the same file for all that.
    secretive = tmp_path / f"day?token=s3cret-word{scene.file.suffix}"
    shutil.copy(scene.file, secretive)
    for _ in range(2):
        again = vedette("count", secretive, "--name", "Token", "--model", "motion", "--types", "moving", "--detach", "--url", server.client.url)
        assert again.returncode == 0 or "is being counted already" in again.stderr, again.stderr
        assert "s3cret-word" not in again.stderr + again.stdout
    broken = tmp_path / "broken.mp4"
    broken.write_text("no video")
    failed = vedette("count", broken, "--url", server.client.url)
    assert failed.returncode == 1 and "broken.mp4" in failed.stderr
