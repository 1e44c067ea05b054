"""A real PostgreSQL from Debian's package, on a free port, for the time of the tests."""
import itertools
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from harness.keeper import keep
from harness.server import free_port
from harness.wait import wait_until

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")


class Postgres:
    """Its files lie in a temporary folder. Started by root, it runs as the user `postgres`: it refuses to run as root."""

    _numbers = itertools.count(1)

    def __init__(self, fsync: bool = False):
        self.options = [] if fsync else ["-F"]
        if not BINARIES.is_dir():
            raise RuntimeError(f"no PostgreSQL in {BINARIES}: run tools/setup.sh --test")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vedette-postgres-"))
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(self.folder, self.user)
        self.port = free_port()
        self.process: subprocess.Popen | None = None
        self._run(BINARIES / "initdb", "-D", self.folder / "data", "-U", "vedette", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()

    def _as_user(self, words) -> list[str]:
        words = [str(word) for word in words]
        return ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--init-groups", *words] if self.user else words

    def _run(self, *words) -> str:
        done = subprocess.run(self._as_user(words), capture_output=True, text=True, cwd=self.folder)
        assert done.returncode == 0, f"{words[0]}: {done.stderr}"
        return done.stdout

    def start(self) -> None:
        words = [BINARIES / "postgres", "-D", self.folder / "data", "-p", self.port, "-h", "127.0.0.1", "-k", self.folder, *self.options, "-c", "max_connections=200"]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(self._as_user(words), stdout=log, stderr=log, cwd=self.folder, start_new_session=True)
        keep(self.process)
        wait_until("PostgreSQL answers", lambda: self.sql("SELECT 1") == "1")

    def stop(self) -> None:
        """As an administrator would: connections are ended, the data is kept. start() brings it back."""
        if self.process:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)
            self.process = None

    def close(self) -> None:
        """At once: nobody needs its last checkpoint, and a hundred databases are many files to wait for."""
        if self.process:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(30)
            self.process = None
        subprocess.Popen(["rm", "-rf", self.folder], start_new_session=True)

    def sql(self, statement: str, database: str = "postgres") -> str:
        """What psql prints, unaligned: columns with |, rows with line ends."""
        done = subprocess.run(["psql", "-X", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", statement, f"postgresql://vedette@127.0.0.1:{self.port}/{database}"],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def transaction(self, database: str) -> "Transaction":
        """A transaction that stays open while the test does other things: `with`, which commits."""
        return Transaction(f"postgresql://vedette@127.0.0.1:{self.port}/{database}")

    def new_database(self) -> str:
        """The URL of a fresh empty database."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name}")
        return f"postgresql://vedette@127.0.0.1:{self.port}/{name}"

    def terminate_backends(self) -> None:
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")


class Transaction:
    """psql held at its prompt."""

    def __init__(self, url: str):
        self.psql = subprocess.Popen(["psql", "-X", "-qAt", "-v", "ON_ERROR_STOP=1", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "Transaction":
        self.run("BEGIN")
        return self

    def __exit__(self, failed, *_) -> None:
        self.run("ROLLBACK" if failed else "COMMIT")
        self.psql.stdin.close()
        self.psql.wait(10)
        self.psql.stdout.close()

    def run(self, statement: str) -> None:
        """Returns when the server has done it."""
        self.psql.stdin.write(f"{statement};\n\\echo done\n")
        self.psql.stdin.flush()
        for line in self.psql.stdout:
            if line == "done\n":
                return
        raise AssertionError(f"psql ended at {statement}")
