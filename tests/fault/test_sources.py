"""Cameras that cannot be seen: each says why and what to do, and none of them disturbs another."""
import socket
import subprocess
import threading

import pytest

from harness.paced_camera import PacedCamera, pictures_of
from harness.wait import wait_until


def status(client, camera):
    return client.fetch(f"/api/cameras/{camera}")["status"]


class BadCamera:
    """A TCP server that answers nothing, or the same bytes again and again."""

    def __init__(self, answer: bytes | None):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.answer = answer
        self.open = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(connection)
            if self.answer is not None:
                try:
                    for _ in range(200):
                        connection.sendall(self.answer)
                    connection.close()
                except OSError:
                    pass

    def close(self):
        self.listener.close()
        for connection in self.open:
            connection.close()


@pytest.fixture
def bad_camera():
    made = []

    def make(answer):
        made.append(BadCamera(answer))
        return made[-1].port
    yield make
    for camera in made:
        camera.close()


@pytest.fixture
def clip(sample):
    """A video in which something moves."""
    return sample("traffic/street-oneway.mp4", "traffic/vtest.avi")


def refused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_each_says_why_and_the_good_one_goes_on(serve, clip, tmp_path, bad_camera):
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("not a video\n" * 1000)
    (tmp_path / "garbage.avi").write_bytes(bytes(range(256)) * 400)
    server = serve(environment={"VEDETTE_WATCH_STALL": "3s", "VEDETTE_WATCH_RETRY_MAX": "2s"})
    client = server.client
    sources = {
        "missing": str(tmp_path / "missing.mp4"),
        "empty": str(tmp_path / "empty.mp4"),
        "text": str(tmp_path / "text.mp4"),
        "garbage-file": str(tmp_path / "garbage.avi"),
        "folder": str(tmp_path),
        "refusing": f"rtsp://127.0.0.1:{refused_port()}/stream",
        "hanging": f"rtsp://127.0.0.1:{bad_camera(None)}/stream",
        "hanging-http": f"http://127.0.0.1:{bad_camera(None)}/video.mjpg",
        "garbage": f"rtsp://127.0.0.1:{bad_camera(b'garbage ' * 100)}/stream",
        "no-device": "/dev/video97",
    }
    assert client.post("/api/cameras", {"id": "good", "name": "good", "source": str(clip), "loop": True}).status == 201
    for name, source in sources.items():
        assert client.post("/api/cameras", {"id": name, "name": name, "source": source}).status == 201

    def complained():
        states = {camera["id"]: camera["status"] for camera in client.fetch("/api/cameras")["cameras"]}
        unsaid = [name for name in sources if not states[name]["cause"] or states[name]["state"] not in ("retrying", "starting", "stopped")]
        return not unsaid and states
    states = wait_until("every bad camera says why", complained, 90)
    for name in sources:
        assert states[name]["cause"].rstrip().endswith("."), (name, states[name]["cause"])
        assert len(states[name]["cause"]) > 20
    assert states["good"]["state"] == "running"
    before = states["good"]["frames"]
    wait_until("the good camera goes on", lambda: client.fetch("/api/cameras/good")["status"]["frames"] > before + 20, 30)
    issues = client.fetch("/api/traffic/quality?camera=refusing")["issues"]
    assert issues and issues[0]["issue"] == "source unreachable" and issues[0]["cause"]


def test_a_file_that_is_cut_off_counts_what_is_there(serve, sample, tmp_path):
    data = sample("traffic/highway-two-way.avi", "traffic/vtest.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(data[:len(data) // 2])
    server = serve()
    assert server.client.post("/api/cameras", {"id": "cut", "name": "cut", "source": str(tmp_path / "cut.avi")}).status == 201
    done = wait_until("it is done", lambda: (state := server.client.fetch("/api/cameras/cut")["status"])["state"] == "finished" and state, 90)
    assert done["frames"] > 100


def test_a_missing_file_that_appears_is_taken_up(serve, clip, tmp_path):
    path = tmp_path / f"later{clip.suffix}"
    server = serve(environment={"VEDETTE_WATCH_RETRY_MAX": "1s"})
    assert server.client.post("/api/cameras", {"id": "later", "name": "later", "source": str(path), "loop": True}).status == 201
    wait_until("it says that it is missing", lambda: server.client.fetch("/api/cameras/later")["status"]["state"] == "retrying", 30)
    path.write_bytes(clip.read_bytes())
    wait_until("it runs", lambda: server.client.fetch("/api/cameras/later")["status"]["state"] == "running", 30)


def test_a_corrupt_model_is_said_and_the_rest_goes_on(serve, clip, tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    (models / "yolox_nano.onnx").write_bytes(b"\x08\x07 this is no model" * 100)
    server = serve(environment={"VEDETTE_WATCH_MODELS_DIR": str(models), "VEDETTE_WATCH_RETRY_MAX": "2s"})
    clip = str(clip)
    assert server.client.post("/api/cameras", {"id": "bad", "name": "bad", "source": clip, "loop": True, "model": str(models / "yolox_nano.onnx")}).status == 201
    assert server.client.post("/api/cameras", {"id": "motion", "name": "motion", "source": clip, "loop": True, "model": "motion"}).status == 201
    bad = wait_until("the bad one says why", lambda: (s := server.client.fetch("/api/cameras/bad")["status"])["state"] == "retrying" and s["cause"] and s, 60)
    assert "yolox_nano.onnx" in bad["cause"]
    good = wait_until("the other runs by motion", lambda: (s := server.client.fetch("/api/cameras/motion")["status"])["state"] == "running" and s["model"] and s, 60)
    assert good["model"]["kind"] == "motion"


def test_a_certificate_that_nobody_trusts_is_refused_unless_it_is_allowed(serve, clip, tmp_path, vedette):
    certificate = tmp_path / "camera.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=camera", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", certificate, "-out", tmp_path / "alone.pem"], check=True, capture_output=True)
    certificate.write_text(certificate.read_text() + (tmp_path / "alone.pem").read_text())
    with PacedCamera(pictures_of(clip), 10, certificate) as own:
        camera = {"id": "own", "name": "Own", "source": own.url, "model": "motion"}
        careful = serve(data=tmp_path / "careful").client
        assert careful.post("/api/cameras", camera).status == 201
        refused = wait_until("it says why", lambda: (now := status(careful, "own"))["state"] == "retrying" and now, 30)
        assert refused["word"] == "source unreadable" and "is not one that this machine trusts" in refused["cause"] and "watch.any_certificate" in refused["cause"]
        looked = careful.post("/api/sources/look", {"source": own.url})
        assert looked.status == 400 and b"machine trusts" in looked.body
        watched = vedette("watch", own.url, "--model", "none", "--limit", "1s")
        assert watched.returncode == 1 and "machine trusts" in watched.stderr

        trusting = serve(data=tmp_path / "trusting", environment={"VEDETTE_WATCH_ANY_CERTIFICATE": "true"}).client
        assert trusting.post("/api/cameras", camera).status == 201
        wait_until("it runs", lambda: status(trusting, "own")["state"] == "running", 30)
        assert trusting.post("/api/sources/look", {"source": own.url}).status == 200


def test_changed_without_a_restart(serve, scene):
    """Lines drawn, types and source changed, switched off, removed: all while the process runs."""
    server = serve()
    client = server.client
    camera = scene.camera(loop=True)
    assert client.post("/api/cameras", camera).status == 201
    wait_until("it runs", lambda: client.fetch("/api/cameras/street")["status"]["state"] == "running", 60)
    frames = wait_until("it reports frames", lambda: client.fetch("/api/cameras/street")["status"]["frames"], 30)
    assert client.put("/api/cameras/street/lines", {"lines": [scene.line]}).status == 200
    wait_until("vehicles are counted over the new line", lambda: client.fetch("/api/traffic/crossings?camera=street")["crossings"], 60)
    assert client.fetch("/api/cameras/street")["status"]["frames"] >= frames, "drawing a line does not restart the camera"
    assert len(client.fetch("/api/loops/camera:street/leases")["leases"]) == 1
    jpeg = client.get("/api/cameras/street/snapshot.jpg?annotated=true", check=False)
    assert jpeg.status == 200 and jpeg.body.startswith(b"\xff\xd8")
    assert client.put("/api/cameras/street", {**camera, "enabled": False}).status == 200
    wait_until("it is off", lambda: client.fetch("/api/cameras/street")["status"]["state"] == "disabled"
               and not any(loop["name"] == "camera:street" and loop["state"] == "running" for loop in client.fetch("/api/loops")["loops"]), 30)
    assert client.delete("/api/cameras/street").status == 204
    assert client.fetch("/api/traffic/crossings?camera=street")["crossings"], "what it counted stays"
