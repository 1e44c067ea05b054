"""Sample material, each file asked for by its name, and scenes made of it: a clip, a line, and who crosses it."""
import dataclasses
import json
import os
import pathlib

from harness import ROOT

EXPECTED = ROOT / "tests/golden/watch"


def places() -> list[pathlib.Path]:
    """Where samples may lie, in the order in which they are looked for: file by file, as the program does it."""
    given = os.environ.get("VEDETTE_SAMPLES")
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return [*([pathlib.Path(given)] if given else []), ROOT.parent / "shared/samples", cache / "vedette/samples"]


def find(name: str) -> pathlib.Path | None:
    """The file of that name, such as "traffic/street-oneway.mp4", from the first place that has it."""
    return next(((place / name).resolve() for place in places() if (place / name).is_file()), None)


@dataclasses.dataclass(frozen=True)
class Scene:
    """A clip with a line that somebody crosses, and a detector that sees them."""
    name: str       # of its golden file
    clip: str
    detector: str
    types: tuple[str, ...]
    ends: tuple[int, int, int, int]
    media_s: float

    @property
    def is_here(self) -> bool:
        return all(find(name) for name in (self.clip, self.detector))

    @property
    def file(self) -> pathlib.Path:
        return find(self.clip)

    @property
    def model(self) -> pathlib.Path:
        return find(self.detector)

    @property
    def line(self) -> dict:
        x1, y1, x2, y2 = self.ends
        return {"name": "Mill Street", "x1": x1, "y1": y1, "x2": x2, "y2": y2, "a_to_b": "in", "b_to_a": "out"}

    def camera(self, **fields) -> dict:
        """What POST /api/cameras takes."""
        return {"id": "street", "name": "Street", "source": str(self.file), "model": str(self.model), "types": list(self.types), **fields}

    def expected(self) -> dict:
        """What `vedette watch` counts there, to the frame (tests/golden)."""
        return json.loads((EXPECTED / f"{self.name}.json").read_text())


MOTOR = ("car", "truck", "bus", "motorcycle")
STREET = Scene("street-oneway", "traffic/street-oneway.mp4", "models/yolox_nano.onnx", MOTOR, (200, 250, 639, 250), 37.7)
HIGHWAY = Scene("highway-two-way", "traffic/highway-two-way.avi", "models/yolox_nano.onnx", MOTOR, (0, 205, 319, 205), 29.9)
# What package registries hold: there on every machine that has run tools/samples.sh --test.
PEOPLE = Scene("vtest", "traffic/vtest.avi", "models/ssd_mobilenet_v2_coco.xml", ("person",), (60, 330, 700, 330), 79.5)
