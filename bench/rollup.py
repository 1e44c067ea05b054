#!/usr/bin/env python3
"""A roll-up pass with 1,000 new rows over a full live table, and the original's SQL, on both databases in one run.

    bench/rollup.py [--rows 10000000] [--program build/bench/bench/rollup] [--beside OTHER]

Starts a real PostgreSQL of its own (package defaults, fsync on) and removes it. Needs about 4 GB of disk.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from harness.postgres import Postgres  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--program", default=ROOT / "build/bench/bench/rollup")
    parser.add_argument("--beside", help="the rollup of another version, which does the same in a database of its own")
    arguments = parser.parse_args()
    programs = {"": arguments.program} | ({"the other version, ": arguments.beside} if arguments.beside else {})

    print("| database | live rows | pass, ms (min / median / max) | original's SQL, ms |\n|---|---|---|---|")
    postgres = Postgres(fsync=True)
    try:
        with tempfile.TemporaryDirectory(prefix="vedette-rollup-") as folder:
            runs = [(name, program, url) for kind in ("sqlite", "postgres") for number, (name, program) in enumerate(programs.items())
                    for url in ([f"sqlite:{folder}/live-{number}.db"] if kind == "sqlite" else [postgres.new_database()])]
            for name, program, url in runs:
                done = subprocess.run([program, url, str(arguments.rows)], stdout=subprocess.PIPE, text=True, check=True)
                figures = json.loads(done.stdout)
                taken = figures["pass_ms"]
                print(f"| {name}{figures['database']} | {figures['rows']:,} | {taken['min']} / {taken['median']} / {taken['max']} | "
                      f"{figures['original_ms']:,} |", flush=True)
    finally:
        postgres.close()


if __name__ == "__main__":
    main()
