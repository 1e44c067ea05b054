#!/usr/bin/env python3
"""clang-tidy over src/ (tests are left to the compilers' warnings), ending with `N passed, N failed`. A file that passed is not examined again until it, a header of
ours that it includes, the settings or the compiler's command change; the marks lie in build/tidy/passed/.

Usage: tidy.py [--all] [--jobs N] [FILE...]      after `cmake --preset tidy`
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "tidy"
PROGRAM = "clang-tidy-19"
OURS = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def reached(file: pathlib.Path) -> list[pathlib.Path]:
    """The file and the headers of ours below it."""
    seen, queue = set(), [file]
    while queue:
        path = queue.pop()
        if path not in seen and path.is_file():
            seen.add(path)
            queue += [ROOT / "src" / name for name in OURS.findall(path.read_text(errors="replace"))]
    return sorted(seen)


def mark(file: pathlib.Path, command: str, version: str) -> pathlib.Path:
    digest = hashlib.sha256(f"{version}\n{command}\n".encode())
    for path in [ROOT / ".clang-tidy", *reached(file)]:
        digest.update(path.read_bytes())
    return BUILD / "passed" / digest.hexdigest()[:32]


def examine(file: pathlib.Path) -> str | None:
    """What clang-tidy says against the file."""
    done = subprocess.run([PROGRAM, "-p", BUILD, "--quiet", file], capture_output=True, text=True, errors="replace", cwd=ROOT)
    return None if done.returncode == 0 else done.stdout + done.stderr[-2000:]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true", help="also what passed before")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    commands = {pathlib.Path(entry["file"]).resolve(): entry["command"] for entry in json.loads((BUILD / "compile_commands.json").read_text())}
    wanted = {file.resolve() for file in arguments.files} or {file for file in commands if file.is_relative_to(ROOT / "src") and not re.search(r"_test\.cpp$|/testing/", str(file))}
    (BUILD / "passed").mkdir(exist_ok=True)
    marks = {file: mark(file, commands[file], version) for file in sorted(wanted)}
    due = [file for file in marks if arguments.all or not marks[file].exists()]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=arguments.jobs) as pool:
        for file, wrong in zip(due, pool.map(examine, due)):
            if wrong is None:
                marks[file].touch()
            else:
                failed += 1
                print(wrong, flush=True)
    print(f"{len(due)} of {len(marks)} files examined")
    print(f"{len(marks) - failed} passed, {failed} failed")
    return 1 if failed or not marks else 0


if __name__ == "__main__":
    sys.exit(main())
