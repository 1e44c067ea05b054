"""Real road users on real video, counted by the running program: to the frame what `vedette watch` counts (tests/golden)."""
import datetime

import pytest

from harness.samples import PEOPLE
from harness.wait import wait_until

STARTS_AT = f"{datetime.date.today() - datetime.timedelta(days=2)}T10:00:00Z"


@pytest.mark.timeout(400)
def test_people_who_cross_are_stored_and_summed_up(serve, database, sample):
    sample(PEOPLE.clip)
    sample(PEOPLE.detector)
    expected = PEOPLE.expected()["crossings"]
    client = serve(database, environment={"VEDETTE_ROLLUP_EVERY": "1s", "VEDETTE_WATCH_PRECISION": "f32"}).client
    camera = PEOPLE.camera(starts_at=STARTS_AT, enabled=False)
    assert client.post("/api/cameras", camera).status == 201
    assert client.put("/api/cameras/street/lines", {"lines": [PEOPLE.line]}).status == 200
    assert client.put("/api/cameras/street", {**camera, "enabled": True}).status == 200
    wait_until("the clip is counted", lambda: client.fetch("/api/cameras/street")["status"]["state"] == "finished", 240)

    stored = client.fetch("/api/traffic/crossings?camera=street")["crossings"]
    stored.sort(key=lambda crossing: (crossing["frame"], crossing["x"]))
    assert [(one["frame"], one["direction"], one["vehicle_type"]) for one in stored] == [
        (one["frame"], one["direction"], one["type"]) for one in expected]

    def history():
        return [row["vehicles"] for row in client.fetch("/api/traffic/history?camera=street")["rows"]] == [len(expected)]
    wait_until("the history has them", history, 30)
