"""Ends the servers of a test run that died without ending them itself (killed, out of memory).

`keep(process)` after each start of a process that leads a session of its own. A small program waits for the end of this one
and then ends the sessions that are still the ones it was told of.
"""
import atexit
import subprocess
import sys
import threading

_PROGRAM = """
import os, signal, sys

def birth(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[19]
    except OSError:
        return None

born = {}
for line in sys.stdin:
    born[int(line)] = birth(int(line))
for pid, when in born.items():
    if when is not None and birth(pid) == when:
        os.killpg(pid, signal.SIGKILL)
"""
_lock = threading.Lock()
_keeper: subprocess.Popen | None = None


def keep(process: subprocess.Popen) -> None:
    global _keeper
    with _lock:
        if _keeper is None:
            _keeper = subprocess.Popen([sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True)
            atexit.register(_keeper.communicate)
        _keeper.stdin.write(f"{process.pid}\n")
        _keeper.stdin.flush()
