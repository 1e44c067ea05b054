// A write that must not be late passes those that wait for SQLite's one writer.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "db/testing/store.hpp"

namespace vedette::db {
namespace {

using testing::must;

TEST(UrgentWrite, PassesALineOfSlowWritersOnSqlite) {
  constexpr int kWriters = 12;
  const testing::TempFolder folder;
  const auto database =
      must(Database::open({.url = "sqlite:" + (folder.path() / "test.db").string()}));
  must(database->write([](Session& s) { return s.script("CREATE TABLE t (a INTEGER)"); }));
  std::atomic<int> begun = 0;
  std::vector<std::jthread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        must(database->write([&](Session& s) -> Result<void> {
          ++begun;
          VEDETTE_CHECK(s.execute("INSERT INTO t VALUES (1)"));
          std::this_thread::sleep_for(std::chrono::milliseconds(5));  // the slow work
          return {};
        }));
      }
    });
  }
  // When all have had their turn a few times, eleven wait and one writes.
  while (begun < 4 * kWriters) std::this_thread::yield();
  int fewest = kWriters;  // of several: this thread may be held up before it can ask
  for (int i = 0; i < 10; ++i) {
    const int before = begun;
    int passed_by = 0;
    must(database->write(
        [&](Session& s) -> Result<void> {
          passed_by = begun - before;
          VEDETTE_CHECK(s.execute("INSERT INTO t VALUES (2)"));
          return {};
        },
        {.is_urgent = true}));
    fewest = std::min(fewest, passed_by);
  }
  // In line it would be eleven.
  EXPECT_LE(fewest, 3);
}

}  // namespace
}  // namespace vedette::db
