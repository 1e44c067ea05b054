"""The built program, `vedette serve`, started on a free port with a folder of its own."""
import contextlib
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess

from harness import ROOT
from harness.client import Client
from harness.keeper import keep
from harness.wait import wait_until


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program() -> pathlib.Path:
    """$VEDETTE_PROGRAM, or what ./run builds."""
    path = pathlib.Path(os.environ.get("VEDETTE_PROGRAM", ROOT / "build/release/src/app/vedette"))
    assert path.is_file(), f"{path} is not built"
    return path


def clean_environment() -> dict[str, str]:
    """Without what the caller's shell sets for Vedette: tests see defaults. Where samples lie stays known."""
    ours = ("VEDETTE_", "DB_", "BACKSCATTER_", "AWS_", "PG", "WORKER_", "S3_", "UPLOAD_", "PROCESSED_")
    return {name: value for name, value in os.environ.items() if name == "VEDETTE_SAMPLES" or not name.startswith(ours)}


class Server:
    """One process. `with Server(data, database=url) as server: server.client.get(...)`."""

    def __init__(self, data: pathlib.Path, database: str | None = None, arguments: tuple[str, ...] = (), environment: dict[str, str] | None = None,
                 name: str = "serve", port: int | None = None, listen: bool = True):
        self.data, self.database, self.port = data, database, port or free_port()
        self.log_path = data.parent / f"{name}.log"
        self.words = [str(program()), "serve", "--data", str(data), *arguments]
        if listen:
            self.words += ["--listen", f"127.0.0.1:{self.port}"]
        if database:
            self.words += ["--database", database]
        self.environment = {**clean_environment(), **(environment or {})}
        self.process: subprocess.Popen | None = None
        self.client = Client("127.0.0.1", self.port)

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.kill()

    def start(self, wait: bool = True) -> None:
        with self.log_path.open("a") as log:
            self.process = subprocess.Popen(self.words, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.environment, start_new_session=True)
        keep(self.process)
        if wait:
            self.wait_ready()

    def wait_alive(self, timeout_s: float = 30) -> None:
        self._wait_for("/healthz", timeout_s)

    def wait_ready(self, timeout_s: float = 60) -> None:
        self._wait_for("/readyz", timeout_s)

    def _wait_for(self, path: str, timeout_s: float) -> None:
        def answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"vedette ended with {self.process.returncode} before it answered:\n{self.log()}")
            return self.client.get(path, check=False).status == 200
        wait_until(f"{path} of {' '.join(self.words)}\n{self.log()}", answers, timeout_s)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def stop(self, timeout_s: float = 30) -> int:
        """Asks it to stop as a service manager would; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def kill(self) -> None:
        """As a power cut would end it (kill -9). Harmless when it is gone."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        if self.process:
            self.process.wait(30)

    def freeze(self) -> None:
        """SIGSTOP: alive for the kernel, silent for everybody else.

        Not in the middle of a write to SQLite, which would keep everybody from writing until it goes on: nothing could be taken over.
        """
        with contextlib.ExitStack() as stack:
            if self.database and self.database.startswith("sqlite:"):
                writer = stack.enter_context(contextlib.closing(sqlite3.connect(self.database.removeprefix("sqlite:"), timeout=30, isolation_level=None)))
                writer.execute("BEGIN IMMEDIATE")
            self.process.send_signal(signal.SIGSTOP)
            wait_until("every thread stands still", lambda: all(state == "T" for state in self._thread_states()))

    def _thread_states(self) -> list[str]:
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
        return [(task / "stat").read_text().rpartition(")")[2].split()[0] for task in tasks]

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def resident_bytes(self) -> int:
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")
