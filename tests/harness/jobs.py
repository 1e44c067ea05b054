"""Jobs put on the queue behind the program's back, of kinds that it does not know: nobody takes them."""
import contextlib
import pathlib
import sqlite3
import subprocess
import time

WAITS = {"available": "'worker'"}
ENDED = ("completed", "discarded", "cancelled")


def put_job(database: str | pathlib.Path, kind: str = "paint", state: str = "available", key: str | None = None, payload: str = "{}") -> int:
    """The id of a new job. `database` is a URL, or the file of SQLite."""
    is_sqlite = isinstance(database, pathlib.Path) or database.startswith("sqlite:")
    now = str(time.time_ns() // 1000) if is_sqlite else "now()"
    quoted = "null" if key is None else f"'{key}'"
    statement = ("INSERT INTO job (kind, payload, unique_key, state, rank, run_at, created_at, finished_at, waits_for) "
                 f"VALUES ('{kind}', '{payload}', {quoted}, '{state}', {now}, {now}, {now}, {now if state in ENDED else 'null'}, {WAITS.get(state, 'null')}) RETURNING id")
    if is_sqlite:
        with contextlib.closing(sqlite3.connect(str(database).removeprefix("sqlite:"), timeout=30)) as store, store:
            return store.execute(statement).fetchone()[0]
    done = subprocess.run(["psql", "-X", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", "SET search_path = vedette", "-c", statement, database], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)
