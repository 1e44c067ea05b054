#!/usr/bin/env python3
"""The list of many images over HTTP: each page that people and programs ask for, and what a change costs while pages are open.

    bench/images.py [--images 10000] [--rounds 200] [--pages 5]

The program is $VEDETTE_PROGRAM or build/release's; SQLite. Rows are written as the program writes them, without files. Prints medians and
the slowest of a hundred.
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import time
import urllib.request
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = pathlib.Path(os.environ.get("VEDETTE_PROGRAM", ROOT / "build/release/src/app/vedette"))
STATES = ("completed", "completed", "completed", "completed", "failed", "uploaded")


def fill(database: pathlib.Path, count: int) -> None:
    now = int(time.time() * 1e6)
    chance = random.Random(1)
    rows = [(str(uuid.UUID(int=chance.getrandbits(128), version=4)), f"{i}.jpg", f"DJI_{i:05}.JPG", 5_000_000, "image/jpeg", now - i * 1000, now, now,
             STATES[i % len(STATES)], i + 1, f"{i:064x}", f"fields/images/{i}.jpg") for i in range(count)]
    with sqlite3.connect(database) as connection:
        connection.executemany("INSERT INTO images (id, filename, original_name, file_size, mime_type, uploaded_at, created_at, updated_at, processing_status, revision, sha256, "
                               "blob_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def timed(url: str, rounds: int) -> tuple[float, float, int]:
    """Milliseconds: median, slowest of a hundred; bytes."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        with urllib.request.urlopen(url, timeout=60) as answer:
            size = len(answer.read())
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    return statistics.median(taken), taken[min(len(taken) - 1, len(taken) * 99 // 100)], size


def open_page(port: int) -> socket.socket:
    page = socket.create_connection(("127.0.0.1", port))
    page.sendall(b"GET /api/events?topics=images HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--pages", type=int, default=5)
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vedette-images-"))
    server = subprocess.Popen([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--roles", "api", "--data", folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = re.search(r"http://\S+", server.stdout.readline()).group(0)
        fill(next(folder.glob("*.db")), arguments.images)
        pages = [open_page(int(url.rsplit(":", 1)[1])) for _ in range(arguments.pages)]
        print(f"{arguments.images} images, {arguments.pages} pages open\n| request | ms, median | ms, 1 in 100 | kB |\n|---|---|---|---|")
        for path in ("?cursor=&limit=100", "?cursor=&limit=1000", "?cursor=&limit=100&status=failed", "?cursor=&limit=100&q=DJI_0999", "?page=90&limit=100"):
            median, slow, size = timed(f"{url}/api/images{path}", arguments.rounds)
            print(f"| `/api/images{path}` | {median:.1f} | {slow:.1f} | {size / 1000:.0f} |", flush=True)
        for page in pages:
            page.close()
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
