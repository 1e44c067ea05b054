#!/usr/bin/env python3
"""A large image sent to a running server, beside what the disk itself needs for a copy.

    bench/upload.py [--mib 1024] [--rounds 3] [--data FOLDER]

FOLDER takes three times the size. The program is $VEDETTE_PROGRAM or build/release's; curl and cp must be there. The two take turns:
`cp` and `sync` of the file, then `curl -T` of a file of other bytes (the same bytes would be one image) to PUT /api/images/NAME, which
answers when the object is on the disk, its SHA-256 known and its row committed. Prints medians, the ratio, and the server's peak memory.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = pathlib.Path(os.environ.get("VEDETTE_PROGRAM", ROOT / "build/release/src/app/vedette"))


def ask(url: str, method: str = "GET") -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=60) as answer:
        return answer.read()


def peak_mib(pid: int) -> float:
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


def make(file: pathlib.Path, mib: int, number: int) -> None:
    """Begins as a JPEG; nobody reads further here."""
    with file.open("wb") as out:
        out.write(b"\xff\xd8\xff\xe0" + number.to_bytes(4, "big"))
        piece = os.urandom(1 << 20)
        for _ in range(mib):
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=pathlib.Path)
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vedette-upload-", dir=arguments.data))
    server = subprocess.Popen([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--roles", "api", "--data", folder / "data"], stdout=subprocess.PIPE, text=True)
    try:
        url = re.search(r"http://\S+", server.stdout.readline()).group(0)
        before, copies, uploads = peak_mib(server.pid), [], []
        for number in range(arguments.rounds):
            file = folder / "field.jpg"
            make(file, arguments.mib, number)
            began = time.monotonic()
            subprocess.run(["cp", "--reflink=never", file, folder / "copy"], check=True)
            subprocess.run(["sync", folder / "copy"], check=True)
            copies.append(time.monotonic() - began)
            (folder / "copy").unlink()
            began = time.monotonic()
            sent = subprocess.run(["curl", "-sS", "--fail-with-body", "-T", file, f"{url}/api/images/field-{number}.jpg"], check=True, capture_output=True)
            uploads.append(time.monotonic() - began)
            ask(f"{url}/api/images/{json.loads(sent.stdout)['id']}", "DELETE")
            print(f"copy {copies[-1]:.2f} s, upload {uploads[-1]:.2f} s", flush=True)
        copy, upload = statistics.median(copies), statistics.median(uploads)
        print(f"{arguments.mib} MiB: copy {arguments.mib / copy:.0f} MiB/s, upload {arguments.mib / upload:.0f} MiB/s, {copy / upload:.2f} of the copy's speed (0.7 wanted)")
        print(f"peak memory of the server {before:.0f} MiB before, {peak_mib(server.pid):.0f} MiB after")
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
