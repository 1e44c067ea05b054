"""A folder of recordings, as a recorder or a card leaves it, is one record: to `vedette watch`, and to who looks at it before it
becomes a camera."""
import json
import shutil

import pytest


@pytest.fixture
def folder(tmp_path, scene):
    """Two recordings an hour apart, and what lies beside them on cards."""
    day = tmp_path / "DCIM" / "100MEDIA"
    day.mkdir(parents=True)
    shutil.copy(scene.file, day / f"20260131_080000{scene.file.suffix}")
    shutil.copy(scene.file, day / f"20260131_090000{scene.file.suffix}")
    for beside in ("20260131_080000.THM", ".DS_Store", "notes.txt", "20260131_100000.mp4.part"):
        (day / beside).write_text("no video")
    return tmp_path / "DCIM"


def watch(vedette, scene, *words):
    return vedette("watch", *words, "--line", f"line:{','.join(map(str, scene.ends))}", "--types", ",".join(scene.types),
                   "--model", scene.model, "--precision", "f32", "--json", "--events", timeout_s=600)


def test_watch_prints_one_object_for_the_whole_record(vedette, scene, folder):
    done = watch(vedette, scene, folder)
    assert done.returncode == 0, done.stderr
    *crossings, total = [json.loads(line) for line in done.stdout.splitlines()]
    expected = scene.expected()
    once = expected["crossings"]
    assert total["source"] == str(folder) and total["files"] == 2 and total["passed_over"] == []
    assert total["order"] == "in the order of their names"
    assert total["frames"] == 2 * expected["total"]["frames"]
    assert total["media_s"] == pytest.approx(2 * expected["total"]["media_s"], abs=0.2), "the hour between is nobody's video"
    # Each recording counts what it counts alone; the second at its own time.
    frames = expected["total"]["frames"]
    assert [(c["frame"], c["direction"], c["type"]) for c in crossings] == \
        [(c["frame"] + start, c["direction"], c["type"]) for start in (0, frames) for c in once]
    for first, second in zip(crossings, crossings[len(once):]):
        assert second["t"] - first["t"] == pytest.approx(3600, abs=0.01)


def test_what_cannot_be_read_is_told_and_the_rest_is_counted(vedette, scene, folder):
    (folder / "100MEDIA" / "20260131_083000.mp4").write_bytes(b"not a video" * 500)
    (folder / "100MEDIA" / "20260131_084500.mp4").touch()
    # Named one by one, and by their folder too: each is read once.
    done = watch(vedette, scene, *sorted((folder / "100MEDIA").glob(f"2026*0{scene.file.suffix}")), folder / "100MEDIA")
    total = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 3, done.stderr
    assert total["frames"] == 2 * scene.expected()["total"]["frames"]
    assert len(total["passed_over"]) == 2
    assert "20260131_083000.mp4" in total["passed_over"][0] and "20260131_084500.mp4 is empty" in total["passed_over"][1]
    empty = folder / "empty"
    empty.mkdir()
    refused = watch(vedette, scene, empty)
    assert refused.returncode == 1 and "holds no recordings" in refused.stderr
    unnamed = vedette("watch")
    assert unnamed.returncode == 2 and "source is required" in unnamed.stderr


def test_a_folder_is_looked_at_by_its_first_picture(serve, scene, folder):
    (folder / "100MEDIA" / "20260131_000000.mp4").write_bytes(b"not a video" * 500)
    client = serve().client
    looked = client.post("/api/sources/look", {"source": str(folder)})
    assert looked.status == 200 and looked.body.startswith(b"\xff\xd8")
    (folder / "empty").mkdir()
    refused = client.post("/api/sources/look", {"source": str(folder / "empty")})
    assert refused.status == 400 and "holds no recordings" in refused.body.decode()
