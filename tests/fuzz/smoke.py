#!/usr/bin/env python3
"""Runs the fuzz targets of build/asan on their seeds and what was found before; ends with `N passed, N failed`.

Usage: smoke.py [--seconds 10] [TARGET...]      an hour each: smoke.py --seconds 3600

What libFuzzer adds to the seeds stays in build/asan/corpus/NAME, what it finds goes to build/asan/findings/NAME.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "asan"


def targets() -> list[str]:
    return re.findall(r"^vedette_fuzz\((\w+)", (ROOT / "tests/fuzz/CMakeLists.txt").read_text(), re.MULTILINE)


def run(name: str, seconds: int) -> tuple[str, str | None]:
    """What to print for a target, and what is wrong with it."""
    program = BUILD / "tests" / "fuzz" / f"{name}_fuzz"
    seeds = ROOT / "tests" / "fuzz" / "seeds" / name
    if not program.is_file():
        return "", f"{program.relative_to(ROOT)} is not built"
    if not seeds.is_dir() or not any(seeds.iterdir()):
        return "", f"{seeds.relative_to(ROOT)} holds no seeds"
    corpus, findings = BUILD / "corpus" / name, BUILD / "findings" / name
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    words = [program, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", f"-artifact_prefix={findings}/", corpus, seeds]
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=seconds + 120)
    except subprocess.TimeoutExpired:
        return "", "did not stop by itself"
    executed = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    if done.returncode != 0:
        return done.stderr[-6000:], f"exit {done.returncode}; input in {findings.relative_to(ROOT)}"
    if not executed or int(executed.group(1)) == 0:
        return done.stderr[-2000:], "ran nothing"
    return f"{int(executed.group(1)):,} runs in {seconds} s", None


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("targets", nargs="*")
    arguments = parser.parse_args()
    names = arguments.targets or targets()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for name, (text, wrong) in zip(names, pool.map(lambda name: run(name, arguments.seconds), names)):
            failed += wrong is not None
            print(f"{name}: {wrong or text}" + (f"\n{text}" if wrong else ""), flush=True)
    if not names:
        print("tests/fuzz/CMakeLists.txt names no target")
        failed = 1
    print(f"{len(names) - failed if names else 0} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
