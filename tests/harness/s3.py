"""A real S3 for the tests: Ceph's radosgw with everything in memory, on free ports, as tools/setup.sh --test unpacks it."""
import datetime
import hashlib
import hmac
import http.client
import itertools
import os
import pathlib
import shutil
import subprocess
import tempfile
import urllib.parse
import uuid
import xml.etree.ElementTree

from harness.keeper import keep
from harness.server import free_port
from harness.wait import wait_until

ACCESS_KEY, SECRET_KEY, REGION = "vedette-tests", "a secret of the tests alone", "us-east-1"


def programs() -> pathlib.Path:
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    deps = pathlib.Path(os.environ.get("VEDETTE_DEPS") or cache / "vedette/deps")
    return pathlib.Path(os.environ.get("VEDETTE_RADOSGW") or deps / "radosgw-16")


def is_here() -> bool:
    return (programs() / "usr/bin/radosgw").is_file()


class S3:
    """One server; a bucket of your own with new_bucket(). stop() and start(): away and back, the objects stay."""

    _numbers = itertools.count(1)

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vedette-s3-"))
        self.port, self.monitor_port, self.fsid = free_port(), free_port(), str(uuid.uuid4())
        self.library = next(entry for entry in (programs() / "usr/lib").iterdir() if (entry / "rados-classes").exists())
        self.running: dict[str, subprocess.Popen] = {}
        for name in ("mon", "osd", "rgw"):
            (self.folder / name).mkdir()
        self._write_configuration()
        monitors = self.folder / "monmap"
        self._run("monmaptool", "--create", "--fsid", self.fsid, "--addv", "a", f"[v1:127.0.0.1:{self.monitor_port}]", monitors)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monitors)
        self._start("ceph-mon", "-f", "-i", "a")
        store = str(uuid.uuid4())
        self._run("ceph", "--connect-timeout", "30", "osd", "new", store)
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", store)
        self._start("ceph-osd", "-f", "-i", "0")
        self._run("radosgw-admin", "-n", "client.rgw", "user", "create", "--uid", "vedette", "--display-name", "Vedette", "--max-buckets", "0",
                  "--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY)
        self.start()

    def _write_configuration(self) -> None:
        (self.folder / "ceph.conf").write_text(f"""[global]
fsid = {self.fsid}
mon host = v1:127.0.0.1:{self.monitor_port}
ms mon bind msgr2 = false
public network = 127.0.0.0/8
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd crush chooseleaf type = 0
osd pool default pg num = 8
mon max pg per osd = 1000
mon warn on pool no redundancy = false
run dir = {self.folder}
admin socket =
log file =
log to file = false
err to stderr = true
plugin dir = {self.library}/ceph
erasure code dir = {self.library}/ceph/erasure-code
osd class dir = {self.library}/rados-classes
[mon]
mon data = {self.folder}/mon
mon allow pool size one = true
mon cluster log file =
[osd]
osd data = {self.folder}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd class load list = *
osd class default list = *
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{self.port}
rgw thread pool size = 32
rgw enable usage log = false
rgw data = {self.folder}/rgw
""")

    def _popen(self, name: str, words) -> subprocess.Popen:
        words = [str(programs() / "usr/bin" / name), *map(str, words), "-c", str(self.folder / "ceph.conf")]
        environment = {**os.environ, "LD_LIBRARY_PATH": f"{self.library}:{self.library}/ceph:{programs()}/lib/x86_64-linux-gnu",
                       "PYTHONPATH": f"{programs()}/usr/lib/python3/dist-packages"}
        if name == "ceph":
            words.insert(0, "/usr/bin/python3")
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment, cwd=self.folder, start_new_session=True)
        keep(process)
        return process

    def _start(self, name: str, *words) -> None:
        self.running[name] = self._popen(name, words)

    def _run(self, name: str, *words) -> None:
        process = self._popen(name, words)

        def has_ended():
            # It ends at its start when it hears of the monitor's identity too late.
            store = self.running.get("ceph-osd")
            if store and store.poll() is not None:
                self._start("ceph-osd", "-f", "-i", "0")
            return process.poll() is not None
        wait_until(f"{name} ends", has_ended, 120)
        assert process.returncode == 0, f"{name}: {(self.folder / 'log').read_text(errors='replace')[-3000:]}"

    def start(self) -> None:
        self._start("radosgw", "-f", "-n", "client.rgw")
        wait_until("radosgw answers", lambda: self.request("GET", "/").status == 200, 120)

    def stop(self) -> None:
        gateway = self.running.pop("radosgw")
        gateway.terminate()
        gateway.wait(60)

    def request(self, method: str, path: str, query: str = "") -> http.client.HTTPResponse:
        """Signed (version 4), without a body; the answer is read whole into `.content`."""
        now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
        host, empty = f"127.0.0.1:{self.port}", hashlib.sha256(b"").hexdigest()
        canonical = f"{method}\n{path}\n{query}\nhost:{host}\nx-amz-content-sha256:{empty}\nx-amz-date:{now}\n\nhost;x-amz-content-sha256;x-amz-date\n{empty}"
        scope = f"{now[:8]}/{REGION}/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = ("AWS4" + SECRET_KEY).encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path + ("?" + query if query else ""), headers={
                "x-amz-date": now, "x-amz-content-sha256": empty,
                "Authorization": f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}"})
            response = connection.getresponse()
            response.content = response.read()
            return response
        finally:
            connection.close()

    def new_bucket(self) -> dict[str, str]:
        """An empty bucket, as the environment of a server that uses it."""
        bucket = f"bucket-{next(self._numbers)}"
        answer = self.request("PUT", f"/{bucket}")
        assert answer.status == 200, answer.content
        return {"VEDETTE_BLOB_BUCKET": bucket, "VEDETTE_BLOB_ENDPOINT": f"http://127.0.0.1:{self.port}", "VEDETTE_BLOB_REGION": REGION,
                "VEDETTE_BLOB_ACCESS_KEY": ACCESS_KEY, "VEDETTE_BLOB_SECRET_KEY": SECRET_KEY}

    def keys(self, bucket: str) -> set[str]:
        """Of all objects in the bucket."""
        keys, after = set(), ""
        while True:
            query = "list-type=2" + (f"&start-after={urllib.parse.quote(after, safe='')}" if after else "")
            root = xml.etree.ElementTree.fromstring(self.request("GET", f"/{bucket}", query).content)
            space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
            page = [entry.findtext(f"{space}Key") for entry in root.iter(f"{space}Contents")]
            keys.update(page)
            if root.findtext(f"{space}IsTruncated") != "true" or not page:
                return keys
            after = page[-1]

    def close(self) -> None:
        for process in reversed(self.running.values()):
            process.kill()
            process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)
