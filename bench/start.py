#!/usr/bin/env python3
"""How long `vedette serve` takes from its start to its first answer to /healthz, with an existing database.

    bench/start.py [--runs 5]

The program is $VEDETTE_PROGRAM, or the one that ./run built.
"""
import argparse
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from harness.server import Server  # noqa: E402


def start_ms(folder: pathlib.Path) -> float:
    server = Server(folder)
    began = time.monotonic()
    server.start(wait=False)
    while True:
        try:
            server.client.get("/healthz")
            took = time.monotonic() - began
            break
        except OSError:
            assert server.process.poll() is None and time.monotonic() < began + 30, server.log()
            time.sleep(0.001)
    server.stop()
    return took * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vedette-start-") as folder:
        with Server(pathlib.Path(folder) / "data"):
            pass  # makes the database
        taken = sorted(start_ms(pathlib.Path(folder) / "data") for _ in range(arguments.runs))
    print(f"/healthz after {taken[0]:.0f} / {taken[len(taken) // 2]:.0f} / {taken[-1]:.0f} ms (min / median / max of {len(taken)})")


if __name__ == "__main__":
    main()
