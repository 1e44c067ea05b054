"""An HTTP client that holds every answer against the OpenAPI file, and a reader of server-sent events."""
import dataclasses
import http.client
import json
import socket
import urllib.parse

from harness.contract import contract


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def error_code(self) -> str:
        return self.json()["error"]["code"]


@dataclasses.dataclass
class Event:
    id: str | None = None
    name: str = "message"
    data: str = ""

    def json(self):
        return json.loads(self.data)


class Client:
    """One connection a request, so that no test depends on another's connection."""

    def __init__(self, host: str, port: int, token: str | None = None, timeout_s: float = 20):
        self.host, self.port, self.token, self.timeout_s = host, port, token, timeout_s

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def request(self, method: str, target: str, body: object = None, headers: dict[str, str] | None = None, check: bool = True) -> Answer:
        """Sends bytes as they are, anything else as JSON. With check, the OpenAPI file must allow the answer."""
        sent = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout_s)
        try:
            connection.request(method, target, body, sent)
            response = connection.getresponse()
            answer = Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        finally:
            connection.close()
        if check:
            encoded = answer.headers.get("content-encoding", "identity") != "identity"
            path = urllib.parse.unquote(urllib.parse.urlsplit(target).path)
            if not encoded:
                contract().check(method, path, answer.status, answer.headers.get("content-type", ""), answer.body)
        return answer

    def get(self, target: str, **options) -> Answer:
        return self.request("GET", target, **options)

    def post(self, target: str, body: object = None, **options) -> Answer:
        return self.request("POST", target, body, **options)

    def put(self, target: str, body: object = None, **options) -> Answer:
        return self.request("PUT", target, body, **options)

    def patch(self, target: str, body: object = None, **options) -> Answer:
        return self.request("PATCH", target, body, **options)

    def delete(self, target: str, **options) -> Answer:
        return self.request("DELETE", target, **options)

    def fetch(self, target: str):
        """The JSON of a GET that must succeed."""
        answer = self.get(target)
        assert answer.status == 200, f"GET {target}: {answer.status} {answer.body[:300]!r}"
        return answer.json()

    def raw(self, timeout_s: float | None = None) -> socket.socket:
        """A bare connection, for what no client library would send."""
        return socket.create_connection((self.host, self.port), timeout=timeout_s or self.timeout_s)

    def stream(self, target: str, headers: dict[str, str] | None = None) -> "Stream":
        return Stream(self, target, headers or {})


class Stream:
    """An open answer that does not end: `with client.stream("/api/events") as stream: stream.event()`."""

    def __init__(self, client: Client, target: str, headers: dict[str, str]):
        self.connection = http.client.HTTPConnection(client.host, client.port, timeout=client.timeout_s)
        if client.token:
            headers = {"Authorization": f"Bearer {client.token}", **headers}
        self.connection.request("GET", target, headers=headers)
        self.response = self.connection.getresponse()
        self.status = self.response.status
        contract().note("GET", urllib.parse.unquote(urllib.parse.urlsplit(target).path), self.status)
        self.headers = {name.lower(): value for name, value in self.response.getheaders()}

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.response.close()
        self.connection.close()

    def read(self, size: int) -> bytes:
        return self.response.read(size)

    def event(self) -> Event:
        """The next event; comments that keep the line alive are skipped. Raises OSError when none comes in time."""
        event, has_data = Event(), False
        while True:
            line = self.response.readline()
            if not line:
                raise ConnectionError("the stream ended")
            text = line.decode().rstrip("\r\n")
            if not text:
                if has_data:
                    return event
                event = Event(id=event.id)
                continue
            field, _, value = text.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                event.data += ("\n" if has_data else "") + value
                has_data = True
            elif field == "event":
                event.name = value
            elif field == "id":
                event.id = value

    def event_named(self, name: str, most: int = 1000) -> Event:
        """The next event of that name among at most `most`."""
        for _ in range(most):
            event = self.event()
            if event.name == name:
                return event
        raise AssertionError(f"no event {name} among {most}")
