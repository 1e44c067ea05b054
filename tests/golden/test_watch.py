"""`vedette watch` on real video: exactly what it printed before, and what a person counted.

`pytest tests/golden --update` writes what it prints now as what is expected. Each case needs its own clip and detector:
those of "vtest" are what package registries hold.
"""
import json

import pytest

from harness.samples import EXPECTED, HIGHWAY, PEOPLE, STREET

# What depends on the machine and the moment, not on the video.
VOLATILE = ("source", "wall_s", "fps", "model", "engine", "start_s", "stages_ms", "model_ms", "total_ms", "total_over_model", "peak_rss_mib")

def seen(direction, *frames):
    """(first frame, last frame, direction) at which a person saw somebody cross; a lorry takes its time."""
    return [(*(frame if isinstance(frame, tuple) else (frame, frame)), direction) for frame in frames]


# The line's name; who crosses, by the eye (of the two roads: README of the samples), with the direction by the rule of
# `watch`; how many may be counted, how many of them without anybody seen to cross; how far from the eye's frame.
CLIPS = {
    STREET: {"line": "gate", "least": 8, "most": 8, "unseen": 0, "around": (15, 45),
             "seen": seen("a_to_b", 28, 85, 137, 193, 250, 432, 488, 724)},
    HIGHWAY: {"line": "near", "least": 21, "most": 22, "unseen": 0, "around": (15, 45),
              "seen": seen("b_to_a", 67, 152, 342, 407, 444, 459, 483, 507, 642, 13, 55, 92, 175, 251, 287, 375, 503, 523, 543, 669, 694, (415, 455))},
    # Twenty people, one of them where the line ends. Three who walk behind others or the tripod are lost by this small model,
    # and of two who pass each other one is taken for the other.
    PEOPLE: {"line": "path", "least": 16, "most": 20, "unseen": 1, "around": (8, 8),
             "seen": seen("b_to_a", 40, 41, 65, 146, 247, 274, 452, 505, 580, 630, 643, 686, 724) + seen("a_to_b", 192, 361, 478, 482, 767, 774, 793)},
}


@pytest.fixture(params=CLIPS, ids=lambda scene: scene.name)
def known(request, sample):
    """A scene of CLIPS whose files are here."""
    sample(request.param.clip)
    sample(request.param.detector)
    return request.param


def watch(vedette, scene, *arguments):
    """The crossings and the sum that `vedette watch` prints."""
    line = f"{CLIPS[scene]['line']}:{','.join(map(str, scene.ends))}"
    done = vedette("watch", scene.file, "--line", line, "--types", ",".join(scene.types), "--model", scene.model, "--precision", "f32",
                   "--json", "--events", *arguments, timeout_s=300)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines[:-1], lines[-1]


def most_matched(crossings, clip):
    """How many crossings can be given somebody of their own who was seen (bipartite matching, by augmenting paths)."""
    before, after = clip["around"]
    fits = [[at for at, (low, high, direction) in enumerate(clip["seen"])
             if direction == crossing["direction"] and low - before <= crossing["frame"] <= high + after] for crossing in crossings]
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
def test_counts_are_what_a_person_saw_and_as_before(vedette, known, request):
    clip = CLIPS[known]
    crossings, total = watch(vedette, known, "--watch-threads", "2")
    assert clip["least"] <= len(crossings) <= clip["most"]
    assert most_matched(crossings, clip) >= len(crossings) - clip["unseen"]
    assert len({(crossing["track"], crossing["line"]) for crossing in crossings}) == len(crossings)
    assert total["lines"][0]["a_to_b"] + total["lines"][0]["b_to_a"] == len(crossings)

    steady = {"crossings": crossings, "total": {key: value for key, value in total.items() if key not in VOLATILE}}
    file = EXPECTED / f"{known.name}.json"
    if request.config.getoption("--update"):
        file.write_text(json.dumps(steady, indent=1) + "\n")
    assert steady == json.loads(file.read_text())


@pytest.mark.timeout(400)
@pytest.mark.parametrize("known", [STREET, PEOPLE], ids=lambda scene: scene.name, indirect=True)
def test_one_thread_counts_the_same(vedette, known):
    one = watch(vedette, known, "--watch-threads", "1")
    assert one[0] == known.expected()["crossings"]
