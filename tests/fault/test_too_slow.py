"""A camera that is looked at too rarely to count by: said wherever one looks, with the cause and what to do, until it is over."""
import re

import pytest

from harness.heavy_model import write_heavy_model
from harness.paced_camera import PacedCamera, pictures_of
from harness.wait import wait_until

THE_SOURCE = re.compile(r"The source gives [1-4]\.\d pictures a second and counting needs 5; counts may be low\. Set the camera to at least 5 pictures a second")
THE_MACHINE = re.compile(r"\d\.\d of \d+\.\d pictures a second are looked at; counts may be low\. Use a smaller model")


def status(client, camera):
    return client.fetch(f"/api/cameras/{camera}")["status"]


def loop(client, camera):
    return next(loop for loop in client.fetch("/api/loops")["loops"] if loop["name"] == f"camera:{camera}")


def noted(client, camera):
    return [issue for issue in client.fetch(f"/api/traffic/quality?camera={camera}")["issues"] if issue["issue"] == "too slow"]


def measured(client):
    """The samples of /metrics by name and labels."""
    samples = {}
    for line in client.get("/metrics").body.decode().splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            samples[name] = float(value)
    return samples


@pytest.mark.timeout(400)
def test_the_source_or_the_machine_is_too_slow_until_it_is_not(serve, sample, tmp_path, vedette):
    pictures = pictures_of(sample("traffic/street-oneway.mp4", "traffic/vtest.avi"))
    heavy = write_heavy_model(tmp_path)
    server = serve(environment={"VEDETTE_WATCH_THREADS": "1", "VEDETTE_WATCH_PRECISION": "f32"})
    client = server.client
    with PacedCamera(pictures, 3) as rare, PacedCamera(pictures, 15) as quick:
        source = {"id": "rare", "name": "Rare pictures", "source": rare.url, "model": "motion"}
        machine = {"id": "busy", "name": "Busy machine", "source": quick.url, "model": str(heavy)}
        for camera in (source, machine):
            assert client.post("/api/cameras", camera).status == 201
        for camera, why in (("rare", THE_SOURCE), ("busy", THE_MACHINE)):
            slow = wait_until(f"{camera} is too slow", lambda: (now := status(client, camera))["word"] == "too slow" and now, 120)
            assert slow["state"] == "running" and why.match(slow["cause"]), slow
            task = loop(client, camera)
            assert (task["word"], task["health"]) == ("too slow", "wait") and why.match(task["cause"]), task
            begun = wait_until("the record says since when", lambda: noted(client, camera), 20)
            assert len(begun) == 1 and begun[0]["to"] is None and why.match(begun[0]["cause"]), begun

        seen = wait_until("both are measured", lambda: (all := measured(client)).keys() >= {
            f'vedette_camera_inferred_fps{{camera="{camera}"}}' for camera in ("rare", "busy")} and all, 20)
        for camera in ("rare", "busy"):
            assert 0 < seen[f'vedette_camera_inferred_fps{{camera="{camera}"}}'] < 5, seen
            assert seen[f'vedette_loop_state{{loop="camera:{camera}",state="running"}}'] == 1
            assert seen[f'vedette_loop_health{{loop="camera:{camera}",health="wait"}}'] == 1
        assert seen['vedette_camera_decoded_fps{camera="rare"}'] < 5 < seen['vedette_camera_decoded_fps{camera="busy"}']
        assert seen['vedette_camera_dropped_frames_total{camera="busy"}'] > 0

        told = vedette("status", "--url", client.url)
        assert told.returncode == 3
        assert re.search(r"Camera: Rare pictures: too slow\. " + THE_SOURCE.pattern, told.stdout), told.stdout
        assert re.search(r"Camera: Busy machine: too slow\. " + THE_MACHINE.pattern, told.stdout), told.stdout

        # What the remedies say is done.
        rare.per_second = 15
        assert client.put("/api/cameras/busy", {**machine, "model": "motion"}).status == 200
        for camera in ("rare", "busy"):
            well = wait_until(f"{camera} is well", lambda: (now := status(client, camera))["word"] == "running" and now, 120)
            assert well["state"] == "running" and well["cause"] is None
            assert loop(client, camera)["health"] == "good"
            ended = wait_until("the record says until when", lambda: (all := noted(client, camera)) and all[0]["to"] and all, 20)
            assert len(ended) == 1 and ended[0]["from"] < ended[0]["to"]
            assert measured(client)[f'vedette_loop_health{{loop="camera:{camera}",health="good"}}'] == 1
    assert "too slow" not in vedette("status", "--url", client.url).stdout
