"""What the units, the settings they bring and the container's files say, held against the program itself."""
import re
import subprocess

import pytest
import yaml

from harness import ROOT
from harness.server import clean_environment, program

PACKAGING = ROOT / "packaging"


def sections(name: str) -> dict[str, list[str]]:
    """The lines of each section of a unit, without comments."""
    found: dict[str, list[str]] = {}
    for line in (PACKAGING / name).read_text().splitlines():
        if line.startswith("["):
            lines = found.setdefault(line, [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return found


def test_a_worker_is_held_as_tightly_as_the_service():
    service, worker = sections("vedette.service")["[Service]"], sections("vedette-worker@.service")["[Service]"]
    assert [line for line in service if not line.startswith("ExecStart=")] == [line for line in worker if not line.startswith("ExecStart=")]


@pytest.mark.parametrize("name", ["vedette.toml", "vedette.env"])
def test_each_setting_that_is_shown_is_one(tmp_path, name):
    """With every example of the file taken out of its comment."""
    text = re.sub(r"^#(?=[\[A-Za-z_]+.*|\S+ = )", "", (PACKAGING / name).read_text(), flags=re.MULTILINE)
    text = re.sub(r"^([A-Z0-9_]+)=$", r"\1=something", text, flags=re.MULTILINE)
    (tmp_path / {"vedette.toml": "vedette.toml", "vedette.env": ".env"}[name]).write_text(text)
    done = subprocess.run([program(), "config"], capture_output=True, text=True, cwd=tmp_path, env=clean_environment())
    assert done.returncode == 0, done.stderr
    assert "no setting" not in done.stdout + done.stderr, done.stdout
    shown = re.findall(r"^([A-Za-z_]+)\s*=", text, re.MULTILINE)
    assert len(shown) >= 6 and "postgresql://" in done.stdout


def test_the_shipped_settings_change_nothing_but_where_the_data_lie(tmp_path):
    for name, there in (("vedette.toml", "vedette.toml"), ("vedette.env", ".env")):
        (tmp_path / there).write_text((PACKAGING / name).read_text())
    done = subprocess.run([program(), "config", "--json"], capture_output=True, text=True, cwd=tmp_path, env=clean_environment())
    assert done.returncode == 0, done.stderr
    given = [row["name"] for row in yaml.safe_load(done.stdout)["settings"] if row["where"] != "default" and row["name"] != "samples.dir"]
    assert given == ["data.dir"], given
