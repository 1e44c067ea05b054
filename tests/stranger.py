#!/usr/bin/env python3
"""The two commands as a stranger runs them: an empty home, no samples beside the clone, only what package registries hold.

Copies the repository's files into a folder of its own and lends it the release build and what that was built from. There
./run must show people being counted, and the tests that need a clip must run: of them only those may skip that need a clip
which no registry has. What was fetched before is taken from the caller's cache.

Usage: stranger.py REPORT     the JUnit file to write; the tests' own
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import ROOT  # noqa: E402
from harness.client import Client  # noqa: E402
from harness.samples import PEOPLE  # noqa: E402
from harness.server import free_port  # noqa: E402
from harness.wait import wait_until  # noqa: E402

TESTS = (
    "tests/golden",
    "tests/e2e/test_counting.py",
    "tests/e2e/test_cameras.py::test_lines_are_tried_on_what_was_seen_and_not_stored",
    "tests/fault/test_sources.py",
    "tests/e2e/test_recorded.py::test_a_power_cut_ends_neither_the_count_nor_the_command_that_waits",
    "tests/fault/test_deployment.py::test_db_check_finds_nothing_wrong_after_a_kill",
    "tests/fault/test_pictures.py::test_both_show_it_over_one_connection",
    "tests/fault/test_pictures.py::test_snapshots_come_through",
)
# These need a clip that no registry has.
MAY_SKIP = {
    "test_counts_are_what_a_person_saw_and_as_before[street-oneway]",
    "test_counts_are_what_a_person_saw_and_as_before[highway-two-way]",
    "test_one_thread_counts_the_same[street-oneway]",
    "test_lines_are_tried_on_what_was_seen_and_not_stored[sqlite]",
}
MUST_COUNT = {
    "test_counts_are_what_a_person_saw_and_as_before[vtest]",
    "test_one_thread_counts_the_same[vtest]",
    "test_people_who_cross_are_stored_and_summed_up[sqlite]",
    "test_a_power_cut_ends_neither_the_count_nor_the_command_that_waits",
}


def settle(folder: pathlib.Path) -> tuple[pathlib.Path, dict[str, str]]:
    """A stranger's clone in the folder, and the environment of a shell there."""
    clone, home = folder / "vedette", folder / "home"
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)  # with its time: nothing is built again
    (clone / "build").mkdir()
    (clone / "build/release").symlink_to(ROOT / "build/release")

    outer = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "vedette"
    store = home / ".cache/vedette/samples"
    store.mkdir(parents=True)
    for name in (PEOPLE.clip, PEOPLE.detector, PEOPLE.detector.replace(".xml", ".bin"), f"{PEOPLE.detector}.toml"):
        if (outer / "samples" / name).is_file():
            (store / name).parent.mkdir(exist_ok=True)
            shutil.copy2(outer / "samples" / name, store / name)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("VEDETTE_", "XDG_"))}
    return clone, {**own, "HOME": str(home), "VEDETTE_DEPS": os.environ.get("VEDETTE_DEPS", str(outer / "deps"))}


def show_the_demo(clone: pathlib.Path, environment: dict[str, str]) -> None:
    """./run, until somebody has crossed its line."""
    port = free_port()
    log = clone.parent / "run.log"
    with log.open("w") as out:
        run = subprocess.Popen([clone / "run", "--listen", f"127.0.0.1:{port}"], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                               cwd=clone.parent, env=environment, start_new_session=True)
    try:
        client = Client("127.0.0.1", port)

        def answers():
            if run.poll() is not None:
                raise RuntimeError(f"./run ended with {run.returncode}")
            return client.get("/readyz", check=False).status == 200
        wait_until("./run answers", answers, 300)
        camera, = client.fetch("/api/cameras")["cameras"]
        assert camera["source"].endswith(PEOPLE.clip), camera
        wait_until("people are counted in the demo", lambda: client.fetch(f"/api/traffic/crossings?camera={camera['id']}")["crossings"], 120)
        assert client.fetch(f"/api/cameras/{camera['id']}")["status"]["model"]["kind"] != "motion"
        run.send_signal(signal.SIGINT)
        assert run.wait(30) == 0
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
        print(f"--- ./run\n{log.read_text(errors='replace')[-3000:]}", flush=True)


def main() -> int:
    report = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="vedette-stranger-") as folder:
        clone, environment = settle(pathlib.Path(folder))
        show_the_demo(clone, environment)
        status = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={report}", "-k", "not postgres", *TESTS],
                                cwd=clone, env=environment).returncode
    cases = {case.get("name"): case for case in xml.etree.ElementTree.parse(report).iter("testcase")}
    skipped = {name for name, case in cases.items() if case.find("skipped") is not None}
    for name in sorted(skipped - MAY_SKIP):
        print(f"{name} was skipped: {cases[name].find('skipped').get('message')}")
    for name in sorted(MUST_COUNT - (set(cases) - skipped)):
        print(f"{name} did not run")
    for name in sorted(MAY_SKIP - skipped):
        print(f"{name} was not skipped: does it see samples that are not the stranger's?")
    return 0 if status == 0 and skipped == MAY_SKIP and MUST_COUNT <= set(cases) - skipped else 1


if __name__ == "__main__":
    sys.exit(main())
