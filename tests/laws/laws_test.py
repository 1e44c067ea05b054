#!/usr/bin/env python3
"""Shows each law a tree that breaks it and a tree that keeps it. Ends with `N passed, N failed`."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import laws  # noqa: E402

GOOD = {
    "src/base/error.hpp": "// What went wrong.\n#pragma once\n#include <string>\n",
    "src/base/error.cpp": '#include "base/error.hpp"\n#include <spdlog/spdlog.h>\n',
    "src/base/error_test.cpp": '#include "base/error.hpp"\nTEST(Error, Says) { EXPECT_TRUE(true); }\n',
    "src/base/CMakeLists.txt": "vedette_library(base\n  SOURCES error.cpp\n  LINK spdlog::spdlog\n  TESTS error_test.cpp)\n",
    "src/db/database.hpp": '// One database. Called by work.\n#pragma once\n#include "base/error.hpp"\n',
    "src/db/sqlite/engine.hpp": "// Inside db only.\n#pragma once\n#include <sqlite3.h>\n",
    "src/db/sqlite/engine.cpp": '#include "db/sqlite/engine.hpp"\n',
    "src/db/CMakeLists.txt": "vedette_library(db SOURCES sqlite/engine.cpp DEPENDS base LINK sqlite_impl)\n",
    "src/work/loop.hpp": '// A named loop.\n#pragma once\n#include "db/database.hpp"\n',
    "src/work/loop.cpp": '#include "work/loop.hpp"\n',
    "src/work/CMakeLists.txt": "vedette_library(work SOURCES loop.cpp DEPENDS db base)\n",
}


def breaches(law, changes=None):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        files = {**GOOD, **(changes or {})}
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return [str(breach) for breach in law(laws.Tree(root, list(files)))]


class Laws(unittest.TestCase):
    def broken(self, law, changes, part):
        found = breaches(law, changes)
        self.assertTrue(any(part in breach for breach in found), f"{law.__name__} found only {found}")

    def test_a_good_tree_breaks_none(self):
        for law in laws.LAWS:
            self.assertEqual(breaches(law), [], law.__name__)

    def test_upward_include(self):
        self.broken(laws.directions, {"src/db/x.cpp": '#include "work/loop.hpp"\n'}, "db may not include work/loop.hpp")

    def test_pipelines_do_not_meet(self):
        header = {"src/radar/sweep.hpp": "// A sweep.\n#pragma once\n"}
        self.broken(laws.directions, {**header, "src/traffic/x.cpp": '#include "radar/sweep.hpp"\n'}, "traffic may not include radar")

    def test_rooms_do_not_meet(self):
        files = {"src/radar/sweep.hpp": "// A sweep.\n#pragma once\n", "src/api/radar/loops.hpp": "// Loops.\n#pragma once\n",
                 "src/app/radar.hpp": "// Radar.\n#pragma once\n"}
        for name, path in (("src/api/traffic/x.cpp", "radar/sweep.hpp"), ("src/api/traffic/x.cpp", "api/radar/loops.hpp"),
                           ("src/app/traffic_doctor.cpp", "radar/sweep.hpp"), ("src/app/watch_command.cpp", "app/radar.hpp")):
            self.broken(laws.rooms, {**files, name: f'#include "{path}"\n'}, "traffic does not know it")

    def test_the_corridor_knows_no_pipeline(self):
        files = {"src/traffic/filter.hpp": "// A filter.\n#pragma once\n", "src/api/traffic/routes.hpp": "// Routes.\n#pragma once\n"}
        for name, path in (("src/api/query.hpp", "traffic/filter.hpp"), ("src/api/metrics.cpp", "api/traffic/routes.hpp"),
                           ("src/app/serve_command.cpp", "traffic/filter.hpp"), ("src/app/doctor_command.cpp", "api/traffic/routes.hpp")):
            self.broken(laws.rooms, {**files, name: f'#include "{path}"\n'}, "the corridor knows no pipeline")

    def test_a_room_knows_itself_and_the_list_knows_all(self):
        self.assertEqual(breaches(laws.rooms, {
            "src/traffic/filter.hpp": "// A filter.\n#pragma once\n", "src/app/traffic.hpp": '// T.\n#pragma once\n#include "traffic/filter.hpp"\n',
            "src/api/traffic/x.cpp": '#include "traffic/filter.hpp"\n', "src/app/watch_command.cpp": '#include "app/traffic.hpp"\n',
            "src/app/pipelines.cpp": '#include "app/traffic.hpp"\n', "src/app/upgrade_test.cpp": '#include "traffic/filter.hpp"\n'}), [])

    def test_pixels_know_no_sql(self):
        self.broken(laws.directions, {"src/media/x.cpp": '#include "db/database.hpp"\n'}, "media may not include db")

    def test_unknown_folder(self):
        self.broken(laws.directions, {"src/misc/x.cpp": "\n"}, "no place in the layers")

    def test_include_not_from_src(self):
        self.broken(laws.directions, {"src/db/x.cpp": '#include "database.hpp"\n'}, "not written from src/")

    def test_target_depends_upwards(self):
        self.broken(laws.target_directions, {"src/db/CMakeLists.txt": "vedette_library(db SOURCES sqlite/engine.cpp DEPENDS work)\n"}, "db may not depend on work")

    def test_include_without_target(self):
        self.broken(laws.target_directions, {"src/work/CMakeLists.txt": "vedette_library(work SOURCES loop.cpp DEPENDS base)\n"}, "does not depend on db")

    def test_cycle(self):
        self.broken(laws.cycles, {"src/base/a.hpp": '// A.\n#pragma once\n#include "base/b.hpp"\n',
                                  "src/base/b.hpp": '// B.\n#pragma once\n#include "base/a.hpp"\n'}, "includes itself")

    def test_library_in_public_header(self):
        self.broken(laws.hidden_libraries, {"src/db/database.hpp": "// D.\n#pragma once\n#include <libpq-fe.h>\n"}, "shows libpq-fe.h")

    def test_library_behind_public_header(self):
        self.broken(laws.hidden_libraries, {"src/db/database.hpp": '// D.\n#pragma once\n#include "db/sqlite/engine.hpp"\n'}, "shows sqlite3.h")

    def test_library_in_domain_header(self):
        self.broken(laws.hidden_libraries, {"src/traffic/track.hpp": "// T.\n#pragma once\n#include <opencv2/core.hpp>\n"}, "shows opencv2/core.hpp")

    def test_header_without_opening(self):
        self.broken(laws.header_form, {"src/base/error.hpp": "#pragma once\n"}, "opens with a comment")

    def test_header_without_pragma(self):
        self.broken(laws.header_form, {"src/base/error.hpp": "// What.\n#include <string>\n"}, "#pragma once")

    def test_file_not_built(self):
        self.broken(laws.built, {"src/base/time_test.cpp": "EXPECT_EQ\n"}, "not built")

    def test_name_within_a_longer_name_is_not_built(self):
        self.broken(laws.built, {"src/base/or.cpp": "\n"}, "not built")

    def test_test_without_assertion(self):
        self.broken(laws.tests_assert, {"src/base/error_test.cpp": "TEST(A, B) { run(); }\n"}, "without an assertion")

    def test_a_case_without_assertion_beside_one_with(self):
        both = "TEST(A, Asserts) {\n  EXPECT_TRUE(run());\n}\n\nTEST_F(B, Runs) {\n  run();\n}\n"
        self.assertEqual([breach.split(":")[1] for breach in breaches(laws.tests_assert, {"src/base/error_test.cpp": both})], ["5"])
        python = "def test_asserts():\n    assert run()\n\n\ndef test_runs():\n    run()\n"
        self.assertEqual([breach.split(":")[1] for breach in breaches(laws.tests_assert, {"tests/e2e/test_x.py": python})], ["5"])
        script = "test('asserts', () => {\n  expect(run()).toBe(1);\n});\ntest('runs', () => {\n  run();\n});\n"
        self.assertEqual([breach.split(":")[1] for breach in breaches(laws.tests_assert, {"ui/src/x.test.ts": script})], ["4"])

    def test_a_function_asserts_for_its_callers(self):
        header = "// For tests.\n#pragma once\ninline void expect_good(int n) {\n  EXPECT_GT(n, 0);\n}\ninline void go(int n) {\n  expect_good(n);\n}\n"
        self.assertEqual(breaches(laws.tests_assert, {"src/base/good_test.hpp": header, "src/base/error_test.cpp": "TEST(A, B) {\n  go(1);\n}\n"}), [])

    def test_machine_path(self):
        self.broken(laws.forbidden_text, {"docs/x.md": "see /work/" + "shared/samples\n"}, "a path of one machine")

    def test_folder_named_work_is_no_machine_path(self):
        self.assertEqual(breaches(laws.forbidden_text, {"docs/x.md": "see src/work/loop.hpp and src/work/main.cpp\n"}), [])

    def test_swallowed_error(self):
        self.broken(laws.forbidden_text, {"src/base/error.cpp": "try { f(); } catch (...) {}\n"}, "swallowed")

    def test_coroutine(self):
        self.broken(laws.forbidden_text, {"src/base/error.cpp": "co_await f();\n"}, "coroutines")

    def test_detached_thread(self):
        self.broken(laws.forbidden_text, {"src/base/error.cpp": "thread.detach();\n"}, "detached")

    def test_sleep_in_test(self):
        self.broken(laws.forbidden_text, {"src/base/error_test.cpp": "std::this_thread::sleep_for(1s);\n"}, "a sleep asks again")

    def test_a_polling_loop_and_a_stated_reason_may_sleep(self):
        polling = "while (!done()) {\n  std::this_thread::sleep_for(1ms);\n}\nEXPECT_TRUE(done());\n"
        reason = "std::this_thread::sleep_for(ttl);  // the length of the fault\nEXPECT_TRUE(done());\n"
        self.assertEqual(breaches(laws.forbidden_text, {"src/base/error_test.cpp": polling}), [])
        self.assertEqual(breaches(laws.forbidden_text, {"src/base/error_test.cpp": reason}), [])

    def test_unfinished_work(self):
        self.broken(laws.forbidden_text, {"src/base/error.cpp": "// TO" + "DO later\n"}, "unfinished")

    def test_empty_name(self):
        self.broken(laws.names, {"src/base/error.cpp": "class ErrorManager {};\n"}, "says not what it is")

    def test_long_file_is_noted(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "src/base").mkdir(parents=True)
            (root / "src/base/long.cpp").write_text("\n" * 401)
            self.assertEqual(laws.long_files(laws.Tree(root, ["src/base/long.cpp"])), [("src/base/long.cpp", 401)])


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
