"""Clients that mean no good: each gets a 4xx or is cut off, memory stays bounded, and others are served all the while."""
import contextlib
import resource
import socket

import pytest

from harness.wait import wait_until


@pytest.fixture
def server(serve):
    return serve(environment={"VEDETTE_HTTP_HEADER_TIMEOUT": "2s", "VEDETTE_HTTP_MAX_BODY": "1MiB"})


def answer_to(server, sent: bytes) -> bytes:
    """What comes back until the server closes or 10 s have passed."""
    got = b""
    with server.client.raw(10) as connection, contextlib.suppress(ConnectionError, TimeoutError):
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        while len(got) < 65536 and (more := connection.recv(65536)):
            got += more
    return got


def is_refused(got: bytes) -> bool:
    return got == b"" or got.split(b" ", 2)[1].startswith(b"4")


@pytest.mark.parametrize("sent", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"GET /%00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /..%2f..%2fetc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /assets/../../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /assets/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"POST /api/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /api/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    b"POST /api/cameras HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"TRACE / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /api/traffic/history?from=yesterday HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
])
def test_malformed_requests_are_refused(server, sent):
    got = answer_to(server, sent.replace(b"Host: 127.0.0.1\r\n", b"Host: 127.0.0.1:%d\r\n" % server.port, 1))
    assert is_refused(got), got[:200]
    assert b"root:" not in got
    assert server.client.get("/healthz").status == 200


def test_a_body_beyond_the_bound_is_413(server):
    assert server.client.post("/api/cameras", b"[" + b"1," * 1_000_000 + b"1]", headers={"Content-Type": "application/json"}).status == 413


def test_a_header_that_never_ends_is_cut_off(server):
    with server.client.raw(15) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
        assert server.client.get("/healthz").status == 200
        with contextlib.suppress(ConnectionError):
            got = slow.recv(4096)
            assert is_refused(got), got


def test_two_thousand_connections_leave_room_for_others(server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    before = server.resident_bytes()
    with contextlib.ExitStack() as stack:
        for number in range(2000):
            connection = stack.enter_context(server.client.raw())
            if number % 2:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % server.port)
        assert server.client.get("/healthz").status == 200
        assert server.client.get("/readyz").status == 200
        assert server.resident_bytes() - before < 128 * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    wait_until("it goes on", lambda: server.client.get("/readyz").status == 200)


def test_a_reader_that_stops_reading_is_bounded(server):
    """Streams of events whose clients take nothing: the server's memory does not follow what it would send."""
    before = server.resident_bytes()
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            connection = stack.enter_context(server.client.raw())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % server.port)
        for number in range(100):
            camera = {"name": f"Camera {number}", "source": "x.mp4", "enabled": False}
            server.client.post("/api/cameras", camera)
        assert server.resident_bytes() - before < 64 * 1024 * 1024
        assert server.client.get("/readyz").status == 200
