#!/usr/bin/env python3
"""Runs the stages of ./test, one after the other, and sums up what they counted.

A stage is a name, what it needs, a time limit and a function that runs commands and counts. A stage whose program or
report is missing has failed; so has one that found nothing to run. Logs lie in build/test-log/.
"""
import argparse
import collections
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree
from collections.abc import Callable

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "test-log"
SUM_LINE = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)


def why_skipped(skip: xml.etree.ElementTree.Element | None) -> str:
    """The word that a test left behind; GoogleTest puts the place in the code before it."""
    text = "" if skip is None else (skip.get("message") or skip.text or "")
    lines = [line for line in text.strip().splitlines() if not re.match(r"\S+\.[ch]pp:\d+$", line)]
    return lines[0].strip() if lines else "no word on why"


@dataclasses.dataclass
class Outcome:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0
    reasons: list[str] = dataclasses.field(default_factory=list)
    skips: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    def fail(self, reason: str) -> None:
        self.failed += 1
        self.reasons.append(reason)

    def add_report(self, path: pathlib.Path) -> bool:
        """Adds the cases of a JUnit file; false when there is none that can be read."""
        try:
            cases = list(xml.etree.ElementTree.parse(path).iter("testcase"))
        except (OSError, xml.etree.ElementTree.ParseError):
            return False
        for case in cases:
            if case.find("failure") is not None or case.find("error") is not None:
                self.fail(f"{case.get('classname', '')}.{case.get('name', '?')}")
            elif (skip := case.find("skipped")) is not None or case.get("status") == "notrun":
                self.skipped += 1
                self.skips[why_skipped(skip)] += 1
            else:
                self.passed += 1
        return True


@dataclasses.dataclass
class Stage:
    name: str
    what: str
    limit_s: int
    run: Callable[["Runner", Outcome], None]
    needs: tuple[str, ...] = ()
    quick: bool = False


class Runner:
    """Runs the commands of one stage into its log, within the time the stage has left."""

    def __init__(self, name: str, limit_s: int):
        self.log = LOGS / f"{name}.log"
        self.deadline = time.monotonic() + limit_s
        self.log.write_text("")

    def command(self, *words: str | pathlib.Path, env: dict[str, str] | None = None, cwd: pathlib.Path = ROOT) -> int:
        """Exit code of the command; 124 when its time ran out, 127 when it is not there."""
        words = tuple(str(word) for word in words)
        with self.log.open("a") as out:
            out.write(f"$ {' '.join(words)}\n")
            out.flush()
            try:
                process = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=cwd,
                                           env={**os.environ, **(env or {})}, start_new_session=True)
            except OSError as error:
                out.write(f"{error}\n")
                return 127
            try:
                return process.wait(max(1, self.deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                out.write("stopped: the stage's time is used up\n")
                return 124
            finally:
                # Whatever a test left behind goes with its process group.
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                process.wait()

    def shell(self, script: str, **options) -> int:
        return self.command("bash", "-c", f". tools/env.sh && {script}", **options)

    def tail(self, lines: int) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def check(runner: Runner, outcome: Outcome, status: int, what: str) -> bool:
    """Counts one command that says all with its exit code."""
    if status == 0:
        outcome.passed += 1
    else:
        outcome.fail(f"{what} (exit {status})")
    return status == 0


def counted(runner: Runner, outcome: Outcome, status: int, what: str) -> None:
    """Counts a command that ends with the line `N passed, N failed`."""
    sums = SUM_LINE.findall(runner.log.read_text(errors="replace"))
    if not sums:
        outcome.fail(f"{what} gave no count (exit {status})")
        return
    passed, failed, skipped = (int(n or 0) for n in sums[-1])
    outcome.passed += passed
    outcome.failed += failed
    outcome.skipped += skipped
    if status != 0 and failed == 0:
        outcome.fail(f"{what} (exit {status})")


def build(preset: str, *targets: str):
    def run(runner, outcome):
        check(runner, outcome, runner.shell(f"build_preset {preset} {' '.join(targets)}"), f"build of {preset}")
    return run


def unit(preset: str, tests: str = "[a-z]+", env: dict[str, str] | None = None):
    """The GoogleTest programs of a preset, through ctest, counted case by case."""
    def run(runner, outcome):
        reports = ROOT / "build" / preset / "reports"
        shutil.rmtree(reports, ignore_errors=True)
        reports.mkdir(parents=True)
        summary = reports / "ctest.xml"
        status = runner.shell(
            f"ctest --test-dir build/{preset} -j $(($(build_jobs) + 2)) -R '^({tests})[.]' --no-tests=error --output-on-failure --output-junit {summary}",
            env=env)
        programs = Outcome()
        if not programs.add_report(summary):
            outcome.fail(f"ctest gave no report (exit {status})")
            return
        for report in sorted(reports.glob("*.xml")):
            if report != summary:
                outcome.add_report(report)
        # A program that crashed, hung or is not there wrote no report of its own.
        if programs.failed > 0 and outcome.failed == 0:
            outcome.failed += programs.failed
            outcome.reasons += programs.reasons
        if programs.failed == 0 and outcome.passed == 0:
            outcome.fail("no test ran")
    return run


def pytest(folder: str):
    def run(runner, outcome):
        report = LOGS / f"{folder}.xml"
        seen = LOGS / f"seen-{folder}"
        for old in (report, seen):
            old.unlink(missing_ok=True)
        status = runner.command(sys.executable, "-m", "pytest", "-q", f"tests/{folder}", f"--junit-xml={report}", "-p", "no:cacheprovider",
                                env={"VEDETTE_SEEN": str(seen)})
        if not outcome.add_report(report):
            outcome.fail(f"pytest gave no report (exit {status})")
        elif status != 0 and outcome.failed == 0:
            outcome.fail(f"pytest (exit {status})")
    return run


def seen(runner, outcome):
    counted(runner, outcome, runner.command(sys.executable, "tests/e2e/seen.py", LOGS / "seen-e2e", LOGS / "seen-fault"), "what was seen of openapi.yaml")


def laws(runner, outcome):
    counted(runner, outcome, runner.command(sys.executable, "tests/laws/laws_test.py"), "the laws' own test")
    counted(runner, outcome, runner.command(sys.executable, "tests/laws/laws.py"), "laws")
    check(runner, outcome, runner.shell("git ls-files -z '*.cpp' '*.hpp' | xargs -0 clang-format-19 --dry-run -Werror"), "clang-format")
    check(runner, outcome, runner.shell("git ls-files -z run test .ci/run '*.sh' | xargs -0 shellcheck -x -e SC2015"), "shellcheck")


def ui(runner, outcome):
    folder = ROOT / "ui"
    report = LOGS / "vitest.xml"
    report.unlink(missing_ok=True)
    if not check(runner, outcome, runner.shell("tools/npm_ci.sh"), "npm ci"):
        return
    check(runner, outcome, runner.command("npm", "run", "--silent", "check", cwd=folder), "svelte-check")
    status = runner.command("npx", "--no-install", "vitest", "run", "--reporter=default", "--reporter=junit", f"--outputFile.junit={report}", cwd=folder)
    if not outcome.add_report(report):
        outcome.fail(f"vitest gave no report (exit {status})")
    elif status != 0 and outcome.failed == 0:
        outcome.fail(f"vitest (exit {status})")


def browser(runner, outcome):
    report = LOGS / "browser.xml"
    report.unlink(missing_ok=True)
    specs = sorted((ROOT / "tests/e2e/browser").glob("*.spec.mjs"))
    if not specs:
        outcome.fail("no tests/e2e/browser/*.spec.mjs")
        return
    status = runner.command(sys.executable, "tests/e2e/with_server.py", "--demo", "--", "node", "--test", "--test-concurrency=1",
                            "--test-reporter=spec", "--test-reporter-destination=stdout",
                            "--test-reporter=junit", f"--test-reporter-destination={report}", *specs)
    if not outcome.add_report(report):
        outcome.fail(f"the browser tests gave no report (exit {status})")
    elif status != 0 and outcome.failed == 0:
        outcome.fail(f"browser tests (exit {status})")


def schema(runner, outcome):
    counted(runner, outcome, runner.command(sys.executable, "tests/e2e/with_server.py", "--", sys.executable, "tests/e2e/schema.py"), "schemathesis")


def fuzz(runner, outcome):
    counted(runner, outcome, runner.command(sys.executable, "tests/fuzz/smoke.py", "--seconds", "10"), "fuzz smoke")


def tidy(runner, outcome):
    if runner.shell("mkdir -p build/tidy && cmake -S . --preset tidy") != 0:
        outcome.fail("configuring the tidy preset")
        return
    counted(runner, outcome, runner.command(sys.executable, "tests/tidy.py"), "clang-tidy")


def run_command(runner, outcome):
    counted(runner, outcome, runner.command(sys.executable, "tests/e2e/run_command.py"), "./run")


def stranger(runner, outcome):
    report = LOGS / "stranger.xml"
    report.unlink(missing_ok=True)
    status = runner.shell(f"{sys.executable} tests/stranger.py {report}")
    if not outcome.add_report(report):
        outcome.fail(f"no test ran on a stranger's machine (exit {status})")
    elif status != 0 and outcome.failed == 0:
        outcome.fail(f"what ran or was skipped is not what a stranger should see (exit {status})")


SANITIZED = {
    # OpenVINO's thread pool dies under a sanitizer without; Debian's TBB, which OpenCV brings into larger programs, dies
    # in any case: what runs a model there is left to the plain build. A new that fails ends a program under a sanitizer.
    "TBB_ENABLE_SANITIZERS": "1",
    "GTEST_FILTER": "-Samples*:DetectorFiles.*:Program.DoctorNamesWhatIsWrongAndTheRemedy:*.AHandlerThatEatsMemoryFailsAlone*",
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
    "LSAN_OPTIONS": f"suppressions={ROOT}/tests/lsan.supp:print_suppressions=0",
    "TSAN_OPTIONS": f"suppressions={ROOT}/tests/tsan.supp:halt_on_error=1:second_deadlock_stack=1",
}
# OpenVINO and its thread pool are not built for ThreadSanitizer: folders that use them are left to the others.
THREADED = "base|db|work|http"
# SQLite reads the index of its WAL while another connection makes it anew, and checks what it read afterwards.
# Leases of seconds run out where many processes share two cores slowed down tenfold: a test that depends on none running
# out is left to the other builds.
RACY_BY_DESIGN = {"GTEST_FILTER": f"{SANITIZED['GTEST_FILTER']}:SqliteFile.ManyMayOpenANewFileAtOnce:*.AFrozenProcessIsNotCountedAndGetsItsShareBack*"}

STAGES = [
    Stage("laws", "dependency directions, file rules, formatting", 300, laws, quick=True),
    Stage("build", "dev build, warnings are errors", 3000, build("dev"), quick=True),
    Stage("unit", "unit and property tests, both databases", 1200, unit("dev"), needs=("build",), quick=True),
    Stage("ui", "types and unit tests of the UI", 600, ui, quick=True),
    Stage("release", "release build, as ./run makes it", 3000, build("release")),
    Stage("golden", "exact counts on small inputs", 900, pytest("golden"), needs=("release",)),
    Stage("e2e", "the program over HTTP, both databases", 900, pytest("e2e"), needs=("release",)),
    Stage("fault", "killed, frozen, disconnected, full", 1200, pytest("fault"), needs=("release",)),
    Stage("package", "the .deb under its own systemd; units, compose file", 600, pytest("package"), needs=("release",)),
    Stage("seen", "every operation and status of openapi.yaml was seen", 60, seen, needs=("e2e", "fault")),
    Stage("browser", "the UI in Chromium", 900, browser, needs=("release", "ui")),
    Stage("schema", "requests made from the OpenAPI file", 600, schema, needs=("release",)),
    Stage("run", "./run itself, started and stopped", 600, run_command, needs=("release",)),
    Stage("stranger", "an empty home, no samples beside the clone", 900, stranger, needs=("release",)),
    Stage("build-asan", "unit tests and fuzz targets with ASan and UBSan", 3000, build("asan")),
    Stage("fuzz", "10 s on the seeds of each target", 900, fuzz, needs=("build-asan",)),
    Stage("asan", "unit tests with ASan and UBSan", 1800, unit("asan", env=SANITIZED), needs=("build-asan",)),
    Stage("build-tsan", "tests of threads with TSan", 3000, build("tsan", *(f"{name}_test" for name in THREADED.split("|")))),
    Stage("tsan", "tests of threads with TSan", 1800, unit("tsan", THREADED, env=SANITIZED | RACY_BY_DESIGN), needs=("build-tsan",)),
    Stage("tidy", "clang-tidy on files that changed since it passed", 3000, tidy),
]


def chosen(names: list[str], quick: bool) -> list[Stage]:
    by_name = {stage.name: stage for stage in STAGES}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        sys.exit(f"no stage {', '.join(unknown)}; there are: {', '.join(by_name)}")
    if not names:
        return [stage for stage in STAGES if stage.quick or not quick]
    wanted = set(names)
    for stage in reversed(STAGES):
        if stage.name in wanted:
            wanted.update(stage.needs)
    return [stage for stage in STAGES if stage.name in wanted]


def line_for(name: str, outcome: Outcome) -> str:
    counts = f"{outcome.passed} passed" + (f", {outcome.failed} failed" if outcome.failed else "") \
        + (f", {outcome.skipped} skipped" if outcome.skipped else "")
    return f"{name:<12}{counts:<36}{outcome.seconds:7.1f} s"


def run_stage(stage: Stage, broken: set[str]) -> Outcome:
    outcome = Outcome()
    start = time.monotonic()
    missing = [need for need in stage.needs if need in broken]
    runner = Runner(stage.name, stage.limit_s)
    if missing:
        outcome.fail(f"not run, because {', '.join(missing)} failed")
    else:
        stage.run(runner, outcome)
        if outcome.passed + outcome.failed + outcome.skipped == 0:
            outcome.fail("found nothing to run")
    outcome.seconds = time.monotonic() - start
    print(line_for(stage.name, outcome), flush=True)
    for reason, count in outcome.skips.most_common():
        print(f"    {count} skipped: {reason}", flush=True)
    if outcome.failed:
        for reason in outcome.reasons[:20]:
            print(f"    {reason}")
        if not missing:
            print("    " + runner.tail(30).replace("\n", "\n    "))
            print(f"    the whole log: {runner.log.relative_to(ROOT)}", flush=True)
    return outcome


def fetch_samples() -> None:
    """What the tests count on wherever registries are at hand; a test whose file is not to be had skips and says so."""
    subprocess.run([ROOT / "tools/samples.sh", "--test"])


def main() -> int:
    parser = argparse.ArgumentParser(prog="./test", description="Runs the tests of Vedette.")
    parser.add_argument("--quick", action="store_true", help="unit tests, laws and UI unit tests only")
    parser.add_argument("--list", action="store_true", help="list the stages")
    parser.add_argument("stages", nargs="*", metavar="STAGE")
    arguments = parser.parse_args()
    if arguments.list:
        for stage in STAGES:
            print(f"{stage.name:<12}{stage.what}{' (quick)' if stage.quick else ''}")
        return 0
    stages = chosen(arguments.stages, arguments.quick)
    LOGS.mkdir(parents=True, exist_ok=True)
    # Stopped from outside, it takes what it runs along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    fetch_samples()
    start = time.monotonic()
    outcomes = {}
    for stage in stages:
        if sys.stdout.isatty():
            print(f"{stage.name:<12}{stage.what} ...", end="\r", flush=True)
        outcomes[stage.name] = run_stage(stage, {name for name, outcome in outcomes.items() if outcome.failed})
    setup_s = float(os.environ.get("VEDETTE_SETUP_SECONDS", 0))
    failed = [name for name, outcome in outcomes.items() if outcome.failed]
    print(f"{'set-up':<12}{'':<36}{setup_s:7.1f} s")
    print(f"{'in all':<12}{('failed: ' + ', '.join(failed)) if failed else '':<36}{time.monotonic() - start + setup_s:7.1f} s")
    passed, failures, skipped = (sum(getattr(o, field) for o in outcomes.values()) for field in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failures} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
