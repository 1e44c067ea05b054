#!/usr/bin/env python3
"""Starts the program with a fresh folder and runs a command beside it, with $VEDETTE_URL and $VEDETTE_PROGRAM set.

Usage: with_server.py [--demo] [--postgres] -- COMMAND...     exit code: the command's
"""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness.postgres import Postgres  # noqa: E402
from harness.server import Server, clean_environment, program  # noqa: E402


def main() -> int:
    at = sys.argv.index("--")
    options, command = sys.argv[1:at], sys.argv[at + 1:]
    postgres = Postgres() if "--postgres" in options else None
    with tempfile.TemporaryDirectory(prefix="vedette-e2e-") as folder:
        server = Server(pathlib.Path(folder) / "data", postgres.new_database() if postgres else None,
                        ("--demo",) if "--demo" in options else ())
        try:
            with server:
                status = subprocess.run(command, env={**clean_environment(), "VEDETTE_URL": server.client.url, "VEDETTE_PROGRAM": str(program())}).returncode
                if server.process.poll() is not None:
                    print(f"the server ended with {server.process.returncode}")
                    status = status or 1
            if status:
                print(f"--- end of the server's log\n{server.log()[-4000:]}")
            return status
        finally:
            if postgres:
                postgres.close()


if __name__ == "__main__":
    sys.exit(main())
