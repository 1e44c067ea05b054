#!/usr/bin/env python3
"""Has schemathesis make requests from docs/api/openapi.yaml and hold the answers against it: no 5xx, nothing undocumented.

Usage: with_server.py -- python tests/e2e/schema.py [--seconds 90]      ends with `N passed, N failed`; one case an operation
"""
import argparse
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import ROOT  # noqa: E402

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,unsupported_method"
# They do not end while somebody listens; tests/e2e reads them.
ENDLESS = ("/api/events", "/api/cameras/{id}/live.mjpg")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=90)
    arguments = parser.parse_args()
    report = ROOT / "build" / "test-log" / "schemathesis.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    words = [pathlib.Path(sys.executable).with_name("schemathesis"), "run", ROOT / "docs/api/openapi.yaml", "--url", os.environ["VEDETTE_URL"],
             "--checks", CHECKS, "--max-time", str(arguments.seconds), "--request-timeout", "10", "--suppress-health-check", "all", "--warnings", "off",
             "--continue-on-failure", "--generation-database", "none", "--report", "junit", "--report-junit-path", report]
    for path in ENDLESS:
        words += ["--exclude-path", path]
    hooks = {"SCHEMATHESIS_HOOKS": "schema_hooks", "PYTHONPATH": str(pathlib.Path(__file__).resolve().parent)}
    status = subprocess.run(words, cwd=report.parent, env=os.environ | hooks).returncode
    try:
        cases = list(xml.etree.ElementTree.parse(report).iter("testcase"))
    except (OSError, xml.etree.ElementTree.ParseError):
        print(f"schemathesis gave no report (exit {status})\n0 passed, 1 failed")
        return 1
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    if status != 0:
        failed = max(failed, 1)
    print(f"{max(len(cases) - failed, 0)} passed, {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
