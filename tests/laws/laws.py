#!/usr/bin/env python3
"""The laws of the house that a compiler does not check: who may include whom, and what a file may hold.

Usage: laws.py [ROOT]     prints one line for each breach (path:line: what), then `N passed, N failed`
"""
import dataclasses
import pathlib
import re
import subprocess
import sys

# app -> api -> {http, traffic, imagery, radar} -> {work, media, geo} -> {db, blob} -> {config, net} -> base
LAYERS = [{"app"}, {"api"}, {"http", "traffic", "imagery", "radar"}, {"work", "media", "geo"}, {"db", "blob"}, {"config", "net"}, {"base"}]
LEVEL = {folder: len(LAYERS) - index for index, layer in enumerate(LAYERS) for folder in layer}
# Narrower than the layers say: pixels know no SQL, geometry knows nothing, the server knows no domain.
NARROWER = {"media": {"config", "base"}, "geo": {"base"}, "http": {"work", "db", "config", "net", "base"}}
# What the program can watch. Each has src/PIPELINE, src/api/PIPELINE, src/app/PIPELINE*.cpp and the commands named here;
# outside these rooms nobody knows one, but for the list of them, and no room knows another.
PIPELINES = {"traffic": ("watch_command", "watch_report", "count_command"), "imagery": (), "radar": ()}
LIST_OF_PIPELINES = "src/app/pipelines.cpp"
FOREIGN = re.compile(
    r"^(boost/|libpq-fe\.h|libav|libsw|opencv2/|openvino/|gdal|ogr|cpl_|proj\.h|curl/|sqlite3\.h|turbojpeg|jpeglib|prometheus/|spdlog/|CLI/|toml|expat\.h|pugixml|libdeflate)")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
MACHINE_PATH = re.compile(r"(?<![\w.}/*-])/(?:work/(?:main|shared|steering|\.library|in)|farm)/")
SLEEP = re.compile(r"(?:this_thread::sleep_(?:for|until)|\busleep|\bnanosleep|(?<!\w)sleep)\s*\(")
POLLING = re.compile(r"\bwhile \(|becomes_true|wait_until|\breach\(")
LAW_TEXT = ("tests/laws/",)
LONG_FILE = 400


@dataclasses.dataclass(frozen=True)
class Breach:
    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


class Tree:
    """The files a repository tracks, read once."""

    def __init__(self, root: pathlib.Path, names: list[str]):
        self.root = root
        self.names = names
        self.lines = {name: (root / name).read_text(errors="replace").splitlines() for name in names if is_text(name) and (root / name).is_file()}

    def sources(self) -> list[str]:
        return [name for name in self.lines if name.startswith("src/") and name.endswith((".cpp", ".hpp"))]

    def includes(self, name: str):
        """(line, path) of each include of a file of ours or of somebody's library."""
        for number, text in enumerate(self.lines[name], 1):
            match = INCLUDE.match(text)
            if match:
                yield number, match.group(2)

    def is_ours(self, path: str) -> bool:
        return f"src/{path}" in self.lines


def is_text(name: str) -> bool:
    return name.endswith((".cpp", ".hpp", ".c", ".h", ".py", ".sh", ".ts", ".svelte", ".mjs", ".css", ".md", ".txt", ".cmake", ".toml", ".json", ".yaml", ".sql")) \
        or name in ("run", "test", ".ci/run")


def folder_of(name: str) -> str:
    """The folder of src/ a file lies in: src/db/sqlite/x.cpp is db's."""
    return name.split("/")[1]


def may_include(who: str, whom: str) -> bool:
    if who == whom:
        return True
    if who not in LEVEL or whom not in LEVEL:
        return False
    return LEVEL[whom] < LEVEL[who] and (who not in NARROWER or whom in NARROWER[who])


def directions(tree: Tree):
    """Folders include downwards only; every include names its file from src/."""
    for name in tree.sources():
        who = folder_of(name)
        if who not in LEVEL:
            yield Breach(name, 1, f"folder {who} has no place in the layers of docs/architecture.md")
            continue
        for number, path in tree.includes(name):
            whom = path.split("/")[0]
            if tree.is_ours(path):
                if not may_include(who, whom):
                    yield Breach(name, number, f"{who} may not include {path}: dependencies point {who} -> below only")
            elif "/" not in path and path.endswith(".hpp") and not FOREIGN.match(path):
                yield Breach(name, number, f'"{path}" is not written from src/')


def room_of(path: str) -> str | None:
    """The pipeline a file belongs to; None: the corridor, which knows none."""
    parts = path.split("/")
    if parts[0] in PIPELINES:
        return parts[0]
    if parts[0] == "api" and len(parts) > 2:
        return parts[1]
    if parts[0] == "app":
        stem = re.sub(r"(_test)?\.[ch]pp$", "", parts[-1])
        return next((pipeline for pipeline, commands in PIPELINES.items() if stem == pipeline or stem.startswith(f"{pipeline}_") or stem in commands), None)
    return None


def rooms(tree: Tree):
    """What api and app share knows no pipeline, and no pipeline knows another."""
    for name in tree.sources():
        own = room_of(name.removeprefix("src/"))
        # main names the commands; a test of the whole may know all.
        if name in (LIST_OF_PIPELINES, "src/app/main.cpp") or (folder_of(name) == "app" and name.endswith("_test.cpp")):
            continue
        for number, path in tree.includes(name):
            whose = room_of(path)
            if whose and whose != own:
                yield Breach(name, number, f"{path} is a room of {whose}: {'the corridor knows no pipeline' if own is None else f'{own} does not know it'}")


def target_directions(tree: Tree):
    """The DEPENDS of each folder's CMake target point down too, and name what its files include."""
    depends = {}
    for name, lines in tree.lines.items():
        if not re.fullmatch(r"src/\w+/CMakeLists\.txt", name):
            continue
        text = re.sub(r"#[^\n]*", "", "\n".join(lines))
        for call in re.finditer(r"vedette_library\(\s*(\w+)([^)]*)\)", text):
            words = call.group(2).split()
            at = words.index("DEPENDS") + 1 if "DEPENDS" in words else len(words)
            direct = []
            while at < len(words) and not words[at].isupper():
                direct.append(words[at])
                at += 1
            depends[call.group(1)] = (name, direct)
    for who, (name, direct) in depends.items():
        for whom in direct:
            if not may_include(who, whom):
                yield Breach(name, 1, f"target {who} may not depend on {whom}")
    for name in tree.sources():
        who = folder_of(name)
        if who not in depends:
            continue
        reached, queue = set(), [who]
        while queue:
            folder = queue.pop()
            if folder not in reached:
                reached.add(folder)
                queue += depends.get(folder, ("", []))[1]
        for number, path in tree.includes(name):
            if tree.is_ours(path) and path.split("/")[0] not in reached:
                yield Breach(name, number, f"includes {path}, but target {who} does not depend on {path.split('/')[0]}")


def cycles(tree: Tree):
    """No header includes itself by way of others."""
    graph = {name: [f"src/{path}" for _, path in tree.includes(name) if tree.is_ours(path)] for name in tree.sources() if name.endswith(".hpp")}
    done, path = set(), []

    def visit(name):
        if name in path:
            yield Breach(name, 1, "includes itself: " + " -> ".join(path[path.index(name):] + [name]))
            return
        if name in done or name not in graph:
            return
        path.append(name)
        for below in graph[name]:
            yield from visit(below)
        path.pop()
        done.add(name)

    for name in graph:
        yield from visit(name)


def hidden_libraries(tree: Tree):
    """A header that another folder sees shows no third party's types but those of the C++ library and fmt."""
    seen_by = {}
    for name in tree.sources():
        if name.endswith("_test.cpp"):
            continue
        for _, path in tree.includes(name):
            if tree.is_ours(path) and path.split("/")[0] != folder_of(name):
                seen_by.setdefault(f"src/{path}", name)
    queue = list(seen_by)
    while queue:
        name = queue.pop()
        if name not in tree.lines:
            continue
        for _, path in tree.includes(name):
            below = f"src/{path}"
            if tree.is_ours(path) and below not in seen_by:
                seen_by[below] = seen_by[name]
                queue.append(below)
    domains = {"traffic", "imagery", "radar", "geo", "config", "base"}
    for name in tree.sources():
        if name.endswith(".hpp") and (name in seen_by or folder_of(name) in domains):
            for number, path in tree.includes(name):
                if FOREIGN.match(path) and not tree.is_ours(path):
                    why = f" (seen by {seen_by[name]})" if name in seen_by else ""
                    yield Breach(name, number, f"a public header shows {path}{why}")


def header_form(tree: Tree):
    """A header opens with what it is for, then #pragma once."""
    for name in tree.sources():
        if not name.endswith(".hpp"):
            continue
        lines = tree.lines[name]
        if not lines or not lines[0].startswith("// "):
            yield Breach(name, 1, "a header opens with a comment: what it is for, who calls it, which threads")
        code = next((text for text in lines if text.strip() and not text.startswith("//")), "")
        if code.strip() != "#pragma once":
            yield Breach(name, 1, "#pragma once is the first line of code of a header")


def built(tree: Tree):
    """Every source and test is named in its folder's CMakeLists.txt, or it would never be built."""
    for name in tree.sources():
        if not name.endswith(".cpp"):
            continue
        folder = pathlib.PurePosixPath(name).parent
        while str(folder) != "src":
            lists = tree.lines.get(f"{folder}/CMakeLists.txt")
            relative = str(pathlib.PurePosixPath(name).relative_to(folder))
            if lists and any(re.search(rf"(?<![\w/.]){re.escape(relative)}(?![\w/.])", text) for text in lists):
                break
            folder = folder.parent
        else:
            yield Breach(name, 1, "no CMakeLists.txt names this file: it is not built")


ASSERTS = re.compile(r"\b(EXPECT_|ASSERT_|RC_ASSERT|RC_FAIL|ADD_FAILURE|FAIL\(\)|assert|expect)\w*\b|\bwait_until\(|\bwaitFor\(|pytest\.raises")
TEST_FILE = {
    # Of each language: which files hold tests, how a case opens, how a function of a helper does.
    "cpp": (re.compile(r"_test\.[ch]pp$|/testing/"), re.compile(r"^()(?:TEST|TEST_F|TEST_P|TYPED_TEST|RC_GTEST_PROP|RC_GTEST_FIXTURE_PROP)\("),
            re.compile(r"^(\s*)(?!TEST|return|if|for|while|else|switch)[^;=#/]*?\b(\w+)\([^;]*$")),
    "py": (re.compile(r"(^|/)(test_\w+|\w+_test)\.py$|^tests/harness/"), re.compile(r"^(\s*)def (?:test_\w+)\("), re.compile(r"^(\s*)def (\w+)\(")),
    "ts": (re.compile(r"\.(test|spec)\.(ts|mjs)$|^tests/e2e/browser/"), re.compile(r"^(\s*)(?:test|it)(?:\.each\(.*\))?\("),
           re.compile(r"^(\s*)(?:export )?(?:async )?(?:function |const )(\w+)\b.*[({]$")),
}


def block(lines: list[str], at: int) -> str:
    """What opens at this line, down to the first line that is not deeper; of a line that opens nothing, that line."""
    depth = len(lines[at]) - len(lines[at].lstrip())
    end = at + 1
    while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > depth or lines[end].strip()[0] in ")]"):
        end += 1
    return "\n".join(lines[at:end])


def tests_assert(tree: Tree):
    """A test that cannot fail is a defect: each case asserts, itself or in a function that it calls."""
    for is_of_tests, opens, helper in TEST_FILE.values():
        files = {name: lines for name, lines in tree.lines.items() if is_of_tests.search(name)}
        helpers = [(match.group(2), block(lines, at)) for lines in files.values() for at, text in enumerate(lines) if (match := helper.match(text))]
        asserting: set[str] = set()
        while True:
            called = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(asserting)))})\b") if asserting else None
            more = {name for name, text in helpers if ASSERTS.search(text) or (called and called.search(text.partition("\n")[2]))}
            if more <= asserting:
                break
            asserting |= more
        for name, lines in files.items():
            for at, text in enumerate(lines):
                if opens.match(text):
                    body = block(lines, at)
                    if not ASSERTS.search(body) and not (called and called.search(body.partition("\n")[2] or body)):
                        yield Breach(name, at + 1, "a test without an assertion")


def may_sleep(lines: list[str], number: int) -> bool:
    """Between two looks of a polling loop, or with the reason beside it (a fault has a length)."""
    return "//" in lines[number - 1] or any(POLLING.search(text) for text in lines[max(0, number - 5):number - 1])


def forbidden_text(tree: Tree):
    """What no line may hold: machine paths, empty catches, coroutines, detached threads, sleeps in tests."""
    for name, lines in tree.lines.items():
        if name.startswith(LAW_TEXT):
            continue
        ours = name.endswith((".cpp", ".hpp"))
        is_test = name.endswith(("_test.cpp", "_test.py")) or re.search(r"(^|/)test_\w+\.py$", name) is not None
        for number, text in enumerate(lines, 1):
            if MACHINE_PATH.search(text):
                yield Breach(name, number, "a path of one machine")
            if re.search(r"\b(TODO|FIXME|XXX)\b", text) and not name.startswith("ui/package"):
                yield Breach(name, number, "unfinished work belongs on an issue")
            if ours and re.search(r"catch\s*\([^)]*\)\s*\{\s*\}", text):
                yield Breach(name, number, "an error is swallowed")
            if ours and re.search(r"\bco_(await|yield|return)\b", text):
                yield Breach(name, number, "coroutines: g++ 12 miscompiles temporaries in co_await")
            if ours and re.search(r"\.detach\(\)", text):
                yield Breach(name, number, "a detached thread outlives what it uses")
            if is_test and SLEEP.search(text) and not may_sleep(lines, number):
                yield Breach(name, number, "a test waits for what it wants to see; a sleep asks again, or says beside it why it is none to fix an order")


def names(tree: Tree):
    """Names say what a thing is; these words do not."""
    for name in tree.sources():
        for number, text in enumerate(tree.lines[name], 1):
            match = re.search(r"\b(?:class|struct)\s+(\w*(?:Manager|Helper|Util|Utils|Impl2))\b", text)
            if match:
                yield Breach(name, number, f"{match.group(1)} says not what it is")
        if re.search(r"(manager|helper|utils?)\.(cpp|hpp)$", name):
            yield Breach(name, 1, "the file's name says not what it holds")


def long_files(tree: Tree):
    """(name, lines) of sources past the length at which a second idea is likely. A question, not a breach."""
    return [(name, len(tree.lines[name])) for name in tree.sources() if len(tree.lines[name]) > LONG_FILE]


LAWS = [directions, rooms, target_directions, cycles, hidden_libraries, header_form, built, tests_assert, forbidden_text, names]


def tracked(root: pathlib.Path) -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name]


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent.parent).resolve()
    tree = Tree(root, tracked(root))
    failed = 0
    for law in LAWS:
        breaches = list(law(tree))
        failed += bool(breaches)
        for breach in breaches:
            print(breach)
    for name, count in long_files(tree):
        print(f"note: {name} has {count} lines: is there a second idea in it?")
    print(f"{len(LAWS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
