"""Pictures of a camera that another process watches: one connection between them, and it follows the camera."""
import contextlib
import re
import select
import shutil
import socket
import sqlite3
import threading

import pytest

from harness.wait import wait_until

TTL_S = 4
QUICK = {"VEDETTE_LEASE_TTL": f"{TTL_S}s"}
TOKEN = "a-token-for-tests-only"
LIVE = "/api/cameras/street/live.mjpg"
SNAPSHOT = "/api/cameras/street/snapshot.jpg"


def add_street(client, scene):
    assert client.post("/api/cameras", scene.camera(loop=True)).status == 201
    assert client.put("/api/cameras/street/lines", {"lines": [scene.line]}).status == 200


def status(client):
    return client.fetch("/api/cameras/street")["status"]


def viewers(client):
    return client.fetch("/api/status")["viewers"]["live_streams"]


def holder_of(servers, client):
    held_by = wait_until("a process watches the camera", lambda: status(client)["state"] == "running" and status(client)["held_by"], 60)
    return next(server for server in servers if str(server.process.pid) == held_by.rsplit(":", 1)[1])


def is_watching(server):
    now = status(server.client)
    return now["state"] == "running" and (now["held_by"] or "").endswith(f":{server.process.pid}")


def await_watching(server):
    """Until it has taken the camera over."""
    wait_until("the other process watches it", lambda: is_watching(server), TTL_S + 30)


def picture(stream):
    """The next JPEG of an open stream."""
    length = None
    while line := stream.response.readline(4096):
        text = line.decode("latin-1").strip().lower()
        if text.startswith("content-length:"):
            length = int(text.partition(":")[2])
        if not text and length is not None:
            jpeg = stream.read(length)
            assert len(jpeg) == length and jpeg.startswith(b"\xff\xd8") and jpeg.endswith(b"\xff\xd9")
            return jpeg
    raise ConnectionError("the stream ended")


def assert_moves(stream):
    """Three pictures that differ: a clip that plays."""
    assert len({picture(stream) for _ in range(3)}) == 3


def relayed(other):
    wait_until("its picture can be had from the other process", lambda: status(other.client)["live"], 20)
    wait_until("the source has given one", lambda: other.client.get(SNAPSHOT).status == 200, 20)


def gives_a_picture(server):
    """Not yet where the count has begun and has no picture, or where nobody has heard of it: a stream of nothing ends."""
    with server.client.stream(LIVE) as stream:
        try:
            return bool(picture(stream))
        except ConnectionError:
            return False


@pytest.fixture
def two(serve, database, tmp_path):
    one = serve(database, environment=QUICK, data=tmp_path / "one")
    other = serve(database, environment=QUICK, data=tmp_path / "other")
    return one, other


@pytest.fixture
def watched(two, scene):
    """(the process that watches the camera, the other one)"""
    add_street(two[0].client, scene)
    holder = holder_of(two, two[0].client)
    other = two[1] if holder is two[0] else two[0]
    relayed(other)
    return holder, other


@pytest.mark.timeout(400)
def test_a_count_of_another_process_is_looked_at_like_a_camera(two, scene, tmp_path):
    card = tmp_path / "DCIM"
    card.mkdir()
    for number in range(8):  # minutes of work
        shutil.copy(scene.file, card / f"MOV_{number}{scene.file.suffix}")
    client = two[0].client
    assert client.post("/api/cameras", scene.camera(source=str(card))).json()["count"]["state"] in ("available", "running")
    holder = holder_of(two, client)
    other = two[1] if holder is two[0] else two[0]
    # A still of a recording is there before its count has a picture.
    wait_until("the count's pictures come through", lambda: gives_a_picture(other), 30)
    for server in (other, holder):
        with server.client.stream(LIVE) as stream:
            assert_moves(stream)
    with holder.client.stream(f"{LIVE}?own=true") as stream:
        assert_moves(stream)
    assert other.client.get(f"{SNAPSHOT}?own=true").status == 409
    # It dies: the other one counts on, and shows what it counts.
    with other.client.stream(LIVE) as stream:
        assert_moves(stream)
        holder.kill()
        await_watching(other)
        assert_moves(stream)
    job = other.client.fetch("/api/cameras/street")["count"]["job"]
    assert other.client.post(f"/api/jobs/{job}/cancel", {}).status == 202
    wait_until("the count has ended", lambda: other.client.fetch(f"/api/jobs/{job}")["state"] == "cancelled", 20)
    assert other.client.get(SNAPSHOT).status == 200, "a still, as before"


def test_both_show_it_over_one_connection(watched):
    holder, other = watched
    with holder.client.stream(LIVE) as here:
        assert_moves(here)
    wait_until("nobody looks", lambda: viewers(holder.client) == 0)
    with other.client.stream(LIVE) as first, other.client.stream(LIVE) as second:
        assert first.status == second.status == 200
        assert_moves(first)
        assert_moves(second)
        assert viewers(other.client) == 2
        assert viewers(holder.client) == 1
    wait_until("the connection between them is closed", lambda: viewers(holder.client) == 0, 10)
    assert viewers(other.client) == 0
    with other.client.stream(LIVE) as again:
        assert_moves(again)


def test_snapshots_come_through(watched):
    holder, other = watched

    def bodies(path):
        answers = [server.client.get(path) for server in (holder, other)]
        for answer in answers:
            assert answer.status == 200 and answer.headers["content-type"] == "image/jpeg"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.body.startswith(b"\xff\xd8") and answer.body.endswith(b"\xff\xd9")
        return answers[0].body, answers[1].body

    def same(path):
        here, there = bodies(path)
        return here == there
    # The line is in every annotated picture and in no other.
    for path in (SNAPSHOT, SNAPSHOT + "?annotated=true"):
        wait_until(f"both give the same {path} between two frames", lambda path=path: same(path), 20)
    assert other.client.get(SNAPSHOT + "?annotated=perhaps").status == 400
    assert other.client.get("/api/cameras/nowhere/snapshot.jpg").status == 404


def test_own_pictures_are_never_others(watched):
    holder, other = watched
    for path in (LIVE, SNAPSHOT):
        refusal = other.client.get(path + "?own=true")
        assert refusal.status == 409 and refusal.error_code == "conflict", refusal
    assert holder.client.get(SNAPSHOT + "?own=true").status == 200
    with holder.client.stream(LIVE + "?own=true") as own:
        assert_moves(own)


def test_a_killed_holder_is_followed(watched):
    holder, other = watched
    with other.client.stream(LIVE) as stream:
        assert_moves(stream)
        holder.kill()
        await_watching(other)
        assert_moves(stream)
        assert viewers(other.client) == 1


def test_what_a_process_loses_it_shows_on_from_elsewhere(watched):
    """Its viewers keep their stream when the camera moves: frozen past its lease, then thawed."""
    holder, other = watched
    with holder.client.stream(LIVE) as stream:
        assert_moves(stream)
        holder.freeze()
        await_watching(other)
        holder.thaw()
        wait_until("the thawed process looks at the other", lambda: viewers(other.client) == 1, 20)
        assert_moves(stream)
    wait_until("and stops with its viewer", lambda: viewers(other.client) == 0, 10)


def test_pages_here_cameras_there(serve, database, scene, tmp_path):
    pages = serve(database, ("--roles", "api,keep"), QUICK, tmp_path / "pages")
    watcher = serve(database, ("--roles", "watch"), QUICK, tmp_path / "watcher")
    add_street(pages.client, scene)
    assert holder_of((pages, watcher), pages.client) is watcher
    relayed(pages)
    with pages.client.stream(LIVE) as stream:
        assert_moves(stream)
    assert pages.client.get(SNAPSHOT).body.startswith(b"\xff\xd8")
    assert watcher.client.get("/healthz").status == 200
    assert watcher.client.get("/metrics").status == 200
    for path in ("/", "/roads", "/api/cameras", "/api/status", "/api/events"):
        assert watcher.client.get(path, check=False).status == 404, path
    watcher.kill()

    def says_so():
        answer = pages.client.get(LIVE)
        return answer.status == 409 and "street" in answer.json()["error"]["message"]
    wait_until("it says that the picture cannot be had", says_so, TTL_S + 10)
    wait_until("and that nobody watches", lambda: not status(pages.client)["live"], TTL_S + 10)


def test_a_watcher_without_an_address_takes_a_free_port(serve, scene, tmp_path):
    database = f"sqlite:{tmp_path / 'vedette.db'}"
    pages = serve(database, ("--roles", "api"), QUICK, tmp_path / "pages")
    watcher = serve(database, ("--roles", "watch"), QUICK, tmp_path / "watcher", wait=False, listen=False)
    add_street(pages.client, scene)
    assert holder_of((pages, watcher), pages.client) is watcher
    with contextlib.closing(sqlite3.connect(tmp_path / "vedette.db")) as rows:
        address, = rows.execute("select address from process where name like ?", (f"%:{watcher.process.pid}",)).fetchone()
    port = re.fullmatch(r"http://127\.0\.0\.1:(\d+)", address).group(1)
    assert port not in ("0", "8080")
    relayed(pages)
    with pages.client.stream(LIVE) as stream:
        assert_moves(stream)
    assert watcher.stop() == 0


class Stranger:
    """Answers every connection with the same bytes, again and again when `endless`, and leaves it open."""

    def __init__(self, answer: bytes, endless: bool):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.answer, self.endless, self.open = answer, endless, []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.open.append(connection)
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError):
            connection.sendall(self.answer)
            while self.endless:
                connection.sendall(self.answer)

    def close(self):
        self.listener.close()
        for connection in self.open:
            connection.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
HUGE = b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: 999999999\r\n\r\n"


def refusal_of(client, path):
    """The 409 with its reason. A peer's silence is found out when a stream has begun already: that ends with the reason as its last part."""
    def refused():
        answer = client.get(path)
        if answer.status == 200:
            assert answer.body.endswith(b"--vedette-frame--\r\n") and b'{"error":{"code":"conflict"' in answer.body, answer.body[-300:]
        return answer if answer.status == 409 else None
    return wait_until(f"{path} is refused", refused, 20)


@pytest.mark.parametrize("answer, endless", [
    (b"", False),                    # silent
    (b"SSH-2.0-OpenSSH_9.2\r\n", False),
    (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000, True),
    (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>", True),
    (HEAD + HUGE, False),            # a stream as far as its head goes
    (HEAD + b"x" * 1000, True),
])
def test_whatever_answers_there_does_no_harm(serve, scene, tmp_path, answer, endless):
    """The holder's address leads to something else: no picture, a reason, and everything else goes on."""
    database = f"sqlite:{tmp_path / 'vedette.db'}"
    with contextlib.closing(Stranger(answer, endless)) as stranger:
        pages = serve(database, ("--roles", "api"), QUICK, tmp_path / "pages")
        watcher = serve(database, ("--roles", "watch"), {**QUICK, "VEDETTE_HTTP_ADVERTISE": stranger.address}, tmp_path / "watcher")
        add_street(pages.client, scene)
        holder_of((pages, watcher), pages.client)
        refusal_of(pages.client, LIVE)
        still = pages.client.get(SNAPSHOT)
        assert still.status == 409
        assert str(watcher.process.pid) in still.json()["error"]["message"]
        assert pages.client.get("/api/cameras").status == 200
        assert pages.resident_bytes() < 500 * 2**20
        assert pages.stop(10) == 0


def test_a_silent_process_keeps_nobody_else_waiting(serve, scene, tmp_path):
    """Sixteen wait for pictures of a process that takes connections and says nothing; lists are answered while it holds them."""
    database = f"sqlite:{tmp_path / 'vedette.db'}"
    with contextlib.closing(Stranger(b"", False)) as stranger, contextlib.ExitStack() as stack:
        pages = serve(database, ("--roles", "api"), QUICK, tmp_path / "pages")
        watcher = serve(database, ("--roles", "watch"), {**QUICK, "VEDETTE_HTTP_ADVERTISE": stranger.address}, tmp_path / "watcher")
        add_street(pages.client, scene)
        holder_of((pages, watcher), pages.client)

        def ask(path):
            viewer = stack.enter_context(contextlib.closing(pages.client.raw(60)))
            viewer.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            return viewer
        stills = [ask(SNAPSHOT) for _ in range(8)]
        lives = [ask(LIVE) for _ in range(8)]
        wait_until("the silent one is asked", lambda: len(stranger.open) >= 2)
        assert pages.client.get("/api/cameras").status == 200
        readable, _, _ = select.select(stills, [], [], 0)
        assert not readable, "the list came first"
        for viewer in stills:
            assert viewer.recv(12) == b"HTTP/1.1 409"
        for viewer in lives:
            told = b""
            while b"conflict" not in told:
                more = viewer.recv(65536)
                assert more, told
                told += more


def test_an_address_where_nobody_answers_is_said(serve, scene, tmp_path):
    database = f"sqlite:{tmp_path / 'vedette.db'}"
    pages = serve(database, ("--roles", "api"), QUICK, tmp_path / "pages")
    watcher = serve(database, ("--roles", "watch"), {**QUICK, "VEDETTE_HTTP_ADVERTISE": "127.0.0.1:1"}, tmp_path / "watcher")
    add_street(pages.client, scene)
    holder_of((pages, watcher), pages.client)
    for path in (LIVE, SNAPSHOT):
        message = refusal_of(pages.client, path).json()["error"]["message"]
        assert "127.0.0.1:1:" in message and "http.advertise" in message, message


@pytest.mark.parametrize("has_token", [True, False])
def test_protected_reads_need_the_common_token(serve, scene, tmp_path, has_token):
    database = f"sqlite:{tmp_path / 'vedette.db'}"
    # Behind a proxy loopback is as open as any address.
    guarded = {**QUICK, "VEDETTE_AUTH_PROTECT_READS": "true", "VEDETTE_AUTH_BEHIND_TLS": "true"}
    watcher = serve(database, ("--roles", "watch"), {**guarded, "VEDETTE_AUTH_TOKEN": TOKEN}, tmp_path / "watcher")
    own = {**guarded, "VEDETTE_AUTH_TOKEN": TOKEN} if has_token else QUICK
    pages = serve(database, ("--roles", "api"), own, tmp_path / "pages")
    pages.client.token = TOKEN  # of the viewer: where it helps the relay, that is by the process's own
    add_street(pages.client, scene)
    assert holder_of((pages, watcher), pages.client) is watcher
    assert watcher.client.get(SNAPSHOT, check=False).status == 401
    if has_token:
        with pages.client.stream(LIVE) as stream:
            assert_moves(stream)
        relayed(pages)
    else:
        for path in (LIVE, SNAPSHOT):
            assert "auth.token" in refusal_of(pages.client, path).json()["error"]["message"]


def test_stops_with_viewers_of_relayed_pictures(watched):
    holder, other = watched
    streams = [other.client.stream(LIVE) for _ in range(3)]
    for stream in streams:
        picture(stream)
    assert other.stop(10) == 0
    for stream in streams:
        stream.close()
    wait_until("the holder is left alone", lambda: viewers(holder.client) == 0, 10)
    assert holder.stop(10) == 0
