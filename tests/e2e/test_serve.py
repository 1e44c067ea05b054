"""`vedette serve`: starts, answers, refuses what it must, stops as documented."""
import json
import pathlib
import signal
import socket

import pytest

from harness.server import Server, free_port
from harness.wait import wait_until


def test_alive_ready_and_stopped_in_order(serve, database):
    server = serve(database)
    assert server.client.get("/healthz").status == 200
    assert server.client.get("/readyz").status == 200
    assert server.stop() == 0
    with pytest.raises(OSError):
        server.client.get("/healthz")


def test_ctrl_c_is_an_ordinary_end(serve):
    server = serve()
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(30) == 0


def test_a_second_start_finds_what_the_first_left(serve, database, tmp_path):
    first = serve(database)
    made = first.client.post("/api/cameras", {"name": "Mill Street", "source": str(tmp_path / "none.mp4"), "enabled": False})
    assert made.status == 201, made.body
    assert first.stop() == 0
    second = serve(database)
    assert [camera["name"] for camera in second.client.fetch("/api/cameras")["cameras"]] == ["Mill Street"]


def test_a_taken_port_is_a_sentence_and_a_failure(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = Server(tmp_path / "data", port=taken.getsockname()[1])
        server.start(wait=False)
        assert server.process.wait(30) == 1
        assert str(server.port) in server.log() and "another program uses this port" in server.log()


@pytest.mark.parametrize("listen", ["0.0.0.0", "[::]"])
def test_it_does_not_open_itself_to_others_without_a_secret(tmp_path, listen):
    server = Server(tmp_path / "data", arguments=("--listen", f"{listen}:{free_port()}"), listen=False)
    server.start(wait=False)
    assert server.process.wait(30) == 2
    assert "token" in server.log() and "password" in server.log()


@pytest.mark.parametrize("threads", [0, 3])
def test_as_many_threads_for_the_processor_as_it_is_told(serve, threads):
    server = serve(environment={"VEDETTE_WORK_CPU_THREADS": str(threads)})
    names = [(task / "comm").read_text().strip() for task in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir()]
    assert names.count("cpu") == (threads or server.client.fetch("/api/status")["machine"]["cores"]), names


@pytest.mark.parametrize("line", ['[http]\nlisten = "nowhere"\n', "[http]\nlissten = 1\n", "[lease]\nttl = 5\n", "not toml ["])
def test_a_bad_setting_stops_the_start_and_says_where(serve, tmp_path, line):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "vedette.toml").write_text(line)
    server = serve(wait=False)
    assert server.process.wait(30) == 2
    assert "vedette.toml:" in server.log()


def test_an_unknown_flag_is_bad_use(vedette):
    done = vedette("serve", "--no-such-flag")
    assert done.returncode == 2
    assert "no-such-flag" in done.stderr


def test_a_token_guards_writes_beyond_loopback(serve, tmp_path):
    token = "0123456789abcdef0123456789abcdef"
    server = Server(tmp_path / "data", environment={"VEDETTE_AUTH_TOKEN": token})
    server.words[server.words.index("--listen") + 1] = f"0.0.0.0:{server.port}"
    with server:
        camera = {"name": "A", "source": str(tmp_path / "none.mp4"), "enabled": False}
        assert server.client.get("/api/cameras").status == 200
        assert server.client.post("/api/cameras", camera).status == 401
        assert server.client.post("/api/cameras", camera, headers={"Authorization": "Bearer wrong"}).status == 401
        assert server.client.post("/api/cameras", camera, headers={"Authorization": f"Bearer {token}"}).status == 201
    assert token not in server.log()


def test_another_site_cannot_write_through_a_browser(serve):
    server = serve()
    refused = server.client.post("/api/cameras", {"name": "A", "source": "x", "enabled": False}, headers={"Origin": "http://evil.example"})
    assert refused.status == 403
    rebound = server.client.get("/api/cameras", headers={"Host": "evil.example"}, check=False)
    assert rebound.status == 403


def test_pages_are_served_with_their_guards(serve):
    client = serve().client
    page = client.get("/")
    assert page.status == 200 and page.headers["content-type"].startswith("text/html")
    assert "default-src" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    # A route of the UI is the same page: links can be reloaded.
    assert client.get("/roads", headers={"Accept": "text/html"}).body == page.body
    assert client.get("/roads").body == page.body, "also for who takes anything"
    assert client.get("/roads", headers={"Accept": "application/json"}).status == 404
    assert client.get("/assets/none.js").status == 404
    assert client.get("/../../etc/passwd").status in (400, 404)


def test_metrics_are_for_prometheus(serve):
    answer = serve().client.get("/metrics")
    assert answer.status == 200
    assert b"# TYPE vedette_" in answer.body


def test_status_of_a_running_deployment(serve, database, vedette):
    server = serve(database)
    own = server.client.fetch("/api/status")
    assert own["database"]["reachable"] is True
    assert own["database"]["kind"] == ("SQLite" if database.startswith("sqlite") else "PostgreSQL")
    wait_until("the process is in the list", lambda: [entry for entry in server.client.fetch("/api/status")["processes"] if entry["alive"]])
    done = vedette("status", "--listen", f"127.0.0.1:{server.port}", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


def test_status_shows_first_what_needs_a_look_and_keeps_the_states_in_sight(serve, tmp_path, vedette):
    server = serve()
    long = "The far carriageway of the ring road, seen from the bridge beside the old waterworks, by night too"
    for name, fields in (("Aa, switched off", {"enabled": False}), (long, {"source": str(tmp_path / "gone.mp4"), "loop": True})):
        assert server.client.post("/api/cameras", {"name": name, "source": str(tmp_path / "none.mp4"), **fields}).status == 201
    wait_until("it is tried in vain", lambda: any(loop["state"] == "retrying" for loop in server.client.fetch("/api/loops")["loops"]), 30)
    told = vedette("status", "--url", server.client.url)
    assert told.returncode == 3, told.stderr
    head, first, *_ = told.stdout.split("\nWHAT ")[1].splitlines()
    assert first.startswith("Camera: The far carriageway") and long not in first
    assert head.index("STATE") + len("WHAT ") <= 44, head
    assert f"Camera: {long}: source unreachable. There is no file" in told.stdout, told.stdout
