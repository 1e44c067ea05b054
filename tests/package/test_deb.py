"""The Debian package, installed, upgraded, removed and purged on a machine of its own under its systemd."""
import gzip
import json
import pathlib
import re
import shutil
import subprocess

import pytest

from harness import ROOT, images, machine
from harness.server import program
from harness.wait import wait_until

OLD, NEW = "0.1.0~before", "0.1.0+test"
URL = "http://127.0.0.1:8080"


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Two versions of what was built: the second is the first under a later number."""
    out = tmp_path_factory.mktemp("packages")
    done = subprocess.run([ROOT / "packaging/build_deb.sh", "--quick", "--build", program().parents[2], "--version", OLD, "--out", out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    old, new, tree = pathlib.Path(done.stdout.splitlines()[-1]), out / "new.deb", out / "tree"
    subprocess.run(["dpkg-deb", "-R", old, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace(f"Version: {OLD}", f"Version: {NEW}"))
    subprocess.run(["dpkg-deb", "-Znone", "--root-owner-group", "--build", tree, new], check=True, capture_output=True)
    yield old, new, tree
    shutil.rmtree(out, ignore_errors=True)


def field(package: pathlib.Path, name: str) -> str:
    return subprocess.run(["dpkg-deb", "-f", package, name], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def debian(packages):
    """Has what the package says that it needs, and the two versions in /root; the older one is installed."""
    if why := machine.why_not():
        pytest.skip(why)
    made = machine.Machine(field(packages[0], "Depends"))
    try:
        made.boot()
        for name, package in zip(("old.deb", "new.deb"), packages[:2]):
            made.put(package, f"/root/{name}")
        made.run("dpkg", "-i", "/root/old.deb")
        answers(made)
        yield made
        print(made.run("journalctl", "--no-pager", "-n", "100", check=False).stdout)
    finally:
        made.close()


def answers(debian) -> None:
    wait_until("the service is ready", lambda: debian.curl(f"{URL}/readyz"), 60)


def status(debian, unit: str = "vedette") -> dict[str, str]:
    shown = debian.run("systemctl", "show", unit).stdout
    return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)


def upload(debian, folder: pathlib.Path, seed: int) -> dict:
    """The image when it has ended."""
    picture = folder / f"field-{seed}.png"
    picture.write_bytes(images.png(seed))
    sent = json.loads(debian.curl("-F", f"image=@{picture}", f"{URL}/api/upload"))

    def ended():
        found = json.loads(debian.curl(f"{URL}/api/images/{sent['id']}"))
        return found if found["processing_status"] in images.ENDED else None
    return wait_until("the image is worked off", ended, 60)


def rows(debian) -> list[str]:
    """The images that the server knows."""
    return [row["id"] for row in json.loads(debian.curl(f"{URL}/api/images?limit=1000&cursor="))["images"]]


def the_unit(debian, unit: str, text: str) -> None:
    """A drop-in of an administrator; empty: takes it away."""
    folder = f"/etc/systemd/system/{unit}.d"
    debian.run("sh", "-c", f"mkdir -p {folder} && printf '{text}' > {folder}/test.conf" if text else f"rm -rf {folder}")
    debian.run("systemctl", "daemon-reload")


def test_what_it_holds_and_needs(packages):
    depends = field(packages[0], "Depends")
    assert re.search(r"\blibgdal\d+\b", depends) and "libpq5" in depends and "adduser" in depends, depends
    assert "openvino" not in depends and "python" not in depends
    listed = subprocess.run(["dpkg-deb", "-c", packages[0]], capture_output=True, text=True, check=True).stdout
    for path in ("./usr/bin/vedette", "./lib/systemd/system/vedette.service", "./lib/systemd/system/vedette-worker@.service", "./etc/vedette/vedette.toml",
                 "./usr/share/man/man1/vedette.1.gz", "./usr/share/doc/vedette/copyright"):
        assert path in listed, path
    assert all(line.split()[1] == "root/root" for line in listed.splitlines())
    # Its libraries are looked for in the package alone.
    out = packages[2]
    paths = re.findall(r"R(?:UN)?PATH.*\[(.*)\]", subprocess.run(["readelf", "-d", out / "usr/bin/vedette"], capture_output=True, text=True, check=True).stdout)
    assert paths == ["$ORIGIN/../lib/vedette"]
    commands = re.findall(r"^  ([a-z]+) ", subprocess.run([program(), "--help"], capture_output=True, text=True).stdout.split("Commands:")[1].split("Flags:")[0], re.MULTILINE)
    manual = gzip.decompress((out / "usr/share/man/man1/vedette.1.gz").read_bytes()).decode()
    assert commands and all(f".It Cm {command}\n" in manual for command in commands), commands


def test_installed_it_runs_and_says_so(debian):
    assert "0.1.0" in debian.run("vedette", "--version").stdout
    shown = status(debian)
    assert (shown["ActiveState"], shown["Type"], shown["User"], shown["UnitFileState"]) == ("active", "notify", "vedette", "enabled")
    assert wait_until("systemd is told", lambda: (text := status(debian)["StatusText"]).startswith("Answers at http://127.0.0.1:8080") and text)
    assert debian.curl(f"{URL}/healthz") == "ok\n"
    assert "<title>" in debian.curl(f"{URL}/")
    journal = [json.loads(line) for line in debian.run("journalctl", "-u", "vedette", "-o", "json").stdout.splitlines()]
    assert all(not re.match(r"<\d>|\d{4}-", entry["MESSAGE"]) for entry in journal if entry.get("_COMM") == "vedette"), journal
    # In /etc/vedette a command sees what the service sees, and what the doctor says there holds for it.
    doctor = debian.run("runuser", "-u", "vedette", "--", "sh", "-c", "cd /etc/vedette && vedette doctor", check=False).stdout
    assert "/var/lib/vedette is writable" in doctor and "/etc/vedette/vedette.toml" in doctor and "is Vedette" in doctor, doctor
    assert "OpenVINO" in doctor or "OpenVINO" not in subprocess.run([program(), "--version"], capture_output=True, text=True).stdout


def test_pictures_are_analysed_within_the_sandbox(debian, tmp_path):
    done = upload(debian, tmp_path, 1)
    assert done["processing_status"] == "completed", done
    assert debian.run("find", "/var/lib/vedette", "-name", "*.png", "-o", "-name", "*.tif").stdout


def test_a_detector_runs_within_the_sandbox(debian, scene):
    """The worker's unit with another command: OpenVINO makes code as it loads a model, and needs leave for it."""
    debian.run("mkdir", "-p", "/var/lib/vedette/clips")
    for file in {scene.file, *scene.model.parent.glob(scene.model.stem + ".*")}:
        debian.put(file, f"/var/lib/vedette/clips/{file.name}")
    command = " ".join(["/usr/bin/vedette", "watch", f"/var/lib/vedette/clips/{scene.file.name}", "--model", f"/var/lib/vedette/clips/{scene.model.name}",
                        "--types", ",".join(scene.types), "--limit", "2s", "--json"])
    the_unit(debian, "vedette-worker@watch.service", f"[Service]\\nType=oneshot\\nWatchdogSec=0\\nRestart=no\\nExecStart=\\nExecStart={command}\\n")
    debian.run("systemctl", "start", "vedette-worker@watch")
    the_unit(debian, "vedette-worker@watch.service", "")
    printed = [line for line in debian.run("journalctl", "-u", "vedette-worker@watch", "-o", "cat").stdout.splitlines() if line.startswith('{"source"')]
    assert json.loads(printed[-1])["inferred"] > 0, printed


def test_workers_join_the_service(debian, tmp_path):
    debian.run("systemctl", "enable", "--now", "vedette-worker@1", "vedette-worker@2")
    assert [status(debian, f"vedette-worker@{number}")["ActiveState"] for number in (1, 2)] == ["active", "active"]

    def processes():
        running = json.loads(debian.curl(f"{URL}/api/status"))["processes"]
        return len([one for one in running if one.get("roles") == "work"]) == 2
    wait_until("the service knows its workers", processes)
    assert upload(debian, tmp_path, 2)["processing_status"] == "completed"


def test_units_are_right_and_tight(debian):
    for unit in ("vedette.service", "vedette-worker@1.service"):
        verified = debian.run("systemd-analyze", "verify", "--man=no", unit, check=False)
        assert verified.returncode == 0 and "vedette" not in verified.stderr, verified.stderr
        # In tenths: 2.0 of 10 and below is what systemd calls OK.
        debian.run("systemd-analyze", "security", "--offline=true", "--threshold=20", f"/lib/systemd/system/{unit.replace('@1', '@')}")


def test_an_upgrade_restarts_what_runs_and_keeps_what_there_is(debian, tmp_path):
    debian.run("sh", "-c", "printf '[imagery]\\nworkers = 1\\n' >> /etc/vedette/vedette.toml")
    before = {unit: status(debian, unit)["MainPID"] for unit in ("vedette", "vedette-worker@1", "vedette-worker@2")}
    held = rows(debian)
    assert held
    done = debian.run("dpkg", "--force-confold", "-i", "/root/new.deb")
    answers(debian)
    assert debian.run("dpkg-query", "-W", "-f", "${Version}", "vedette").stdout == NEW, done.stdout
    for unit, process in before.items():
        shown = status(debian, unit)
        assert (shown["ActiveState"], shown["MainPID"] != process) == ("active", True), unit
    assert rows(debian) == held
    assert "workers = 1" in debian.run("cat", "/etc/vedette/vedette.toml").stdout
    assert upload(debian, tmp_path, 3)["processing_status"] == "completed"


def test_what_hangs_is_started_anew(debian):
    the_unit(debian, "vedette.service", "[Service]\\nWatchdogSec=2\\n")
    debian.run("systemctl", "restart", "vedette")
    answers(debian)
    process = status(debian)["MainPID"]
    debian.run("systemctl", "kill", "--kill-whom=main", "--signal=STOP", "vedette")
    wait_until("systemd has started it again", lambda: (shown := status(debian))["MainPID"] not in (process, "0") and shown["ActiveState"] == "active", 60)
    assert status(debian)["NRestarts"] == "1"
    the_unit(debian, "vedette.service", "")
    debian.run("systemctl", "restart", "vedette")
    answers(debian)


def test_a_wrong_setting_is_said_once_and_not_tried_again(debian):
    debian.run("sh", "-c", "echo VEDETTE_LEASE_TTL=soon >> /etc/vedette/vedette.env")
    assert debian.run("systemctl", "restart", "vedette", check=False).returncode != 0
    shown = status(debian)
    assert (shown["ActiveState"], shown["ExecMainStatus"]) == ("failed", "2"), shown["Result"]
    errors = debian.run("journalctl", "-u", "vedette", "-p", "err", "-o", "cat").stdout
    assert "lease.ttl" in errors, errors
    debian.run("sed", "-i", "/LEASE_TTL/d", "/etc/vedette/vedette.env")
    debian.run("systemctl", "start", "vedette")
    answers(debian)


def test_removed_and_back_nothing_is_lost(debian):
    held = rows(debian)
    done = debian.run("dpkg", "-r", "vedette")
    assert "/var/lib/vedette" in done.stdout + done.stderr
    assert debian.run("sh", "-c", "pgrep -x vedette || ls /usr/bin/vedette", check=False).returncode != 0
    assert debian.run("test", "-e", "/var/lib/vedette/vedette.db").returncode == 0
    assert debian.run("grep", "-c", "workers = 1", "/etc/vedette/vedette.toml").stdout == "1\n"
    debian.run("dpkg", "-i", "/root/new.deb")
    answers(debian)
    assert rows(debian) == held


def test_purged_nothing_is_left(debian):
    debian.run("dpkg", "-P", "vedette")
    # But for the machine's own records of what was installed and what was said.
    left = debian.run("find", "/", "-xdev", "-name", "*vedette*", "-not", "-path", "/var/log/*", "-not", "-path", "/proc/*").stdout
    assert left == ""
    assert debian.run("getent", "passwd", "vedette", check=False).returncode != 0
    assert debian.run("getent", "group", "vedette", check=False).returncode != 0
    assert debian.run("systemctl", "list-unit-files", "vedette*", check=False).stdout.startswith("0 unit files") or \
        "vedette" not in debian.run("systemctl", "list-unit-files", check=False).stdout
