#!/usr/bin/env python3
"""Writes NAME.cpp and NAME.S, which hold the files of a folder as a table; see EmbedFiles.cmake.

Compressed forms are kept in OUT/packed under the hash of their content, so that a rebuild compresses what is new and
nothing else. Both outputs are rewritten only when they change, except for their times.
"""
import argparse
import gzip
import hashlib
import mimetypes
import re
import subprocess
import sys
from pathlib import Path

TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json", ".geojson": "application/geo+json", ".map": "application/json",
    ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8", ".yaml": "application/yaml",
    ".webmanifest": "application/manifest+json", ".wasm": "application/wasm", ".woff2": "font/woff2",
    ".pbf": "application/x-protobuf", ".ico": "image/vnd.microsoft.icon", ".webp": "image/webp",
}
COMPRESSIBLE = {".html", ".css", ".js", ".mjs", ".json", ".geojson", ".map", ".svg", ".txt", ".yaml", ".webmanifest",
                ".wasm", ".pbf", ".ico"}
# What Vite names by content: assets/index-Dq3xK9_a.js. Such a name never means other bytes.
IMMUTABLE = re.compile(r"^assets/.*-[A-Za-z0-9_-]{8}\.[a-z0-9]+$")


def content_type(path: Path) -> str:
    return TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def pack(data: bytes, digest: str, packed: Path, suffix: str) -> Path | None:
    """The compressed form's file, or None where compressing saves less than a tenth."""
    target = packed / (digest + suffix)
    if not target.exists():
        if suffix == ".gz":
            result = gzip.compress(data, 9, mtime=0)
        else:
            done = subprocess.run(["brotli", "-q", "11", "-w", "22", "-c", "-"], input=data, capture_output=True)
            if done.returncode != 0:
                sys.exit(f"embed: brotli failed: {done.stderr.decode().strip()}")
            result = done.stdout
        target.write_bytes(result)
    return target if target.stat().st_size < len(data) * 0.9 else None


def quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    path.touch()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    packed = options.out / "packed"
    packed.mkdir(parents=True, exist_ok=True)
    if options.folder and not options.folder.is_dir():
        sys.exit(f"embed: there is no folder {options.folder}")
    files = sorted(p for p in options.folder.rglob("*") if p.is_file()) if options.folder else []

    symbols: list[tuple[str, Path, str]] = []
    rows: list[str] = []
    used = set()

    def embed(index: int, kind: str, path: Path, digest: str) -> str:
        symbol = f"vedette_embed_{options.name}_{index}_{kind}"
        symbols.append((symbol, path, digest))
        return f"view({symbol}, {symbol}_end)"

    for index, path in enumerate(files):
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        name = path.relative_to(options.folder).as_posix()
        views = {"gz": "{}", "br": "{}"}
        if path.suffix in COMPRESSIBLE and len(data) >= 512:
            for kind in views:
                if form := pack(data, digest, packed, "." + kind):
                    used.add(form.name)
                    views[kind] = embed(index, kind, form, digest)
        plain = embed(index, "plain", path.resolve(), digest)
        rows.append(f"      {{{quote(name)}, {quote(content_type(path))},\n       {plain},\n       {views['gz']},\n"
                    f"       {views['br']},\n       {quote(digest[:32])}, {str(bool(IMMUTABLE.match(name))).lower()}}},")
    for old in packed.iterdir():
        if old.name not in used and not any(old.name.startswith(digest) for _, _, digest in symbols):
            old.unlink()

    # The digests make this text, and so the object, depend on the content that .incbin reads.
    assembly = ["    .section .rodata"]
    for symbol, path, digest in symbols:
        assembly += [f"    # {digest}", f"    .global {symbol}", f"    .global {symbol}_end", "    .balign 16",
                     f"{symbol}:", f"    .incbin {quote(str(path))}", f"{symbol}_end:", "    .byte 0"]
    assembly += ['    .section .note.GNU-stack,"",%progbits', ""]
    write(options.out / f"{options.name}.S", "\n".join(assembly))

    externs = "".join(f"extern const char {symbol}[];\nextern const char {symbol}_end[];\n" for symbol, _, _ in symbols)
    body = (f"  static const std::array<http::EmbeddedFile, {len(rows)}> kFiles{{{{\n" + "\n".join(rows) +
            "\n  }};\n  return kFiles;\n") if rows else "  return {};\n"
    write(options.out / f"{options.name}.cpp", f"""// Made by cmake/embed_files.py.
#include "embed/{options.name}.hpp"

#include <array>
#include <cstddef>

extern "C" {{
{externs}}}

namespace vedette::embed {{
namespace {{

[[maybe_unused]] std::string_view view(const char* begin, const char* end) {{
  return {{begin, static_cast<std::size_t>(end - begin)}};
}}

}}  // namespace

std::span<const http::EmbeddedFile> {options.name}() {{
{body}}}

}}  // namespace vedette::embed
""")


if __name__ == "__main__":
    main()
