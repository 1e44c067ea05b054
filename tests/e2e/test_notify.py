"""What `vedette serve` tells the service manager that started it, and how its log looks to the journal."""
import contextlib
import ctypes
import os
import pathlib
import re
import signal
import socket

import pytest

from harness.wait import stays_true, wait_until

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WATCHDOG_S = 2


class Manager:
    """The manager's end of NOTIFY_SOCKET: each datagram as a line list, in order."""

    def __init__(self, name: str):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self.socket.settimeout(0.05)
        self.environment = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": str(WATCHDOG_S * 1_000_000)}
        self.heard: list[str] = []

    def listen(self) -> list[str]:
        with contextlib.suppress(TimeoutError):
            while True:
                self.heard += self.socket.recv(4096).decode().splitlines()
        return self.heard

    def hears(self, line: str, times: int = 1) -> None:
        wait_until(f"{line} is told {times} times", lambda: self.listen().count(line) >= times)


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    made = Manager(str(tmp_path / "notify") if request.param == "path" else f"@vedette-test-{tmp_path}")
    yield made
    made.socket.close()


@contextlib.contextmanager
def one_thread_held(process: int, name: str):
    """That thread alone stands still; the others go on."""
    thread = next(int(task.name) for task in pathlib.Path(f"/proc/{process}/task").iterdir() if (task / "comm").read_text().strip() == name)
    trace = ctypes.CDLL(None, use_errno=True).ptrace
    trace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if trace(PTRACE_SEIZE, thread, None, None) != 0:
        pytest.skip(f"threads cannot be held here: {os.strerror(ctypes.get_errno())}")
    assert trace(PTRACE_INTERRUPT, thread, None, None) == 0
    os.waitpid(thread, 0x40000000)  # __WALL: threads too
    try:
        yield
    finally:
        trace(PTRACE_DETACH, thread, None, None)


def test_it_is_ready_when_it_answers_lives_and_says_that_it_stops(serve, manager):
    server = serve(environment=manager.environment, wait=False)
    manager.hears("READY=1")
    assert server.client.get("/healthz").status == 200
    manager.hears("WATCHDOG=1", 3)
    assert f"STATUS=Answers at http://127.0.0.1:{server.port}, roles api, watch, collect, work, keep" in wait_until(
        "the tables are there", lambda: [line for line in manager.listen() if line.startswith("STATUS=") and "database" not in line])[0]
    assert "STOPPING=1" not in manager.heard
    assert server.stop() == 0
    manager.listen()
    assert manager.heard.count("READY=1") == 1 and manager.heard.count("STOPPING=1") == 1
    assert "WATCHDOG=1" not in manager.heard[manager.heard.index("STOPPING=1"):]


@pytest.mark.parametrize("thread", ["http-io-0", "work time"])
def test_a_process_whose_thread_hangs_falls_silent(serve, tmp_path, thread):
    """As after a deadlock: the process is there, and systemd would end it."""
    manager = Manager(str(tmp_path / "notify"))
    server = serve(environment=manager.environment)
    manager.hears("WATCHDOG=1", 2)
    with one_thread_held(server.process.pid, thread):
        wait_until("it says so", lambda: "no sign of life is given while this lasts" in server.log())
        manager.listen()
        before = manager.heard.count("WATCHDOG=1")
        said = next(line for line in reversed(manager.heard) if line.startswith("STATUS="))
        assert "answer" in said if thread.startswith("http") else "hung" in said, said
        # For as long as it takes systemd to lose patience, none comes.
        stays_true("nothing says that it lives", lambda: manager.listen().count("WATCHDOG=1") == before, WATCHDOG_S)
    manager.hears("WATCHDOG=1", before + 1)


def test_a_database_that_is_away_is_no_reason_to_be_killed(serve, tmp_path, own_postgres):
    manager = Manager(str(tmp_path / "notify"))
    database = own_postgres.new_database()
    own_postgres.stop()
    serve(database, environment=manager.environment, wait=False)
    manager.hears("READY=1")
    manager.hears("WATCHDOG=1", 4)
    assert any(line.startswith("STATUS=Answers at") and "PostgreSQL" in line for line in manager.heard), manager.heard


def test_a_start_that_fails_is_never_ready(tmp_path, vedette):
    manager = Manager(str(tmp_path / "notify"))
    done = vedette("serve", "--data", tmp_path / "data", "--lease-ttl", "1", environment=manager.environment)
    assert done.returncode == 2
    assert manager.listen() == []


@pytest.mark.parametrize("is_read", [True, False], ids=["journal", "elsewhere"])
def test_the_journal_gets_priorities_and_stamps_the_time_itself(tmp_path, serve, is_read):
    server = serve(wait=False, environment={"JOURNAL_STREAM": "0:0"})
    server.kill()
    own = server.log_path.stat()
    server.environment["JOURNAL_STREAM"] = f"{own.st_dev}:{own.st_ino if is_read else own.st_ino + 1}"
    server.log_path.write_text("")
    server.words += ["--database", "postgresql://nobody@127.0.0.1:1/none"]
    server.start(wait=False)
    server.wait_alive()
    wait_until("the database is missed", lambda: "127.0.0.1" in server.log())
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(30)
    lines = [line for line in server.log().splitlines() if not line.startswith("Vedette ")]
    pattern = r"<[3467]>[a-z]+: " if is_read else r"\d{4}-\d\d-\d\dT[\d:.]+Z \w+ +[a-z]+: "
    assert lines and all(re.match(pattern, line) for line in lines), lines
    assert not is_read or {line[:3] for line in lines} >= {"<4>", "<6>"}, lines


def test_what_ends_the_program_is_an_error_in_the_journal(tmp_path, serve):
    server = serve(wait=False)
    server.kill()
    own = server.log_path.stat()
    server.environment["JOURNAL_STREAM"] = f"{own.st_dev}:{own.st_ino}"
    server.log_path.write_text("")
    server.words += ["--lease-ttl", "soon"]
    server.start(wait=False)
    assert server.process.wait(30) == 2
    assert re.match("<3>vedette: .*lease", server.log().splitlines()[0]), server.log()
