"""Logging in and out over HTTP, every answer held against the OpenAPI file."""
import hashlib

import pytest

PASSWORD = "correct horse battery"


def password_hash(password: str, iterations: int = 1000) -> str:
    """As `vedette config hash-password` makes it, with few iterations so that tests are quick."""
    salt = bytes(range(16))
    return f"pbkdf2-sha256${iterations}${salt.hex()}${hashlib.pbkdf2_hmac('sha256', password.encode(), salt, iterations).hex()}"


@pytest.fixture
def guarded(serve):
    """A server behind a proxy that ends TLS: its loopback address is as open to the world as the proxy is."""
    return serve(environment={"VEDETTE_AUTH_BEHIND_TLS": "true", "VEDETTE_AUTH_PASSWORD_HASH": password_hash(PASSWORD)}).client


def log_in(client, password=PASSWORD, user="admin", **headers):
    return client.post("/api/login", {"user": user, "password": password}, headers=headers)


def test_log_in_session_log_out(guarded, tmp_path):
    assert guarded.fetch("/api/session") == {"may_write": False, "login_required": True, "user": None}
    assert guarded.post("/api/logout").status == 204
    entered = log_in(guarded)
    assert entered.status == 200
    session = {"may_write": True, "login_required": True, "user": "admin"}
    assert entered.json() == session
    for word in ("HttpOnly", "SameSite=Strict", "Secure"):
        assert word in entered.headers["set-cookie"]
    cookie = {"Cookie": entered.headers["set-cookie"].split(";")[0]}
    assert guarded.get("/api/session", headers=cookie).json() == session
    camera = {"name": "Mill Street", "source": str(tmp_path / "none.mp4"), "enabled": False}
    assert guarded.post("/api/cameras", camera, headers=cookie).status == 201
    assert guarded.post("/api/logout", headers=cookie).status == 204
    assert guarded.get("/api/session", headers=cookie).json()["user"] is None
    assert guarded.post("/api/cameras", camera, headers=cookie).status == 401


def test_bad_log_ins(guarded):
    assert log_in(guarded, "wrong").status == 401
    assert log_in(guarded, user="somebody").status == 401
    assert guarded.post("/api/login", b"{", headers={"Content-Type": "application/json"}).status == 400
    assert guarded.post("/api/login", {"user": "admin"}).status == 400
    assert guarded.post("/api/login", b"x", headers={"Content-Type": "text/plain"}).status == 415
    assert guarded.post("/api/login", {"user": "admin", "password": "x" * 5000}).status == 413
    assert log_in(guarded, Origin="http://evil.example").status == 403


def test_strangers_behind_the_proxy_lock_nobody_out(guarded):
    stranger = {"X-Forwarded-For": "203.0.113.9"}
    for _ in range(10):
        assert log_in(guarded, "wrong", **stranger).status == 401
    refused = log_in(guarded, "wrong", **stranger)
    assert refused.status == 429 and refused.headers["retry-after"] == "60"
    assert log_in(guarded, "wrong", **{"X-Forwarded-For": "198.51.100.1"}).status == 401
    assert log_in(guarded, **{"X-Forwarded-For": "198.51.100.1"}).status == 200
    assert log_in(guarded, **stranger).status == 200, "also from where the stranger is"


def test_without_a_password_there_is_nothing_to_log_in_to(serve):
    client = serve().client
    assert client.fetch("/api/session") == {"may_write": True, "login_required": False, "user": None}
    assert log_in(client).status == 404
