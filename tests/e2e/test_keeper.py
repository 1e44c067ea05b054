"""What the tests start ends with them, however they end."""
import os
import pathlib
import signal
import subprocess
import sys

from harness import ROOT
from harness.wait import wait_until

RUN = """
import signal, subprocess, threading
from harness.keeper import keep
def start():
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    keep(process)
    print(process.pid, flush=True)
threads = [threading.Thread(target=start) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
signal.pause()
"""


def is_there(pid: int) -> bool:
    """False too for one that has ended and that nobody has asked for."""
    stat = pathlib.Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_servers_of_a_killed_run_are_ended():
    run = subprocess.Popen([sys.executable, "-c", RUN], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT / "tests")})
    pids = [int(run.stdout.readline()) for _ in range(2)]
    assert all(is_there(pid) for pid in pids)
    run.send_signal(signal.SIGKILL)
    run.wait()
    wait_until("they are gone", lambda: not any(is_there(pid) for pid in pids), 20)
