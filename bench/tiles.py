#!/usr/bin/env python3
"""Tiles of an index beside titiler (rio-tiler, GDAL): the same cloud-optimized GeoTIFF of 100 megapixels, the same random tiles,
one process each, the same number of connections, taking turns.

    bench/tiles.py --data SCRATCH --titiler VENV [--size 10000] [--rounds 3] [--seconds 5] [--connections 8]

SCRATCH takes 3 GB and keeps the image. VENV has titiler.core, uvicorn and what the peer's make_image.py needs (pip install
titiler.core uvicorn). wrk comes from Debian. The program is $VEDETTE_PROGRAM or the one that ./run built; peers: $VEDETTE_PEERS or
../shared/peers. Tiles are compared once: the same pixels are clear in both. Prints a table with the claimed ratio.
"""
import argparse
import json
import math
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from harness.images import ended  # noqa: E402
from harness.raster import Png  # noqa: E402
from harness.server import Server, free_port  # noqa: E402

RANGE = (-0.2, 1.0)
# As their own documentation advises: https://developmentseed.org/titiler/advanced/performance_tuning/
TUNED = {"GDAL_CACHEMAX": "200", "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_INGESTED_BYTES_AT_OPEN": "32768", "VSI_CACHE": "TRUE", "VSI_CACHE_SIZE": "5000000",
         "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES"}
PEER = """
from fastapi import FastAPI
from titiler.core.factory import TilerFactory
app = FastAPI()
app.include_router(TilerFactory().router)
"""
# Every connection asks the list in order, again and again.
SCRIPT = """
local paths, at = {}, 0
for line in io.lines("PATHS") do paths[#paths + 1] = line end
request = function()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
"""


def image_of(client, file: pathlib.Path) -> str:
    with file.open("rb") as content:
        request = urllib.request.Request(f"http://127.0.0.1:{client.port}/api/images/{file.name}", data=content, method="PUT",
                                         headers={"Content-Type": "image/tiff", "Content-Length": str(file.stat().st_size)})
        with urllib.request.urlopen(request) as answer:
            image = json.load(answer)["id"]
    found = ended(client, image, 900)
    assert found["processing_status"] == "completed", found["error"]
    return image


def random_tiles(tiles: dict, count: int) -> list[tuple[int, int, int]]:
    """As somebody pans and zooms: every zoom from the whole image to its pixels, deeper ones more often."""
    draw, found = random.Random(7), []
    west, south, east, north = tiles["bounds"]
    while len(found) < count:
        z = tiles["maxzoom"] - min(6, int(draw.expovariate(0.5)))
        lon, lat = draw.uniform(west, east), math.radians(draw.uniform(south, north))
        found.append((z, int((lon + 180) / 360 * 2**z), int((1 - math.asinh(math.tan(lat)) / math.pi) / 2 * 2**z)))
    return found


def processor_s(process: subprocess.Popen) -> float:
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Peer:
    def __init__(self, name: str, process: subprocess.Popen, port: int, paths: list[str], folder: pathlib.Path):
        self.name, self.process, self.port, self.paths = name, process, port, paths
        listed = folder / f"{name}.paths"
        listed.write_text("\n".join(paths) + "\n")
        self.script = folder / f"{name}.lua"
        self.script.write_text(SCRIPT.replace("PATHS", str(listed)))

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
            return answer.read()

    def measure(self, seconds: int, connections: int) -> tuple[float, float, float, float]:
        """Requests a second, p50 and p99 in ms, processor time a request in ms."""
        before = processor_s(self.process)
        out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s", "-s", str(self.script), f"http://127.0.0.1:{self.port}"],
                             capture_output=True, text=True, check=True).stdout
        if wrong := re.findall(r"(?:Non-2xx|Socket errors)[^\n]*", out):
            sys.exit(f"{self.name}: {'; '.join(wrong)}")
        count = int(re.search(r"(\d+) requests in", out)[1])

        def latency(part: str) -> float:
            found = re.search(rf"{part}%\s+([\d.]+)(us|ms|s)\b", out)
            return float(found[1]) * {"us": 1e-3, "ms": 1, "s": 1e3}[found[2]]
        return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), latency("50"), latency("99"), (processor_s(self.process) - before) / count * 1000


def start_titiler(venv: pathlib.Path, folder: pathlib.Path) -> tuple[subprocess.Popen, int]:
    (folder / "peer.py").write_text(PEER)
    port = free_port()
    process = subprocess.Popen([venv / "bin/uvicorn", "peer:app", "--port", str(port), "--log-level", "warning", "--no-access-log"], cwd=folder, env={**os.environ, **TUNED})
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json"):
                return process, port
        except OSError:
            time.sleep(0.1)
    sys.exit("titiler does not answer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--titiler", type=pathlib.Path, required=True)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--tiles", type=int, default=2000)
    options = parser.parse_args()
    peers = pathlib.Path(os.environ.get("VEDETTE_PEERS") or ROOT / "../shared/peers") / "imagery"
    options.data.mkdir(parents=True, exist_ok=True)
    file = options.data / f"big_{options.size}.tif"
    if not file.exists():
        subprocess.run([options.titiler / "bin/python", peers / "make_image.py", file, "--size", str(options.size)], check=True, stdout=sys.stderr)
    with tempfile.TemporaryDirectory(dir=options.data) as scratch, Server(pathlib.Path(scratch) / "data") as server:
        folder = pathlib.Path(scratch)
        image = image_of(server.client, file)
        tiles = server.client.fetch(f"/api/images/{image}/tiles.json")
        raster = folder / "ndvi.tif"
        raster.write_bytes(server.client.get(f"/api/images/{image}/products/ndvi.tif").body)
        wanted = random_tiles(tiles, options.tiles)
        template = next(one["tiles"] for one in tiles["indices"] if one["index"] == "ndvi") + f"&low={RANGE[0]}&high={RANGE[1]}"
        process, port = start_titiler(options.titiler, folder)
        try:
            ours = Peer("vedette", server.process, server.port, [template.format(z=z, x=x, y=y) for z, x, y in wanted], folder)
            theirs = Peer("titiler", process, port, [f"/tiles/WebMercatorQuad/{z}/{x}/{y}.png?url={raster}&rescale={RANGE[0]},{RANGE[1]}&colormap_name=rdylgn&unscale=true"
                                                     for z, x, y in wanted], folder)
            picture = Peer("vedette, the picture itself", server.process, server.port, [tiles["picture"].format(z=z, x=x, y=y) for z, x, y in wanted], folder)
            differing = compare(ours, theirs, 12)
            taken = {peer: [] for peer in (ours, theirs, picture)}
            for _ in range(options.rounds):
                for peer, runs in taken.items():
                    runs.append(peer.measure(options.seconds, options.connections))
            resident = server.resident_bytes() / 2**20
        finally:
            process.terminate()
            process.wait(30)
    print("| | requests/s | p50 ms | p99 ms | processor ms a request |\n|---|---|---|---|---|")
    for peer, runs in taken.items():
        print(f"| {peer.name} | " + " | ".join(f"{statistics.median(run[i] for run in runs):.{1 if i else 0}f}" for i in range(4)) + " |")
    ratios = [a[0] / b[0] for a, b in zip(taken[ours], taken[theirs])]
    print(f"vedette / titiler, median of rounds: {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f}); resident {resident:.0f} MiB; "
          f"{differing * 100:.2f} % of pixels are clear in one alone")


def compare(ours: Peer, theirs: Peer, count: int) -> float:
    """The part of pixels that are clear in one and not in the other."""
    differing = pixels = 0
    for i in range(count):
        mine = Png(ours.get(ours.paths[i]))
        # Theirs has filters that Png does not undo: without colours, by its own decoder.
        other = theirs.get(theirs.paths[i].replace(".png?", ".npy?").partition("&colormap_name")[0])
        mask = npy_mask(other)
        for y in range(0, mine.height, 5):
            for x in range(0, mine.width, 5):
                pixels += 1
                differing += (mine.pixel(x, y) is None) != (mask[y * mine.width + x] == 0)
    assert differing < pixels * 0.01, f"{differing} of {pixels}"
    return differing / pixels


def npy_mask(content: bytes) -> list[float]:
    """The last of the bands of a .npy: 0 is no data."""
    size = int.from_bytes(content[8:10], "little")
    head = content[10:10 + size].decode()
    kind = re.search(r"'descr': '[<>|]([a-z])(\d)'", head)
    bands, height, width = (int(part) for part in re.search(r"\((\d+), (\d+), (\d+)\)", head).groups())
    import array
    values = array.array({"f4": "f", "f8": "d", "u1": "B", "i2": "h", "u2": "H"}[kind[1] + kind[2]], content[10 + size:])
    return list(values[(bands - 1) * height * width:])


if __name__ == "__main__":
    main()
