"""Cameras and their lines through the API, on both databases, without a restart."""
import datetime
import pathlib
import socket
import subprocess
import urllib.parse

import pytest

from harness.samples import STREET
from harness.server import clean_environment, program
from harness.wait import wait_until


@pytest.fixture
def client(serve, database):
    return serve(database).client


def add(client, name="Mill Street", **fields):
    answer = client.post("/api/cameras", {"name": name, "source": "/nowhere/clip.mp4", "enabled": False, **fields})
    assert answer.status == 201, answer.body
    return answer.json()


def test_added_changed_removed(client):
    camera = add(client)
    assert camera["status"]["state"] == "disabled"
    changed = client.put(f"/api/cameras/{camera['id']}", {"name": "Mill Lane", "source": "/nowhere/other.mp4", "enabled": False})
    assert changed.status == 200 and changed.json()["name"] == "Mill Lane"
    assert client.fetch(f"/api/cameras/{camera['id']}")["source"] == "/nowhere/other.mp4"
    assert client.delete(f"/api/cameras/{camera['id']}").status == 204
    assert client.get(f"/api/cameras/{camera['id']}").status == 404
    assert client.fetch("/api/cameras")["cameras"] == []


def test_the_same_id_twice_is_a_conflict(client):
    add(client, id="gate")
    assert client.post("/api/cameras", {"id": "gate", "name": "Other", "source": "x.mp4", "enabled": False}).status == 409


def test_a_name_that_is_taken_is_refused(client):
    add(client, name="Mill Street")
    add(client, name="Gate")
    assert client.post("/api/cameras", {"name": "mill street", "source": "x.mp4", "enabled": False}).status == 409
    taken = client.put("/api/cameras/gate", {"name": "Mill Street", "source": "x.mp4", "enabled": False})
    assert taken.status == 409 and taken.json()["error"]["field"] == "name"


def test_names_become_ids_that_differ(client):
    assert add(client, "Mill Street / north")["id"] == "mill-street-north"
    assert add(client, "Mill Street  north")["id"] == "mill-street-north-2"


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'{"name": "A"}', b'{"name": "", "source": "x"}', b'{"name": "A", "source": "x", "colour": "red"}',
    b'{"name": 5, "source": "x"}', b'{"name": "A", "source": "x", "id": "../up"}', b'{"name": "\xff", "source": "x"}', b"[" * 5000,
])
def test_bad_bodies_are_refused(client, body):
    answer = client.post("/api/cameras", body, headers={"Content-Type": "application/json"})
    assert answer.status == 400
    assert answer.json()["error"]["message"]


def test_another_media_type_is_refused(client):
    assert client.post("/api/cameras", b"name=A", headers={"Content-Type": "application/x-www-form-urlencoded"}).status == 415


def test_a_password_in_a_source_is_never_shown(client):
    camera = add(client, source="rtsp://user:s3cret@127.0.0.1:1/stream")
    assert "s3cret" not in str(client.fetch("/api/cameras"))
    assert "***" in camera["source"]
    kept = client.put(f"/api/cameras/{camera['id']}", {"name": "Renamed", "source": camera["source"], "enabled": False})
    assert kept.status == 200 and "s3cret" not in str(kept.body)


SECRET = "zQ7xWv3kP"
SECRET_FORMS = [
    f"rtsp://user:{SECRET}@127.0.0.1:1/stream", f"RTSP://u:p@{SECRET}:w/{SECRET}@127.0.0.1:1/x", f"http://{SECRET}@127.0.0.1:1/",
    f"http://127.0.0.1:1/s?user=admin&pwd={SECRET}", f"rtsp://127.0.0.1:1/user=admin&password={SECRET}&channel=1",
    f"http://127.0.0.1:1/s?Api%4Bey={SECRET}&channel=1", f"rtsp://u:se#{SECRET}@127.0.0.1:1/live@main",
]


def test_no_secret_of_a_source_is_shown_anywhere(serve, database):
    server = serve(database)
    client = server.client
    cameras = [add(client, name=f"Camera {number}", source=source, enabled=True) for number, source in enumerate(SECRET_FORMS)]
    for camera in cameras:
        assert "***" in camera["source"] and "127.0.0.1:1" in camera["source"]

    def all_failed():
        shown = client.fetch("/api/loops")
        return all(any(c["id"] in loop["name"] and loop.get("cause") for loop in shown["loops"]) for c in cameras)

    wait_until("each camera's loop says why", all_failed)
    kept = client.put(f"/api/cameras/{cameras[3]['id']}", {"name": "Renamed", "source": cameras[3]["source"].replace("admin", "guest")})
    assert kept.status == 200 and "***" in kept.json()["source"]
    everything = [client.get(path).body for path in ("/api/cameras", "/api/loops", "/api/traffic/quality", "/api/status", "/metrics")]
    everything.append(server.log_path.read_bytes())
    assert SECRET not in str(everything)
    elsewhere = client.put(f"/api/cameras/{cameras[0]['id']}", {"name": "Away", "source": cameras[0]["source"].replace("127.0.0.1", "127.0.0.2")})
    assert elsewhere.status == 400 and "another" in str(elsewhere.body)


@pytest.mark.parametrize("source", ["gopher://h/x", "tcp://h:1", "lavfi:testsrc", "concat:/etc/passwd|/x", "subfile,,start,0,end,9,,:/etc/passwd",
                                    "v4l2:/etc/passwd", "rtsp:/h/x", "10.0.0.1:554/live", "http://h/s#x"])
def test_a_source_that_is_none_is_refused_at_once(client, source):
    answer = client.post("/api/cameras", {"name": "A", "source": source})
    assert answer.status == 400 and answer.json()["error"]["message"]


def test_a_secret_on_the_command_line_is_not_listed(tmp_path):
    with socket.socket() as hanging:
        hanging.bind(("127.0.0.1", 0))
        hanging.listen()
        words = [str(program()), "watch", f"rtsp://u:{SECRET}@127.0.0.1:{hanging.getsockname()[1]}/x", "--data", str(tmp_path)]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment())
        try:
            peer, _ = hanging.accept()
            with peer:
                shown = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes()
        finally:
            process.kill()
            process.wait()
    assert b"rtsp://***@127.0.0.1" in shown and SECRET.encode() not in shown


def test_lines_are_replaced_whole(client):
    camera = add(client)
    path = f"/api/cameras/{camera['id']}/lines"
    line = {"name": "Gate", "x1": 10, "y1": 20, "x2": 300, "y2": 20.5}
    stored = client.put(path, {"lines": [line]}).json()["lines"]
    assert stored[0]["id"] and {**stored[0], **line} == stored[0]
    again = client.put(path, {"lines": [{**line, "id": stored[0]["id"], "name": "Renamed"}]}).json()["lines"]
    assert again[0]["id"] == stored[0]["id"] and again[0]["name"] == "Renamed"
    assert client.put(path, {"lines": []}).json()["lines"] == []
    assert client.put(path, {"lines": [{"name": "No length", "x1": 5, "y1": 5, "x2": 5, "y2": 5}]}).status == 400


GATE = {"name": "Gate", "x1": 200, "y1": 250, "x2": 639, "y2": 250}


def test_lines_are_tried_on_what_was_seen_and_not_stored(serve, database, sample):
    client = serve(database).client
    start = datetime.datetime.now(datetime.UTC).replace(microsecond=0) - datetime.timedelta(minutes=1)
    clip = {"name": "Mill Street", "source": str(sample(STREET.clip)), "model": str(sample(STREET.detector)), "types": list(STREET.types), "starts_at": start.isoformat()}
    camera = add(client, **clip)
    path = f"/api/cameras/{camera['id']}/lines"
    assert client.put(path, {"lines": [GATE]}).status == 200
    # Watched once the line is there, so that it counts from the first frame.
    assert client.put(f"/api/cameras/{camera['id']}", {**clip, "enabled": True}).status == 200
    wait_until("the clip is counted", lambda: client.fetch(f"/api/cameras/{camera['id']}")["status"]["state"] == "finished", 120)
    live = client.fetch(f"/api/traffic/crossings?camera={camera['id']}")["crossings"]

    turned = {**GATE, "name": "Turned", "x1": GATE["x2"], "x2": GATE["x1"]}
    tried = client.post(f"{path}/try", {"lines": [GATE, turned], "minutes": 10})
    assert tried.status == 200, tried.body
    trial = tried.json()
    assert trial["coverage_s"] == pytest.approx(37.7, abs=1) and trial["tracks"] >= 8 and not trial["truncated"]
    as_drawn, as_turned = trial["lines"]
    # With one position a second, who crosses at once after coming into view has none before the line: it is likely at most.
    early = {crossing["track_id"] for crossing in live if datetime.datetime.fromisoformat(crossing["t"]) - start < datetime.timedelta(seconds=2)}
    found = {crossing["track_id"] for crossing in as_drawn["newest"]}
    assert found == {crossing["track_id"] for crossing in live} - early and len(early) <= 1
    assert as_drawn["crossings"] == {"a_to_b": len(found), "b_to_a": 0} and len(found) >= 7
    assert as_drawn["likely"]["a_to_b"] <= len(early) and as_drawn["likely"]["b_to_a"] == 0
    assert as_turned["crossings"] == {"a_to_b": 0, "b_to_a": len(found)}
    assert sum(entry["a_to_b"] for entry in as_drawn["by_type"]) == len(found)
    assert [line["x1"] for line in client.fetch(path)["lines"]] == [GATE["x1"]]


def test_a_line_is_not_tried_on_what_nobody_watched(client):
    camera = add(client)
    path = f"/api/cameras/{camera['id']}/lines"
    trial = client.post(f"{path}/try", {"lines": [GATE]}).json()
    assert trial["coverage_s"] == 0 and trial["lines"] == [{"crossings": None, "likely": None, "by_type": [], "newest": [], "counted": None}]
    span = datetime.datetime.fromisoformat(trial["to"]) - datetime.datetime.fromisoformat(trial["from"])
    assert span == datetime.timedelta(minutes=10)
    assert client.fetch(path)["lines"] == []


@pytest.mark.parametrize("line", [{"name": ""}, {"x2": 200}, {"y1": -1}, {"id": "nobodys"}, {"colour": "red"}])
def test_a_line_that_could_not_be_saved_is_not_tried(client, line):
    path = f"/api/cameras/{add(client)['id']}/lines"
    tried, saved = client.post(f"{path}/try", {"lines": [{**GATE, **line}]}), client.put(path, {"lines": [{**GATE, **line}]})
    assert tried.status == 400 and tried.json() == saved.json()


@pytest.mark.parametrize("minutes", [0, 61, 2.5, "10"])
def test_a_line_is_tried_on_one_to_sixty_minutes(client, minutes):
    answer = client.post(f"/api/cameras/{add(client)['id']}/lines/try", {"lines": [GATE], "minutes": minutes})
    assert answer.status == 400 and answer.json()["error"]["field"] == "minutes"
    assert client.post("/api/cameras/nobody/lines/try", {"lines": [GATE]}).status == 404


def test_a_look_at_a_source_stores_nothing(serve, sample):
    client = serve().client
    looked = client.post("/api/sources/look", {"source": str(sample("traffic/street-oneway.mp4", "traffic/vtest.avi"))})
    assert looked.status == 200 and looked.body.startswith(b"\xff\xd8") and looked.body.endswith(b"\xff\xd9")
    refused = client.post("/api/sources/look", {"source": "/nowhere/clip.mp4"})
    assert refused.status == 400 and refused.json()["error"]["field"] == "source" and "/nowhere/clip.mp4" in refused.json()["error"]["message"]
    assert client.fetch("/api/cameras")["cameras"] == []


def test_pages_of_a_list_hold_each_camera_once(client):
    names = {add(client, f"Camera {number}")["name"] for number in range(7)}
    seen, cursor = [], ""
    while True:
        page = client.fetch(f"/api/cameras?limit=3{cursor}")
        seen += [camera["name"] for camera in page["cameras"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert sorted(seen) == sorted(names)
    assert client.get("/api/cameras?cursor=garbage").status == 400


def test_an_unchanged_answer_is_not_sent_again(client):
    first = client.get("/api/traffic/history")
    assert first.status == 200
    assert client.get("/api/traffic/history", headers={"If-None-Match": first.headers["etag"]}).status == 304


def test_a_missing_file_is_said_with_a_remedy(client):
    camera = add(client, enabled=True)
    def status():
        return client.fetch(f"/api/cameras/{camera['id']}")["status"]
    said = wait_until("the camera says why", lambda: (s := status())["state"] == "stopped" and s["cause"] and s)
    assert "/nowhere/clip.mp4" in said["cause"]


def test_others_hear_of_a_new_camera(client):
    with client.stream("/api/events?topics=cameras") as events:
        assert events.status == 200
        add(client)
        assert events.event_named("cameras")


def test_recordings_are_read_from_their_folders_alone(serve, database, tmp_path):
    inside, outside = tmp_path / "clips" / "a.mp4", tmp_path / "b.mp4"
    client = serve(database, environment={"VEDETTE_WATCH_FILE_FOLDERS": str(tmp_path / "clips")}).client
    assert client.post("/api/cameras", {"name": "In", "source": str(inside), "enabled": False}).status == 201
    for path, method, body in [
            ("/api/cameras", "post", {"name": "Out", "source": str(outside)}),
            ("/api/cameras", "post", {"name": "Out", "source": str(outside), "loop": True}),
            ("/api/cameras/in", "put", {"name": "In", "source": f"{inside.parent}/../b.mp4"}),
            ("/api/sources/look", "post", {"source": str(outside)})]:
        refused = getattr(client, method)(path, body)
        error = refused.json()["error"]
        assert (refused.status, error["field"]) == (400, "source"), (path, body)
        assert "watch.file_folders" in error["message"]


def test_a_source_is_chosen_from_the_allowed_folders(serve, database, tmp_path):
    clips = tmp_path / "clips"
    (clips / "day 1").mkdir(parents=True)
    (clips / "day 1" / "a&b.mp4").write_bytes(b"x" * 7)
    (clips / "notes.txt").touch()
    (tmp_path / "out").mkdir()
    (clips / "way-out").symlink_to(tmp_path / "out")
    client = serve(database, environment={"VEDETTE_WATCH_FILE_FOLDERS": str(clips)}).client
    begin = client.fetch("/api/sources/files")
    assert (begin["folder"], begin["parent"], begin["others"], begin["is_cut"]) == (str(clips), None, 1, False)
    assert [(entry["name"], entry["kind"]) for entry in begin["entries"]] == [("day 1", "folder")]
    inner = client.fetch(f"/api/sources/files?folder={urllib.parse.quote(begin['entries'][0]['path'])}")
    assert inner["parent"] == str(clips)
    [file] = inner["entries"]
    assert (file["name"], file["kind"], file["bytes"], file["problem"]) == ("a&b.mp4", "file", 7, None)
    # What is named there is a source as it stands.
    assert client.post("/api/cameras", {"name": "In", "source": file["path"], "start": False}).status == 201
    for folder in (str(tmp_path), f"{clips}/..", f"{clips}/way-out", "/", "clips", "/etc/passwd", f"{clips}/gone"):
        refused = client.get(f"/api/sources/files?folder={folder}")
        assert (refused.status, refused.json()["error"]["field"]) == (400, "folder"), folder
