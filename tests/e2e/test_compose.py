"""The compose file and the Containerfile, without an engine: their very commands and environment, run here over a real PostgreSQL and S3."""
import json
import re
import shlex
import subprocess

import pytest
import yaml

from harness import ROOT, images, s3
from harness.server import Server, clean_environment, program

PACKAGING = ROOT / "packaging"
SECRETS = {"POSTGRES_PASSWORD": "secret4postgres", "S3_SECRET_KEY": "secret4objects", "VEDETTE_AUTH_TOKEN": "0123456789abcdef0123"}
# What a service may say, as the Compose Specification names it; a misspelt word would be passed over or refused there.
WORDS = {"image", "build", "restart", "init", "read_only", "tmpfs", "security_opt", "cap_drop", "stop_grace_period", "depends_on", "command", "environment", "ports",
         "volumes", "deploy", "healthcheck"}


def interpolated(value, given: dict[str, str]):
    """${NAME}, ${NAME:-default} and ${NAME:?message} in every text, as compose fills them in."""
    if isinstance(value, dict):
        return {key: interpolated(each, given) for key, each in value.items()}
    if isinstance(value, list):
        return [interpolated(each, given) for each in value]
    if not isinstance(value, str):
        return value

    def fill(match: re.Match) -> str:
        name, kind, rest = match["name"], match["kind"], match["rest"]
        if given.get(name):
            return given[name]
        assert kind != ":?", f"{name}: {rest}"
        return rest or ""
    return re.sub(r"\$\{(?P<name>\w+)(?:(?P<kind>:[-?])(?P<rest>[^}]*))?\}", fill, value)


def compose(given: dict[str, str] | None = None) -> dict:
    return interpolated(yaml.safe_load((PACKAGING / "compose.yaml").read_text()), SECRETS if given is None else given)


def container() -> dict[str, list[str]]:
    """The instructions of the Containerfile's last stage, by word."""
    text = re.sub(r"\\\n", " ", (PACKAGING / "Containerfile").read_text())
    found: dict[str, list[str]] = {}
    for line in (line for line in text.splitlines() if line and not line.startswith("#")):
        word, rest = line.split(None, 1)
        if word == "FROM":
            found = {}
        found.setdefault(word, []).append(rest)
    return found


def of_ours() -> dict[str, dict]:
    return {name: service for name, service in compose()["services"].items() if service["image"] == "vedette"}


def test_nothing_starts_without_its_secrets():
    for name in SECRETS:
        with pytest.raises(AssertionError, match=name):
            compose({key: value for key, value in SECRETS.items() if key != name})


def test_the_file_says_only_what_compose_knows():
    file = compose()
    for name, service in file["services"].items():
        assert set(service) <= WORDS, f"{name}: {set(service) - WORDS}"
        for needed in service.get("depends_on", []):
            assert needed in file["services"], f"{name} depends on {needed}"
        for volume in service.get("volumes", []):
            source, colon, _ = volume.partition(":")
            assert not colon or source in file["volumes"], f"{name}: no volume {source}"
        if "build" in service:
            assert (PACKAGING / service["build"]["context"] / service["build"]["dockerfile"]).samefile(PACKAGING / "Containerfile")
    assert file["services"]["worker"]["deploy"]["replicas"] == 2
    # Each image says which one it is: tomorrow's is not what was tried.
    assert all(re.search(r":[\w.-]+$", service["image"]) and not service["image"].endswith(":latest") for service in file["services"].values() if service["image"] != "vedette")


def test_the_container_is_made_of_what_there_is():
    last = container()
    text = (PACKAGING / "Containerfile").read_text()
    for path in re.findall(r"\b(?:tools|packaging)/[\w.]+", text):
        assert (ROOT / path).exists(), path
    assert last["USER"] == ["vedette"] and json.loads(last["ENTRYPOINT"][0]) == ["vedette"]
    for path in re.findall(r"/(?:var/lib|etc)/vedette", text):
        assert path in (PACKAGING / "vedette.service").read_text()
    # What the build needs is not left out of its context.
    ignored = (ROOT / ".dockerignore").read_text().split()
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    assert not [file for file in tracked for rule in ignored if f"/{file}".startswith(rule.rstrip("/") + "/")]


def test_only_the_program_that_people_look_at_is_reached_from_outside_and_asks_who_they_are():
    for name, service in of_ours().items():
        environment = {**clean_environment(), **dict(pair.split("=", 1) for pair in container()["ENV"][0].split()), **service["environment"]}
        done = subprocess.run([program(), "config", "--json"], capture_output=True, text=True, env=environment, cwd="/")
        assert done.returncode == 0, f"{name}: {done.stderr}"
        shown = {row["name"]: row["value"] for row in json.loads(done.stdout)["settings"]}
        assert "no setting" not in done.stderr and json.loads(done.stdout)["unused"] == [], name
        assert shown["http.listen"] == ("0.0.0.0:8080" if service.get("ports") else "127.0.0.1:8080")
        assert shown["auth.token"] == "(set)" and shown["blob.bucket"] == "vedette"
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@pytest.fixture
def composed(tmp_path, postgres, bucket_server):
    """The file's processes of ours, as many as it says, with its commands and environment; the services they name are the tests' own."""
    bucket = bucket_server.new_bucket()
    elsewhere = {"VEDETTE_BLOB_BUCKET": bucket["VEDETTE_BLOB_BUCKET"], "VEDETTE_BLOB_ACCESS_KEY": s3.ACCESS_KEY, "VEDETTE_BLOB_SECRET_KEY": s3.SECRET_KEY}
    database = postgres.new_database()
    entry = json.loads(container()["ENTRYPOINT"][0])
    image = dict(pair.split("=", 1) for pair in container()["ENV"][0].split())
    started: dict[str, list[Server]] = {}
    for name, service in of_ours().items():
        for number in range(service.get("deploy", {}).get("replicas", 1)):
            server = Server(tmp_path / f"{name}-{number}", name=f"{name}-{number}", listen=False)
            server.words = [str(program()), *entry[1:], *service["command"]]
            environment = {**clean_environment(), **image, **service["environment"]}
            for key, value in elsewhere.items():
                assert environment[key], key
                environment[key] = value
            assert environment["VEDETTE_DATABASE"].endswith("@database:5432/vedette") and environment["VEDETTE_BLOB_ENDPOINT"] == "http://objects:9000"
            environment |= {"VEDETTE_DATABASE": database, "VEDETTE_BLOB_ENDPOINT": bucket["VEDETTE_BLOB_ENDPOINT"], "VEDETTE_DATA": str(server.data),
                            "VEDETTE_LISTEN": f"127.0.0.1:{server.port}"}
            server.environment = environment
            server.client.token = environment["VEDETTE_AUTH_TOKEN"]
            started.setdefault(name, []).append(server)
    servers = [server for group in started.values() for server in group]
    try:
        for server in servers:
            server.start(wait=False)
        for server in servers:
            server.wait_ready()
        yield started, lambda: bucket_server.keys(bucket["VEDETTE_BLOB_BUCKET"])
    finally:
        for server in servers:
            server.kill()
            print(f"--- {server.log_path.name}\n{server.log()[-3000:]}")


def test_its_processes_work_together(composed):
    started, keys = composed
    web, workers = started["web"][0], started["worker"]
    assert len(workers) == 2
    # The container's health as its engine asks for it, of each of them.
    check = json.loads(re.search(r"CMD (\[.*\])", container()["HEALTHCHECK"][0])[1])
    for server in (web, *workers):
        words = [word.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}") for word in check]
        assert subprocess.run(words, capture_output=True).returncode == 0, shlex.join(words)
    ids = [images.upload(web.client, (f"field-{seed}.png", images.png(seed))).json()["id"] for seed in range(6)]
    done = [images.ended(web.client, one) for one in ids]
    assert {row["processing_status"] for row in done} == {"completed"}
    # Nobody but a worker takes jobs there.
    by = {image["job_status"]["process"] for image in done if image.get("job_status")}
    names = {server.process.pid for server in workers}
    assert by and {int(process.rpartition(":")[2]) for process in by} <= names, by
    assert images.stored(keys()) >= {("images", row["filename"]) for row in done}
    assert web.stop() == 0 and all(server.stop() == 0 for server in workers)
