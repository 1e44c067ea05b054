#!/usr/bin/env python3
"""Whether every operation and status of docs/api/openapi.yaml was really seen by the tests: what is promised is shown.

Usage: seen.py FILE...     files that the tests wrote ($VEDETTE_SEEN); ends with `N passed, N failed`, one case an answer
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness.contract import contract  # noqa: E402


def main() -> int:
    seen = {tuple(line.split()) for file in sys.argv[1:] for line in pathlib.Path(file).read_text().splitlines()}
    promised = [(method, template, status, operation["operationId"])
                for method, template, operation in contract().operations() for status in operation["responses"]]
    if os.geteuid() != 0:
        # A full disk can be had by root only (test_promises.py).
        promised = [answer for answer in promised if answer[2] != "507"]
    missing = [answer for answer in promised if answer[:3] not in seen]
    for method, template, status, name in missing:
        print(f"{method} {template} was never seen to answer {status} ({name})")
    print(f"{len(promised) - len(missing)} passed, {len(missing)} failed")
    return 1 if missing or not promised else 0


if __name__ == "__main__":
    sys.exit(main())
