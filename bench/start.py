#!/usr/bin/env python3
"""How long `vedette serve` takes from its start to its first answer to /healthz, with an existing database, and its memory.

    bench/start.py [--runs 5] [--idle SECONDS] [--beside OTHER]

The program is $VEDETTE_PROGRAM, or the one that ./run built; OTHER another version of it, which takes turns. With --idle also
what each costs that has nothing to do, both at the same time, on a PostgreSQL of its own: processor time and transactions.
"""
import argparse
import contextlib
import os
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from harness.postgres import Postgres  # noqa: E402
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


def processor_s(server: Server) -> float:
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(folder: pathlib.Path, programs: list[str], seconds: float):
    with contextlib.closing(Postgres()) as postgres, contextlib.ExitStack() as stack:
        servers = []
        for number, which in enumerate(programs):
            url = postgres.new_database()
            server = Server(folder / f"idle-{number}", database=url, name=f"idle-{number}")
            server.words[0] = which
            servers.append((server, url.rpartition("/")[2]))
            stack.enter_context(server)

        def look():
            return [(processor_s(server), int(postgres.sql(f"SELECT xact_commit FROM pg_stat_database WHERE datname = '{name}'")))
                    for server, name in servers]
        time.sleep(5)
        before = look()
        time.sleep(seconds)
        for which, (processor, transactions), (processor_before, transactions_before) in zip(programs, look(), before):
            print(f"{which}: idle for {seconds:g} s: {(processor - processor_before) / seconds * 1000:.2f} ms of processor time "
                  f"and {(transactions - transactions_before) / seconds:.2f} transactions a second")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--idle", type=float, default=0, metavar="SECONDS")
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
        if arguments.idle:
            idle(pathlib.Path(folder), programs, arguments.idle)
    for which, runs in taken.items():
        times, memory = sorted(run[0] for run in runs), sorted(run[1] for run in runs)
        print(f"{which}: /healthz after {times[0]:.0f} / {times[len(times) // 2]:.0f} / {times[-1]:.0f} ms (min / median / max of {len(times)}), "
              f"{memory[len(memory) // 2]:.0f} MiB resident when ready")


if __name__ == "__main__":
    main()
