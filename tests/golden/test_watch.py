"""`vedette watch` on the sample clips: exactly what it printed before, and what a person counted.

`pytest tests/golden --update` writes what it prints now as what is expected. Needs the sample clips and YOLOX-nano.
"""
import json
import pathlib

import pytest

EXPECTED = pathlib.Path(__file__).parent / "watch"
MOTOR = "car,truck,bus,motorcycle"
# What depends on the machine and the moment, not on the video.
VOLATILE = ("source", "wall_s", "fps", "model", "engine", "start_s", "stages_ms", "model_ms", "total_ms", "total_over_model", "peak_rss_mib")

# Frames at which a person saw a vehicle cross (README of the samples), and the direction by the rule of `watch`.
CLIPS = {
    "street-oneway": {
        "file": "traffic/street-oneway.mp4", "line": "gate:200,250,639,250", "direction": "a_to_b", "least": 8, "most": 8,
        "frames": [(28, 28), (85, 85), (137, 137), (193, 193), (250, 250), (432, 432), (488, 488), (724, 724)],
    },
    "highway-two-way": {
        "file": "traffic/highway-two-way.avi", "line": "near:0,205,319,205", "direction": "b_to_a", "least": 21, "most": 22,
        "frames": [(frame, frame) for frame in (67, 152, 342, 407, 444, 459, 483, 507, 642, 13, 55, 92, 175, 251, 287, 375, 503, 523, 543, 669, 694)] + [(415, 455)],
    },
}


def watch(vedette, samples, clip, *arguments):
    """The crossings and the sum that `vedette watch` prints."""
    done = vedette("watch", samples / clip["file"], "--line", clip["line"], "--types", MOTOR, "--model", samples / "models/yolox_nano.onnx",
                   "--json", "--events", *arguments, timeout_s=300)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines[:-1], lines[-1]


def most_matched(crossings, frames):
    """How many crossings can be given a frame of their own (bipartite matching, by augmenting paths)."""
    fits = [[at for at, (low, high) in enumerate(frames) if low - 15 <= crossing["frame"] <= high + 45] for crossing in crossings]
    taken = {}

    def place(index, seen):
        for at in fits[index]:
            if at not in seen:
                seen.add(at)
                if at not in taken or place(taken[at], seen):
                    taken[at] = index
                    return True
        return False

    return sum(place(index, set()) for index in range(len(crossings)))


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", CLIPS)
def test_counts_are_what_a_person_saw_and_as_before(vedette, samples, request, name):
    clip = CLIPS[name]
    crossings, total = watch(vedette, samples, clip, "--watch-threads", "2")
    assert clip["least"] <= len(crossings) <= clip["most"]
    assert {crossing["direction"] for crossing in crossings} == {clip["direction"]}
    assert most_matched(crossings, clip["frames"]) == len(crossings)
    assert len({(crossing["track"], crossing["line"]) for crossing in crossings}) == len(crossings)
    assert total["lines"][0][clip["direction"]] == len(crossings)

    steady = {"crossings": crossings, "total": {key: value for key, value in total.items() if key not in VOLATILE}}
    file = EXPECTED / f"{name}.json"
    if request.config.getoption("--update"):
        file.write_text(json.dumps(steady, indent=1) + "\n")
    assert steady == json.loads(file.read_text())


@pytest.mark.timeout(400)
def test_one_thread_counts_the_same(vedette, samples):
    clip = CLIPS["street-oneway"]
    one = watch(vedette, samples, clip, "--watch-threads", "1")
    two = watch(vedette, samples, clip, "--watch-threads", "2")
    assert one[0] == two[0]
