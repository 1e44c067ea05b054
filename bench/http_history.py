#!/usr/bin/env python3
"""The cached history of 1,000 rows from our HTTP layer, from nginx (same bytes as a file) and from FastAPI, in one run.

    http_history.py PROGRAM [--threads 1] [--seconds 4] [--rounds 5] [--fastapi VENV] [--sse CLIENT] [--peers FOLDER]
                    [--beside OTHER]

PROGRAM is bench/http_serve of the `bench` preset, OTHER that of another version. nginx and wrk come from Debian (nginx-light, wrk). VENV is made by
setup.sh of the web peers, CLIENT (sse_clients) is built by it too; FOLDER is where these peers lie, by default
$VEDETTE_PEERS/web or ../shared/peers/web beside the repository. Rounds alternate between the servers, so that other
load meets all alike; a figure is the median of its rounds, a ratio the median of the rounds' ratios.
"""
import argparse
import gzip
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
PATH = "/api/traffic/history"
NGINX = """
worker_processes {threads};
daemon off;
pid {dir}/nginx.pid;
error_log {dir}/error.log error;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on;
  keepalive_requests 100000000; open_file_cache max=100; open_file_cache_valid 60s;
  types {{ application/json json; }}
  client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3;
  uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;
  server {{ listen 127.0.0.1:{port} backlog=1024; root {dir}; gzip_static on;
    location = {path} {{ default_type application/json; alias {dir}/history.json; }} }}
}}
"""


class Peer:
    def __init__(self, name: str, command: list[str], port: int, cwd: pathlib.Path | None = None, path: str = PATH):
        self.name, self.path, self.port = name, path, port
        self.process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if port == 0:
            self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}{path}"
        for _ in range(200):
            try:
                with urllib.request.urlopen(self.url) as answer:
                    self.body, self.etag = answer.read(), answer.headers["ETag"]
                return
            except OSError:
                time.sleep(0.05)
        sys.exit(f"{name} does not answer at {self.url}")

    def pids(self) -> list[int]:
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        return [self.process.pid, *map(int, children)]

    def cpu_s(self) -> float:
        total = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


def free_port() -> int:
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_nginx(rows: bytes, threads: int, folder: pathlib.Path) -> Peer:
    (folder / "history.json").write_bytes(rows)
    (folder / "history.json.gz").write_bytes(gzip.compress(rows, 6, mtime=0))
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(threads=threads, dir=folder, port=port, path=PATH))
    return Peer("nginx", ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")], port)


def start_fastapi(venv: pathlib.Path, peers: pathlib.Path, threads: int) -> Peer:
    port = free_port()
    return Peer("fastapi", [str(venv / "bin/uvicorn"), "fastapi_app:app", "--port", str(port), "--workers", str(threads),
                            "--log-level", "critical", "--no-access-log", "--loop", "uvloop", "--http", "httptools"], port, peers)


def measure(peer: Peer, seconds: int, headers: list[str]) -> tuple[float, float, float]:
    """Requests a second, microseconds of the server's processor time a request, p99 in ms."""
    cpu = peer.cpu_s()
    words = ["wrk", "-t2", "-c64", f"-d{seconds}s", "--latency", *(w for h in headers for w in ("-H", h)), peer.url]
    out = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    if wrong := re.findall(r"(?:Non-2xx|Socket errors)[^\n]*", out):
        print(f"{peer.name}: {'; '.join(wrong)}", file=sys.stderr)
        if peer.name == "vedette":
            sys.exit(1)
    count = int(re.search(r"(\d+) requests in", out)[1])
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", out)
    return (float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), (peer.cpu_s() - cpu) / count * 1e6,
            float(p99[1]) * {"us": 1e-3, "ms": 1, "s": 1e3}[p99[2]])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kinds", default="plain,gzip,304")
    parser.add_argument("--beside", type=pathlib.Path)
    parser.add_argument("--fastapi", type=pathlib.Path)
    parser.add_argument("--sse", type=pathlib.Path)
    parser.add_argument("--peers", type=pathlib.Path, default=pathlib.Path(os.environ.get("VEDETTE_PEERS", ROOT.parent / "shared/peers")) / "web")
    options = parser.parse_args()
    sys.path.insert(0, str(options.peers))
    import history
    rows = history.as_json()

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)  # nginx's workers are another user
        (folder / "rows.json").write_bytes(rows)
        ours = Peer("vedette", [str(options.program), str(folder / "rows.json"), str(options.threads)], 0)
        peers = [ours, start_nginx(rows, options.threads, folder)]
        if options.beside:
            peers.append(Peer("the other version", [str(options.beside), str(folder / "rows.json"), str(options.threads)], 0))
        if options.fastapi:
            peers.append(start_fastapi(options.fastapi, options.peers, options.threads))
        try:
            for kind in options.kinds.split(","):
                rounds: dict[str, list[tuple[float, float, float]]] = {peer.name: [] for peer in peers}
                for number in range(options.rounds + 1):
                    for peer in peers:
                        assert json.loads(peer.body) == json.loads(rows)
                        if kind == "gzip" and peer.name == "fastapi":
                            continue
                        headers = {"plain": [], "gzip": ["Accept-Encoding: gzip"], "304": [f"If-None-Match: {peer.etag}"]}[kind]
                        taken = measure(peer, options.seconds if number else 1, headers)
                        if number:  # the first round warms up
                            rounds[peer.name].append(taken)
                for peer in peers:
                    if not rounds[peer.name]:
                        continue
                    rate, cpu, p99 = (statistics.median(column) for column in zip(*rounds[peer.name]))
                    line = {"kind": kind, "server": peer.name, "threads": options.threads, "req_s": round(rate), "cpu_us_a_request": round(cpu, 2), "p99_ms": round(p99, 2)}
                    if peer is not ours:
                        pairs = list(zip(rounds["vedette"], rounds[peer.name]))
                        line["ours_to_it"] = round(statistics.median(a[0] / b[0] for a, b in pairs), 3)
                    print(json.dumps(line), flush=True)
            if options.sse:
                subprocess.run([str(options.sse), str(ours.process.pid), str(ours.port), "/api/events", "POST", "/api/emit", "1000", "50"], check=True)
        finally:
            for peer in peers:
                peer.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
