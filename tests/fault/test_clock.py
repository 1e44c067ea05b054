"""The wall clock is set while a camera is watched: what is measured goes by the time that passed."""
import datetime
import pathlib
import struct
import subprocess
import time

import pytest

from harness.wait import wait_until


class Clock:
    """The server's wall clock, beside the real one."""

    def __init__(self, folder: pathlib.Path):
        self.library, self.file = folder / "clock.so", folder / "clock"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", self.library, pathlib.Path(__file__).with_name("clock.c"), "-ldl"], check=True)
        self.file.write_bytes(struct.pack("l", 0))
        self.environment = {"LD_PRELOAD": str(self.library), "TEST_CLOCK": str(self.file)}

    def set(self, seconds: int) -> None:
        """So many seconds before (less than 0) or after the real time."""
        with self.file.open("r+b") as out:
            out.write(struct.pack("l", seconds))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("step", [-3600, 3600])
def test_a_step_of_the_clock_loses_and_invents_nothing(serve, scene, tmp_path, step):
    clock = Clock(tmp_path)
    server = serve(environment={"VEDETTE_LEASE_TTL": "4s", "VEDETTE_ROLLUP_EVERY": "1s", **clock.environment})
    client = server.client
    assert client.post("/api/cameras", scene.camera(loop=True)).status == 201
    assert client.put("/api/cameras/street/lines", {"lines": [scene.line]}).status == 200

    def crossings():
        return client.fetch("/api/traffic/crossings?camera=street&limit=1000")["crossings"]

    def coverage():
        return sum(row["coverage_s"] for row in client.fetch("/api/traffic/history?camera=street&grain=5min")["coverage"])
    wait_until("somebody is counted", crossings, 60)
    before = {crossing["id"] for crossing in crossings()}
    covered, stepped = coverage(), time.monotonic()
    clock.set(step)

    def later():
        return [crossing for crossing in crossings() if crossing["id"] not in before]
    counted = wait_until("two more are counted", lambda: len(later()) >= 2 and later(), 90)
    wait_until("the time goes on being watched", lambda: coverage() >= covered + 8, 60)
    assert coverage() <= covered + (time.monotonic() - stepped) + 10, "no more was watched than the time that passed"
    assert len({crossing["t"] for crossing in counted}) > 1, f"not all at one instant: {counted}"
    there = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=step)
    for crossing in counted[:1]:
        assert abs((datetime.datetime.fromisoformat(crossing["t"]) - there).total_seconds()) < 120, (crossing, there)
    noted = wait_until("the record says so", lambda: [issue for issue in client.fetch("/api/traffic/quality?camera=street")["issues"] if "clock" in issue["issue"] + (issue["cause"] or "")], 20)
    assert noted
