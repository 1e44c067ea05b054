#!/usr/bin/env python3
"""`vedette analyze` beside the rasterio + numpy script that an experienced user writes: 100 megapixels, five bands of 16 bits, to
NDVI, SAVI and GNDVI with their figures, a coloured picture and a COG each. All take turns; figures are compared in every run.

    bench/analyze.py --data SCRATCH [--runs 3] [--size 10000] [--python PYTHON]

SCRATCH takes 4 GB. PYTHON has what the peer's requirements.txt names. The program is $VEDETTE_PROGRAM or build/bench's; peer:
$VEDETTE_PEERS or ../shared/peers. Prints a table: total, its parts, peak memory, and the ratios that are claimed.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
INDICES = ("ndvi", "savi", "gndvi")


def measured(words: list) -> tuple[str, float, float, float]:
    """Standard output, seconds, processor seconds, peak MiB."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([str(word) for word in words], stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        took = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{words[0]} ended with {process.returncode}")
        out.seek(0)
        return out.read().decode(), took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def check(ours: dict, theirs: dict) -> None:
    for index in INDICES:
        for figure, most in (("mean", 2e-5), ("std", 2e-5), ("min", 2e-5), ("max", 2e-5), ("p2", 1e-4), ("p50", 1e-4), ("p98", 1e-4)):
            a, b = ours["indices"][index][figure], theirs["statistics"][index][figure]
            assert abs(a - b) <= most, f"{index} {figure}: {a} here, {b} there"
        assert ours["indices"][index]["valid_px"] == theirs["statistics"][index]["pixels"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--jobs", default="2")
    arguments = parser.parse_args()
    program = os.environ.get("VEDETTE_PROGRAM") or ROOT / "build/bench/src/app/vedette"
    peers = pathlib.Path(os.environ.get("VEDETTE_PEERS") or ROOT / "../shared/peers") / "imagery"
    arguments.data.mkdir(parents=True, exist_ok=True)
    image = arguments.data / f"big_{arguments.size}.tif"
    if not image.exists():
        subprocess.run([arguments.python, peers / "make_image.py", image, "--size", str(arguments.size)], check=True, stdout=sys.stderr)
    image.read_bytes()  # into the page cache
    products = arguments.data / "products"
    ours = [program, "analyze", image, "--reflectance", "65535", "--indices", ",".join(INDICES), "--json"]
    peer = [arguments.python, peers / "analyze.py", image, arguments.data / "peer", "--windows", "--jobs", arguments.jobs]
    ways = {
        "figures alone": [*ours],
        "figures and picture": [*ours, "--products", "pictures", "--output", products],
        "all, int16": [*ours, "--products", "pictures,rasters", "--output", products],
        "all, float32": [*ours, "--products", "pictures,rasters", "--float32", "--output", products],
        "peer": peer,
        "write floor": [arguments.python, peers / "floor.py", "write", arguments.data / "peer", "--threads", arguments.jobs, "--repeat", "1"],
    }
    taken: dict[str, list] = {way: [] for way in ways}
    computing, last_peer = [], None
    for _ in range(arguments.runs):
        for way in ("peer", *(way for way in ways if way != "peer")):
            shutil.rmtree(products, ignore_errors=True)
            text, took, cpu, peak = measured(ways[way])
            result = json.loads(text)
            if way == "peer":
                last_peer = result
                computing.append(result["seconds"]["blocks"] + result["seconds"]["statistics"])
            elif way == "write floor":
                took = result["min"]
            else:
                check(result, last_peer)
            size = sum(file.stat().st_size for file in products.rglob("*.tif")) if products.exists() else 0
            taken[way].append((took, cpu, peak, size / 2**20))
            print(f"{way}: {took:.2f} s, {cpu:.2f} s of processor, {peak:.0f} MiB", file=sys.stderr, flush=True)
    shutil.rmtree(products, ignore_errors=True)
    median = {way: statistics.median(run[0] for run in runs) for way, runs in taken.items()}
    print("| way | s, median (lowest - highest) | processor s | peak MiB | COGs MiB |\n|---|---|---|---|---|")
    for way, runs in taken.items():
        seconds = [run[0] for run in runs]
        print(f"| {way} | {median[way]:.2f} ({min(seconds):.2f} - {max(seconds):.2f}) | {statistics.median(run[1] for run in runs):.1f} "
              f"| {max(run[2] for run in runs):.0f} | {runs[-1][3]:.0f} |")
    print(f"\ncomputing: peer {statistics.median(computing):.2f} s, ours {median['figures and picture']:.2f} s: "
          f"{statistics.median(computing) / median['figures and picture']:.2f} times (4 wanted)")
    print(f"float32: {median['all, float32'] / median['write floor']:.2f} of the write floor (1.15 at most)")
    print(f"int16: peer's total over ours {median['peer'] / median['all, int16']:.2f} (3 wanted)")


if __name__ == "__main__":
    main()
