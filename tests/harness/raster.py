"""Rasters and tiles read by nothing of ours: a GeoTIFF of deflated 16-bit tiles, and PNG."""
import functools
import struct
import zlib


class Raster:
    """The full size of a cloud-optimized GeoTIFF of one band of int16 with predictor 2; -32768 is no data."""

    def __init__(self, content: bytes):
        self.content = content
        assert content[:4] == b"II*\0"
        at = struct.unpack_from("<I", content, 4)[0]
        self.tags = {}
        for i in range(struct.unpack_from("<H", content, at)[0]):
            entry = at + 2 + 12 * i
            tag, kind, count = struct.unpack_from("<HHI", content, entry)
            width = {1: 1, 2: 1, 3: 2, 4: 4, 12: 8}[kind]
            place = entry + 8 if width * count <= 4 else struct.unpack_from("<I", content, entry + 8)[0]
            letter = {1: "B", 2: "B", 3: "H", 4: "I", 12: "d"}[kind]
            self.tags[tag] = struct.unpack_from(f"<{count}{letter}", content, place)
        self.width, self.height, self.side = self.tags[256][0], self.tags[257][0], self.tags[322][0]
        assert (self.tags[258], self.tags[259], self.tags[317]) == ((16,), (8,), (2,))
        self.scale = float(bytes(self.tags[42112]).decode().partition('role="scale">')[2].partition("<")[0])

    @functools.cache
    def tile(self, number: int) -> list[int]:
        begin = self.tags[324][number]
        plain = zlib.decompress(self.content[begin:begin + self.tags[325][number]])
        values = list(struct.unpack(f"<{self.side * self.side}h", plain))
        for row in range(0, len(values), self.side):
            for x in range(row + 1, row + self.side):
                values[x] = (values[x] + values[x - 1] + 32768) % 65536 - 32768
        return values

    def value(self, x: int, y: int) -> float | None:
        columns = (self.width + self.side - 1) // self.side
        code = self.tile(y // self.side * columns + x // self.side)[y % self.side * self.side + x % self.side]
        return None if code == -32768 else code * self.scale


class Png:
    """Rows of a PNG with filters "none" and "up"; its palette, and what of it is clear."""

    def __init__(self, content: bytes):
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        chunks, at = {}, 8
        while at < len(content):
            size, name = struct.unpack_from(">I4s", content, at)
            body = content[at + 8:at + 8 + size]
            assert struct.unpack_from(">I", content, at + 8 + size)[0] == zlib.crc32(name + body)
            chunks[name] = chunks.get(name, b"") + body
            at += 12 + size
        self.width, self.height, _, self.kind = struct.unpack_from(">IIBB", chunks[b"IHDR"])
        self.samples = {2: 3, 3: 1, 6: 4}[self.kind]
        colours = chunks.get(b"PLTE", b"")
        self.palette = [tuple(colours[i:i + 3]) for i in range(0, len(colours), 3)]
        self.clear = [alpha == 0 for alpha in chunks.get(b"tRNS", b"")]
        plain, step = zlib.decompress(chunks[b"IDAT"]), self.width * self.samples
        self.rows, above = [], bytes(step)
        for row in range(self.height):
            kind, line = plain[row * (step + 1)], plain[row * (step + 1) + 1:(row + 1) * (step + 1)]
            assert kind in (0, 2)
            above = bytes((a + b) % 256 for a, b in zip(line, above)) if kind == 2 else line
            self.rows.append(above)

    def pixel(self, x: int, y: int) -> tuple[int, ...] | None:
        """Red, green, blue; None where it is clear."""
        sample = self.rows[y][x * self.samples:(x + 1) * self.samples]
        if self.kind == 3:
            return None if sample[0] < len(self.clear) and self.clear[sample[0]] else self.palette[sample[0]]
        return None if self.kind == 6 and sample[3] == 0 else tuple(sample[:3])
