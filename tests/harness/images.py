"""Pictures for the tests of the fields, and their way into a server."""
import pathlib
import random
import struct
import zlib

from harness.client import Answer, Client
from harness.wait import wait_until

BOUNDARY = "vedette-tests-boundary"
ENDED = ("completed", "failed")


def png(seed: int = 1, width: int = 96, height: int = 64) -> bytes:
    """A colour picture that no other seed gives: green and brown, as a field."""
    noise = random.Random(seed)
    rows = b"".join(b"\0" + bytes(channel for x in range(width) for channel in
                                  (60 + noise.randrange(60), 90 + (x * 100 // width) + noise.randrange(40), 30 + noise.randrange(40)))
                    for _ in range(height))

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def broken(seed: int = 1) -> bytes:
    """Begins as a picture and is none."""
    return b"\xff\xd8\xff\xe0" + random.Random(seed).randbytes(2000)


def form(files: list[tuple[str, bytes]], fields: dict[str, str] | None = None) -> bytes:
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode()
             + content + b"\r\n" for name, content in files]
    parts += [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in (fields or {}).items()]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def upload(client: Client, *files: tuple[str, bytes], path: str = "/api/upload", **fields: str) -> Answer:
    return client.post(path, form(list(files), fields), headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})


def upload_file(client: Client, file: pathlib.Path, **fields: str) -> str:
    """The image's id."""
    answer = upload(client, (file.name, file.read_bytes()), **fields)
    assert answer.status == 200, answer.body[:500]
    return answer.json()["id"]


def ended(client: Client, image: str, timeout_s: float = 120) -> dict:
    """The image, once it is completed or failed."""
    def look():
        found = client.fetch(f"/api/images/{image}")
        return found if found["processing_status"] in ENDED else None
    return wait_until(f"image {image} is completed or failed", look, timeout_s)


def all_images(client: Client) -> list[dict]:
    rows, cursor = [], ""
    while cursor is not None:
        page = client.fetch(f"/api/images?limit=1000&cursor={cursor}")
        rows += page["images"]
        cursor = page["next"]
    return rows


class Objects:
    """Where a server's objects are (its environment), and which there are."""

    def __init__(self, environment: dict[str, str], keys):
        self.environment, self.keys = environment, keys

    @classmethod
    def in_folder(cls, folder: pathlib.Path) -> "Objects":
        def keys():
            return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} if folder.exists() else set()
        return cls({"VEDETTE_BLOB_FOLDER": str(folder)}, keys)


def named(client) -> set[tuple[str, ...]]:
    """What the rows name: originals by their name, products by image and name."""
    names = set()
    for row in all_images(client):
        names.add(("images", row["filename"]))
        names |= {("products", row["id"], product["name"]) for product in client.fetch(f"/api/images/{row['id']}")["products"]}
    return names


def stored(keys) -> set[tuple[str, ...]]:
    parts = [key.removeprefix("fields/").split("/") for key in keys if not key.startswith(".incoming")]
    return {("images", part[-1]) if part[0] == "images" else (part[0], part[1], part[-1]) for part in parts}
