"""What docs/api/openapi.yaml promises, asked of every operation that promises it: by the kind of answer, so that a new
operation is asked without a word here. tests/e2e/seen.py checks at the end that nothing was left out."""
import contextlib
import re
import subprocess
import urllib.parse

import pytest

from harness.contract import contract
from harness.images import BOUNDARY, broken, ended, form, png, upload
from harness.jobs import put_job
from harness.server import Server
from harness.wait import wait_until

# A recording that nobody counts.
CAMERA = {"id": "gate", "name": "Gate", "source": "/nowhere/clip.mp4", "start": False}
LINES = {"lines": [{"name": "Gate", "x1": 10, "y1": 20, "x2": 300, "y2": 20}]}
# A good request of each operation that needs one.
BODIES = {"addCamera": {**CAMERA, "id": "other", "name": "Other"}, "replaceCamera": {"name": "Gate", "source": "/nowhere/clip.mp4"}, "setLines": LINES, "tryLines": LINES, "lookAtSource": {"source": "/nowhere/clip.mp4"}, "countCamera": {},
          "uploadImages": form([("new.png", png(3))]), "postImage": form([("new.png", png(4))]), "putImage": png(5), "continueUpload": b"\x89PNG\r\n\x1a\n", "checkImages": {"sha256": ["0" * 64]},
          "retryImage": {}, "cancelImage": {}, "processImage": {}, "postTelemetry": {"position": {"lat": 1, "lng": 2}}, "moveImage": {"mission": None}, "setImageBands": {"bands": ["red", "green", "blue"]},
          "addMission": {"name": "North"}, "setPanel": {"image": "nobody", "marks": [{"band": "nir", "rectangle": [1, 2, 3, 4], "albedo": 0.5}]}, "replaceMission": {"name": "North", "description": "x" * 3000},
          "login": {"user": "admin", "password": "a password for tests only"}}
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
TUS = {"Tus-Resumable": "1.0.0"}
HEADERS = {"uploadImages": FORM, "postImage": FORM, "putImage": {"Content-Type": "image/png"}, "beginUpload": {**TUS, "Upload-Length": "100"},
           "continueUpload": {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}, "giveUpUpload": TUS}
QUERIES = {"getKpi": "?camera=gate&from=2026-01-01T00:00:00Z", "getValue": "?x=1&y=1"}
# The names in paths that are no camera's: a kind, a tile, and a job that has ended; one that waits where it is to be cancelled.
NAMES = {"{job}": "1", "{kind}": "paint", "{index}": "vari", "{z}": "0", "{x}": "0", "{y}": "0.png"}
TO_CANCEL = "2"
# Those of images, and what is asked of one that is not completed: put_images() fills in the ids.
OF_IMAGES = {"{image}": "", "{mission}": "", "{product}": "", "{filename}": "", "{upload}": "", "failed": "", "waiting": ""}
WHICH_IMAGE = {"cancelImage": "waiting", "retryImage": "failed", "setImageBands": "failed"}
# Uploads name what is not there in another place than their path.
MISSING = {"uploadImages": form([("new.png", png(3))], {"mission": "nobody"}), "postImage": form([("new.png", png(4))], {"mission": "nobody"})}
# They do not end while somebody listens, need a camera that is watched, or the result of a count: test_events.py,
# tests/fault/test_pictures.py, test_recorded.py.
ELSEWHERE = {"getEvents", "getLive", "getSnapshot", "getThumbnail", "exportCsv", "exportJson"}


def promising(status: str) -> list[tuple[str, str, dict]]:
    found = [(method, template, operation) for method, template, operation in contract().operations() if status in operation["responses"]]
    assert found, f"nothing promises {status}"
    return found


def target(template: str, operation: dict, one: str = "gate") -> str:
    query = QUERIES.get(operation["operationId"], "").replace("camera=gate", f"camera={one}")
    if one == "gate":
        for name, value in NAMES.items():
            template = template.replace(name, TO_CANCEL if operation["operationId"] == "cancelJob" and name == "{job}" else value)
        template = template.replace("{image}", OF_IMAGES[WHICH_IMAGE.get(operation["operationId"], "{image}")] or "gate")
        for name in ("{mission}", "{product}", "{filename}", "{upload}"):
            template = template.replace(name, OF_IMAGES[name] or "gate")
    elif operation["operationId"] in ("putImage", "getData"):
        query = "?mission=nobody" if operation["operationId"] == "putImage" else "?image_id=nobody"
    return re.sub(r"\{\w+\}", urllib.parse.quote(one), template) + query


def ask(client, method, template, operation, one="gate", **options):
    """The answer to a good request, but for what the options make of it."""
    name = operation["operationId"]
    options.setdefault("body", MISSING[name] if one != "gate" and name in MISSING else BODIES.get(name))
    options["headers"] = {**HEADERS.get(name, {}), **(options.get("headers") or {})}
    if one != "gate" and name == "beginUpload":
        options["headers"]["Upload-Metadata"] = "mission bm9ib2R5"  # nobody
    return client.request(method, target(template, operation, one), **options)


def assert_all(status: str, answer_of) -> None:
    """Every operation that promises the status gives it."""
    others = []
    for method, template, operation in promising(status):
        answer = answer_of(method, template, operation)
        if answer is not None and str(answer.status) != status:
            others.append(f"{method} {template}: {answer.status} {answer.body[:200]!r}")
    assert not others, f"not {status}:\n" + "\n".join(others)


@pytest.fixture
def client(serve):
    server = serve()
    assert server.client.post("/api/cameras", CAMERA).status == 201
    put_jobs(server)
    put_images(server.client)
    return server.client


def put_images(client) -> None:
    """One that is completed, one that failed, one that waits because its kind is paused."""
    OF_IMAGES["{mission}"] = client.post("/api/missions", BODIES["addMission"]).json()["id"]
    done = ended(client, upload(client, ("done.png", png(1))).json()["id"])
    OF_IMAGES["{image}"], OF_IMAGES["{filename}"], OF_IMAGES["{product}"] = done["id"], done["filename"], done["products"][0]["name"]
    OF_IMAGES["failed"] = ended(client, upload(client, ("failed.jpg", broken())).json()["id"])["id"]
    OF_IMAGES["{upload}"] = client.post("/api/uploads", headers=HEADERS["beginUpload"]).headers["location"].rpartition("/")[2]
    client.post("/api/jobs/kinds/analyze-image/pause")
    OF_IMAGES["waiting"] = upload(client, ("waiting.png", png(2))).json()["id"]


def put_jobs(server) -> None:
    for state in ("cancelled", "available"):
        put_job(server.data / "vedette.db", state=state)


def test_a_header_too_long_is_431_everywhere(client):
    assert_all("431", lambda *one: ask(client, *one, headers={"X-Long": "a" * 40_000}))


def test_another_site_may_not_write_403(client):
    assert_all("403", lambda *one: ask(client, *one, headers={"Origin": "http://evil.example"}))


def test_a_body_beyond_the_bound_is_413_everywhere(serve):
    client = serve(environment={"VEDETTE_HTTP_MAX_BODY": "1MiB", "VEDETTE_IMAGERY_MAX_REQUEST": "1MiB", "VEDETTE_IMAGERY_MAX_IMAGE": "1MiB"}).client
    huge = b"[" + b"1," * 1_000_000 + b"1]"
    assert_all("413", lambda *one: ask(client, *one, body=huge, headers={"Content-Type": "application/json"}))


def test_another_media_type_is_415_everywhere(client):
    assert_all("415", lambda *one: ask(client, *one, body=b"name=A", headers={"Content-Type": "application/x-www-form-urlencoded"}))


def test_a_target_that_cannot_be_read_is_400_everywhere(client):
    def answer_of(method, template, operation):
        at = target(template, operation)
        return client.request(method, f"{at}{'&' if '?' in at else '?'}a=%zz", BODIES.get(operation["operationId"]))
    assert_all("400", answer_of)


def test_an_unknown_parameter_is_400_everywhere(client):
    """Nobody is answered another question than the one that was asked."""
    def answer_of(method, template, operation):
        at = target(template, operation)
        return client.request(method, f"{at}{'&' if '?' in at else '?'}colour=red", BODIES.get(operation["operationId"]))
    assert_all("400", answer_of)
    hint = client.get("/api/traffic/history?camera_id=gate").json()["error"]
    assert hint["field"] == "camera_id" and "did you mean 'camera'?" in hint["message"]


def test_what_is_not_there_is_404_everywhere(client):
    assert_all("404", lambda *one: ask(client, *one, one="nobody"))


def test_what_did_not_change_is_304_everywhere(client):
    def answer_of(method, template, operation):
        if operation["operationId"] in ELSEWHERE:
            return None
        at = target(template, operation)

        def unchanged():
            first = client.get(at)
            assert first.status == 200, (at, first.body)
            assert "etag" in first.headers, f"{at} has no ETag"
            answer = client.get(at, headers={"If-None-Match": first.headers["etag"]})
            assert answer.status == 304
            return answer
        # What tells of the moment may change between the two.
        return wait_until(f"{at} is unchanged", unchanged, 20)
    assert_all("304", answer_of)


def test_a_write_without_the_token_is_401_everywhere(tmp_path):
    server = Server(tmp_path / "data", environment={"VEDETTE_AUTH_TOKEN": "0123456789abcdef0123456789abcdef"})
    server.words[server.words.index("--listen") + 1] = f"0.0.0.0:{server.port}"
    with server:
        # Of a log-in: test_session.py.
        assert_all("401", lambda *one: None if one[2]["operationId"] == "login" else ask(server.client, *one))


def test_until_the_database_answers_every_route_says_503_and_when_to_ask_again(serve, own_postgres):
    """Started before its database: alive, and no route answers with less than that."""
    url = own_postgres.new_database()
    own_postgres.stop()
    server = serve(url, wait=False)
    server.wait_alive()

    def answer_of(method, template, operation):
        answer = ask(server.client, method, template, operation)
        assert answer.status != 503 or int(answer.headers["retry-after"]) > 0, (template, answer.headers)
        return answer
    assert_all("503", answer_of)
    own_postgres.start()
    server.wait_ready()
    assert ask(server.client, "GET", "/api/cameras", {"operationId": "listCameras"}).status == 200


@contextlib.contextmanager
def small_disk(folder):
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", str(folder)], capture_output=True).returncode != 0:
        pytest.skip("a small disk of its own needs the right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_507_everywhere_and_reading_goes_on(tmp_path):
    with small_disk(tmp_path / "disk") as disk, Server(disk / "data") as server:
        client = server.client
        assert client.post("/api/cameras", CAMERA).status == 201
        put_jobs(server)
        put_images(client)
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as out, contextlib.suppress(OSError):
            while True:
                out.write(b"\0" * 4096)

        def is_full():
            answer = ask(client, "PUT", "/api/cameras/{id}", {"operationId": "replaceCamera"}, body={**BODIES["replaceCamera"], "name": "x" * 60})
            return answer.status == 507
        wait_until("nothing can be written", is_full, 20)
        assert_all("507", lambda *one: ask(client, *one))
        assert client.fetch("/api/cameras/gate")["name"]
        refusal = wait_until("it says that it is not ready", lambda: (answer := client.get("/readyz")).status == 503 and answer, 20)
        assert refusal.json()["error"]["message"]
        filler.unlink()
        wait_until("it can be written again", lambda: ask(client, "PUT", "/api/cameras/{id}", {"operationId": "replaceCamera"}).status == 200, 30)
        wait_until("and is ready", lambda: client.get("/readyz").status == 200, 30)
        assert server.stop() == 0


def test_every_reading_operation_answers(client):
    """The ordinary answer of what can be asked without anything else having happened."""
    others = []
    for method, template, operation in contract().operations():
        if method == "GET" and operation["operationId"] not in ELSEWHERE:
            answer = ask(client, method, template, operation)
            if answer.status != 200:
                others.append(f"{template}: {answer.status} {answer.body[:200]!r}")
    assert not others, "\n".join(others)
    loop = client.fetch("/api/loops")["loops"][0]["name"]
    assert client.post(f"/api/loops/{urllib.parse.quote(loop)}/retry").status == 202
