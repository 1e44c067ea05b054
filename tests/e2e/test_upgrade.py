"""A database written by Vedette 0.1 is carried over in place, and nothing of it is lost.

data/vedette-0.1.*.sql are what the program of commit 0525659 left behind, data/vedette-0.1.json what it answered about it.
"""
import json
import pathlib
import re
import sqlite3
import subprocess

import pytest

DATA = pathlib.Path(__file__).parent / "data"
# Footage of 2026 stays within the retention, whatever the year.
KEEP = {"VEDETTE_HISTORY_CROSSINGS_RETENTION": "36500d"}
SAME = {
    "cameras": ("id", "name", "source", "loop", "enabled", "types", "starts_at", "model"),
    "lines": ("id", "name", "x1", "y1", "x2", "y2"),
    "crossings": ("id", "t", "camera_id", "line_id", "line", "direction", "track_id", "vehicle_type", "x", "y", "frame"),
    "rows": ("report_hour", "camera_id", "vehicle_type", "vehicles"),
    "coverage": ("report_hour", "camera_id", "coverage_s"),
}


@pytest.fixture(params=["sqlite", "postgres"])
def left_by_0_1(request, tmp_path):
    """(its URL, what 0.1 answered)"""
    expected = json.loads((DATA / "vedette-0.1.json").read_text())[request.param]
    dump = DATA / f"vedette-0.1.{request.param}.sql"
    if request.param == "sqlite":
        file = tmp_path / "vedette.db"
        database = sqlite3.connect(file)
        database.executescript(dump.read_text())
        database.close()
        return f"sqlite:{file}", expected
    url = request.getfixturevalue("postgres").new_database()
    loaded = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", dump, url], capture_output=True, text=True)
    assert loaded.returncode == 0, loaded.stderr
    return url, expected


def remembered(client) -> dict:
    """What both versions tell of cameras, lines, crossings and history."""
    cameras = client.fetch("/api/cameras")["cameras"]
    history = client.fetch("/api/traffic/history?limit=1000")
    answer = {
        "cameras": cameras,
        "lines": [line for camera in cameras for line in client.fetch(f"/api/cameras/{camera['id']}/lines")["lines"]],
        "crossings": client.fetch("/api/traffic/crossings?limit=1000")["crossings"],
        "rows": history["rows"],
        "coverage": history["coverage"],
    }
    told = {what: [{field: one[field] for field in SAME[what]} for one in entries] for what, entries in answer.items()}
    for camera in told["cameras"]:
        # 0.1 showed the user's name.
        camera["source"] = re.sub(r"//[^@/]*@", "//***@", camera["source"])
    return told


def test_nothing_is_lost(serve, vedette, left_by_0_1, tmp_path):
    url, expected = left_by_0_1
    assert len(expected["crossings"]) > 10 and len(expected["cameras"]) == 2 and len(expected["lines"]) == 3
    for again in range(2):
        server = serve(url, environment=KEEP)
        assert remembered(server.client) == expected, f"start {again + 1}"
        named = {line["name"]: (line["a_to_b"], line["b_to_a"]) for line in server.client.fetch("/api/cameras/mill-street/lines")["lines"]}
        assert named == {"Bridge": ("in", "out")}
        assert server.stop() == 0
        checked = vedette("db", "check", "--database", url, "--data", tmp_path)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_db_migrate_carries_it_over(vedette, left_by_0_1, tmp_path):
    url, _ = left_by_0_1
    for _ in range(2):
        done = vedette("db", "migrate", "--database", url, "--data", tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert vedette("db", "check", "--database", url, "--data", tmp_path).returncode == 0
