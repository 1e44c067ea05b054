#!/usr/bin/env python3
"""How long `vedette serve` takes from its start to its first answer to /healthz, with an existing database, and its memory.

    bench/start.py [--runs 5] [--beside OTHER]

The program is $VEDETTE_PROGRAM, or the one that ./run built; OTHER another version of it, which takes turns.
"""
import argparse
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from harness.server import Server, program  # noqa: E402


def start(folder: pathlib.Path, program: str) -> tuple[float, float]:
    """Milliseconds to the first answer, and MiB resident once it is ready."""
    server = Server(folder)
    server.words[0] = program
    began = time.monotonic()
    server.start(wait=False)
    while True:
        try:
            server.client.get("/healthz", check=False)
            took = time.monotonic() - began
            break
        except OSError:
            assert server.process.poll() is None and time.monotonic() < began + 30, server.log()
            time.sleep(0.001)
    server.wait_ready()
    resident = server.resident_bytes() / 2**20
    server.stop()
    return took * 1000, resident


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--beside", metavar="PROGRAM")
    arguments = parser.parse_args()
    programs = [str(program()), *([arguments.beside] if arguments.beside else [])]
    taken = {which: [] for which in programs}
    with tempfile.TemporaryDirectory(prefix="vedette-start-") as folder:
        for number, which in enumerate(programs):
            start(pathlib.Path(folder) / f"data-{number}", which)  # makes the database
        for _ in range(arguments.runs):
            for number, which in enumerate(programs):
                taken[which].append(start(pathlib.Path(folder) / f"data-{number}", which))
    for which, runs in taken.items():
        times, memory = sorted(run[0] for run in runs), sorted(run[1] for run in runs)
        print(f"{which}: /healthz after {times[0]:.0f} / {times[len(times) // 2]:.0f} / {times[-1]:.0f} ms (min / median / max of {len(times)}), "
              f"{memory[len(memory) // 2]:.0f} MiB resident when ready")


if __name__ == "__main__":
    main()
