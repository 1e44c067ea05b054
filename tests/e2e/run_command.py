#!/usr/bin/env python3
"""./run as a person uses it: starts, says where, shows the UI, stops on Ctrl-C; a second time quickly, beside a taken port.

Ends with `N passed, N failed`. Started by ./test after the release build, so that it measures no compiler.
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import ROOT  # noqa: E402
from harness.client import Client  # noqa: E402
from harness.keeper import keep  # noqa: E402
from harness.server import clean_environment, free_port  # noqa: E402
from harness.wait import wait_until  # noqa: E402


class Running:
    """./run with a data folder of its own."""

    def __init__(self, *arguments: str):
        self.folder = tempfile.TemporaryDirectory(prefix="vedette-run-")
        self.output = pathlib.Path(self.folder.name) / "output"
        words = [str(ROOT / "run"), "--data", f"{self.folder.name}/data", *arguments]
        with self.output.open("w") as out:
            self.process = subprocess.Popen(words, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=clean_environment(), start_new_session=True)
            keep(self.process)

    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.folder.cleanup()

    def client(self) -> Client:
        """A client of the address that was printed, once it answers."""
        def address():
            assert self.process.poll() is None, f"./run ended:\n{self.text()}"
            return re.search(r"http://127\.0\.0\.1:(\d+)", self.text())
        client = Client("127.0.0.1", int(wait_until("./run prints its address", address, 120).group(1)))
        wait_until("it is ready", lambda: client.get("/readyz", check=False).status == 200, 60)
        return client


class RunCommand(unittest.TestCase):
    def test_shows_the_demo_and_stops_on_ctrl_c(self):
        with Running("--listen", f"127.0.0.1:{free_port()}") as run:
            client = run.client()
            page = client.get("/")
            self.assertEqual(page.status, 200)
            self.assertIn("text/html", page.headers["content-type"])
            cameras = wait_until("the demo has cameras", lambda: client.fetch("/api/cameras")["cameras"], 30)
            self.assertGreaterEqual(len(cameras), 1)
            run.process.send_signal(signal.SIGINT)
            self.assertEqual(run.process.wait(30), 0, run.text())

    def test_a_taken_port_is_said_and_gone_around(self):
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                taken.bind(("127.0.0.1", 8080))
                taken.listen()
            except OSError:
                pass  # somebody else has it: as good
            with Running() as run:
                self.assertNotEqual(run.client().port, 8080)
                self.assertIn("8080 is taken", run.text())

    def test_the_second_time_takes_seconds(self):
        with Running("--listen", f"127.0.0.1:{free_port()}") as run:
            run.client()
        start = time.monotonic()
        with Running("--listen", f"127.0.0.1:{free_port()}") as run:
            run.client()
            self.assertLess(time.monotonic() - start, 15)

    def test_help_starts_nothing(self):
        done = subprocess.run([ROOT / "run", "--help"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0)
        self.assertIn("--listen", done.stdout)

    def test_a_wrong_argument_is_refused(self):
        with Running("--no-such-flag") as run:
            self.assertEqual(run.process.wait(60), 2, run.text())


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=2).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
