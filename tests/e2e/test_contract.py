"""The OpenAPI file itself, and that an answer it does not allow is noticed."""
import pathlib
import subprocess
import sys

import pytest

from harness.contract import Contract, contract

SMALL = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {
        "/api/things/{id}": {"get": {"operationId": "getThing", "responses": {
            "200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
            "304": {"description": ""},
            "404": {"$ref": "#/components/responses/Error"}}}},
        "/api/things/all": {"get": {"operationId": "allThings", "responses": {"204": {"description": ""}}}},
    },
    "components": {
        "schemas": {"Thing": {"type": "object", "required": ["at"], "properties": {"at": {"type": "string", "format": "date-time"}}}},
        "responses": {"Error": {"description": "", "content": {"application/json": {"schema": {"type": "object", "required": ["error"]}}}}},
    },
}


def check(status, body=b"", path="/api/things/1", method="GET", content_type="application/json"):
    Contract(SMALL).check(method, path, status, content_type, body)


def test_what_the_file_allows_passes():
    check(200, b'{"at": "2026-11-22T15:00:00Z"}')
    check(200, b'{"at": "2026-11-22T15:00:00.25Z"}')
    check(404, b'{"error": {}}')
    check(304)
    check(204, path="/api/things/all")
    check(404, path="/api/none")
    check(405, method="POST")
    check(200, b"<html>", path="/roads", content_type="text/html")


@pytest.mark.parametrize("answer", [
    {"status": 200, "body": b'{"at": 5}'},
    {"status": 200, "body": b"{}"},
    {"status": 200, "body": b'{"at": "2026-11-22T15:00:00+01:00"}'},
    {"status": 200, "body": b'{"at": "2026-13-22T15:00:00Z"}'},
    {"status": 200, "body": b"x", "content_type": "text/plain"},
    {"status": 404, "body": b"{}"},
    {"status": 500, "body": b"{}"},
    {"status": 304, "body": b"{}"},
    {"status": 200, "body": b"{}", "path": "/api/things/all"},
    {"status": 200, "path": "/api/none"},
    {"status": 200, "method": "POST"},
])
def test_what_the_file_does_not_allow_is_noticed(answer):
    with pytest.raises(AssertionError):
        check(**answer)


def test_what_was_seen_is_written_down(tmp_path):
    small = Contract(SMALL)
    small.check("GET", "/api/things/1", 404, "application/json", b'{"error": {}}')
    small.note("GET", "/api/things/all", 204)
    small.write_seen(tmp_path / "seen")
    assert (tmp_path / "seen").read_text() == "GET /api/things/all 204\nGET /api/things/{id} 404\n"


def test_a_promise_that_nobody_saw_fails(tmp_path):
    (tmp_path / "seen").write_text("GET /healthz 200\n")
    done = subprocess.run([sys.executable, pathlib.Path(__file__).with_name("seen.py"), tmp_path / "seen"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "GET /readyz was never seen to answer 503 (readyz)" in done.stdout and "GET /healthz was never seen to answer 200" not in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 passed, ")


def references(node, pointer=""):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield pointer, value
            else:
                yield from references(value, f"{pointer}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from references(value, f"{pointer}/{index}")


def test_every_reference_of_the_file_leads_somewhere():
    document = contract()
    for pointer, reference in references(document.document):
        assert reference.startswith("#/"), f"{pointer}: {reference}"
        document.resolve({"$ref": reference}, "")


def test_every_operation_has_a_name_of_its_own_and_answers():
    names = []
    for path, operations in contract().document["paths"].items():
        for method, operation in operations.items():
            if method in ("get", "put", "post", "delete", "patch", "head"):
                names.append(operation["operationId"])
                assert operation["responses"], f"{method} {path}"
    assert names and len(names) == len(set(names))
