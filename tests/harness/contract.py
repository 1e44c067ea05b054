"""Holds answers of the server against docs/api/openapi.yaml."""
import datetime
import functools
import json
import pathlib
import re

import jsonschema
import referencing
import referencing.jsonschema
import yaml

from harness import ROOT

FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date-time")
def is_utc_instant(value: object) -> bool:
    """All times are RFC 3339 in UTC, written with Z."""
    if not isinstance(value, str):
        return True
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,6})?Z", value)
    if not match:
        return False
    try:
        datetime.datetime.fromisoformat(match.group(1))
    except ValueError:
        return False
    return True


class Contract:
    def __init__(self, document: dict):
        self.document = document
        resource = referencing.Resource.from_contents(document, default_specification=referencing.jsonschema.DRAFT202012)
        self.registry = referencing.Registry().with_resource("urn:vedette", resource)
        self.templates = [(self.pattern(template), template) for template in document["paths"]]
        # Literal segments before {parameters}: /api/cameras/new is not the camera `new`.
        self.templates.sort(key=lambda entry: entry[1].count("{"))
        self.seen: set[tuple[str, str, str]] = set()

    def operations(self):
        """(METHOD, path with {parameters}, operation) of each operation of the file."""
        for template, node in self.document["paths"].items():
            for method in ("get", "put", "post", "delete", "patch"):
                if method in node:
                    yield method.upper(), template, node[method]

    @staticmethod
    def pattern(template: str) -> re.Pattern:
        return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", template)))

    def resolve(self, node: dict, pointer: str) -> tuple[dict, str]:
        while "$ref" in node:
            pointer = node["$ref"].removeprefix("#")
            node = self.document
            for part in pointer.strip("/").split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
        return node, pointer

    def operation(self, method: str, path: str) -> tuple[str, dict] | None:
        for pattern, template in self.templates:
            if pattern.fullmatch(path):
                # HEAD is GET without the body.
                node = self.document["paths"][template].get("get" if method == "HEAD" else method.lower())
                return (template, node) if node else None
        return None

    def check(self, method: str, path: str, status: int, content_type: str, body: bytes) -> None:
        """Raises AssertionError when the file does not allow this answer. Paths outside the API pass (the UI's files)."""
        found = self.operation(method, path)
        if not found:
            is_known = any(pattern.fullmatch(path) for pattern, _ in self.templates)
            if is_known or path.startswith("/api/"):
                allowed = (400, 401, 403, 405, 413, 501) if is_known else (400, 401, 403, 404, 405)
                assert status in allowed, f"{method} {path} answers {status}, but is not in openapi.yaml"
            return
        template, operation = found
        key = self.note(method, path, status, body)
        responses = operation["responses"]
        escaped = template.replace("~", "~0").replace("/", "~1")
        verb = "get" if method == "HEAD" else method.lower()
        response, pointer = self.resolve(responses[key], f"/paths/{escaped}/{verb}/responses/{key}")
        content = response.get("content")
        if method == "HEAD" or status == 304:
            assert not body, f"{method} {template} {status} carries a body"
            return
        if not content:
            assert not body, f"{method} {template} {status} carries a body that openapi.yaml does not know: {body[:200]!r}"
            return
        media = content_type.split(";")[0].strip().lower()
        assert media in content, f"{method} {template} {status} is {media!r}; openapi.yaml knows {sorted(content)}"
        if media == "application/json" and "schema" in content[media]:
            self.validate(f"urn:vedette#{pointer}/content/application~1json/schema", f"{method} {template} {status}", json.loads(body))

    def note(self, method: str, path: str, status: int, body: bytes = b"") -> str:
        """Remembers that this answer came. The key under which the file has it; raises AssertionError when it has it not."""
        template, operation = self.operation(method, path)
        responses = operation["responses"]
        key = str(status) if str(status) in responses else f"{status // 100}XX" if f"{status // 100}XX" in responses else "default"
        assert key in responses, f"{method} {template} may not answer {status}: {body[:300]!r}"
        self.seen.add((method, template, key))
        return key

    def write_seen(self, file: pathlib.Path) -> None:
        """Adds what was seen to the file, for tests/e2e/seen.py."""
        with file.open("a") as out:
            out.writelines(f"{method} {template} {key}\n" for method, template, key in sorted(self.seen))

    def validate(self, reference: str, where: str, value: object) -> None:
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": reference}
        errors = list(jsonschema.Draft202012Validator(schema, registry=self.registry, format_checker=FORMATS).iter_errors(value))
        assert not errors, f"{where} is not as openapi.yaml says: " + "; ".join(
            f"{'/'.join(str(part) for part in error.absolute_path) or 'the whole'}: {error.message[:300]}" for error in errors[:5])


@functools.cache
def contract() -> Contract:
    return Contract(yaml.safe_load((ROOT / "docs/api/openapi.yaml").read_text()))
