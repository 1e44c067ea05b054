// What goes wrong with files: each trouble is a sentence that names the file, and undoes nothing
// that was committed.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <latch>
#include <mutex>
#include <thread>

#include "db/sqlite/sqlite_backend.hpp"
#include "db/testing/store.hpp"

namespace vedette::db {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::must;
using testing::Peer;

class SqliteFile : public ::testing::Test {
 protected:
  std::string file() const { return (folder_.path() / "roads.db").string(); }
  std::string url() const { return "sqlite:" + file(); }
  DatabaseOptions options() const { return {.url = url()}; }
  static std::int64_t count(Database& database) {
    return must(database.read([](Session& session) -> Result<std::int64_t> {
      VEDETTE_TRY(rows, session.query("SELECT count(*) FROM t"));
      return rows.scalar<std::int64_t>();
    }));
  }
  std::unique_ptr<Database> filled() const {
    auto database = must(Database::open(options()));
    must(database->write([](Session& session) -> Result<void> {
      VEDETTE_CHECK(session.script("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)"));
      for (int i = 0; i < 500; ++i) {
        VEDETTE_CHECK(session.execute("INSERT INTO t VALUES ($1, randomblob(1000))", {i}));
      }
      return {};
    }));
    return database;
  }
  testing::TempFolder folder_;
};

TEST_F(SqliteFile, TheLibraryIsOneThatDoesNotDamageFiles) {
  EXPECT_TRUE(check_sqlite_version(3'051'003));
  const auto refused = check_sqlite_version(3'040'001);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("SQLite 3.40.1"));
}

TEST_F(SqliteFile, ANewFileIsForItsOwnerAlone) {
  const mode_t before = umask(0);
  const auto database = filled();
  umask(before);
  for (const char* ending : {"", "-wal", "-shm"}) {
    EXPECT_EQ(fs::status(file() + ending).permissions(),
              fs::perms::owner_read | fs::perms::owner_write)
        << ending;
  }
}

TEST_F(SqliteFile, AMissingFolderIsNamed) {
  const auto result = Database::open({.url = "sqlite:" + (folder_.path() / "no/x.db").string()});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(result.error().message,
              AllOf(HasSubstr((folder_.path() / "no").string()), HasSubstr("does not exist")));
}

TEST_F(SqliteFile, NoNameAFolderAndMemoryAreRefused) {
  for (const std::string place : {"", ":memory:", "/tmp"}) {
    const auto result = Database::open({.url = "sqlite:" + place});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kUsage);
  }
}

TEST_F(SqliteFile, AnythingButADatabaseIsRefusedAndLeftAlone) {
  std::ofstream(file()) << std::string(5'000, 'x');
  const auto result = Database::open(options());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(result.error().message, AllOf(HasSubstr(file()), HasSubstr("not a SQLite database")));
  EXPECT_EQ(fs::file_size(file()), 5'000);
}

TEST_F(SqliteFile, ADamagedFileIsFoundByCheck) {
  filled().reset();
  {
    std::fstream bytes(file(), std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 2; page < 100; ++page) {
      bytes.seekp(page * 4096L);
      bytes << std::string(64, '\xee');
    }
  }
  auto opened = Database::open(options());
  const auto result = opened ? (*opened)->check() : Result<void>(fail(opened.error()));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(result.error().message, AllOf(HasSubstr(file()), HasSubstr("damaged")));
  if (!opened) return;
  const auto read = (*opened)->read(
      [](Session& session) { return session.query("SELECT sum(length(b)) FROM t"); });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
}

TEST_F(SqliteFile, AMovedFileIsFoundByCheck) {
  const auto database = filled();
  must(database->check());
  fs::rename(file(), file() + ".old");
  const auto result = database->check();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("was moved or deleted"));
}

TEST_F(SqliteFile, AFileThatMayNotBeWrittenIsNamed) {
  filled().reset();
  chmod(folder_.path().c_str(), 0755);
  chmod(file().c_str(), 0444);
  Peer peer({"open", url()}, true);
  EXPECT_THAT(peer.line(), AllOf(HasSubstr("error unavailable"), HasSubstr(file()),
                                 HasSubstr("right to write")));
  EXPECT_EQ(peer.wait(), 1);
}

TEST_F(SqliteFile, AFolderThatMayNotBeWrittenIsNamed) {
  chmod(folder_.path().c_str(), 0555);
  Peer peer({"open", url()}, true);
  EXPECT_THAT(peer.line(), AllOf(HasSubstr("error unavailable"), HasSubstr(file())));
  EXPECT_EQ(peer.wait(), 1);
}

TEST_F(SqliteFile, AFullDiskUndoesTheWriteAndPasses) {
  auto chosen = options();
  filled().reset();
  chosen.max_bytes = static_cast<std::int64_t>(fs::file_size(file())) + 40'960;
  {
    const auto database = must(Database::open(chosen));
    const auto result = database->write([](Session& session) {
      return session.execute("INSERT INTO t VALUES (1000, randomblob(1000000))");
    });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kDiskFull);
    EXPECT_THAT(result.error().message, HasSubstr(file()));
    EXPECT_EQ(count(*database), 500);
    EXPECT_TRUE(database->state().reachable);
    EXPECT_THAT(database->state().message, HasSubstr("no space left"));
    must(database->write([](Session& session) {
      return session.execute("INSERT INTO t VALUES (1000, randomblob(10))");
    }));
    EXPECT_EQ(database->state().message, "");
    EXPECT_EQ(count(*database), 501);
    must(database->check());
  }
}

// The system itself refuses to let the file grow.
TEST_F(SqliteFile, ARefusedWriteOfTheSystemIsADiskFull) {
  const auto database = filled();
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const auto ignored = signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1'500'000, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const auto result = database->write([](Session& session) {
    return session.execute("INSERT INTO t VALUES (1000, randomblob(5000000))");
  });
  setrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, ignored);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kDiskFull);
  EXPECT_EQ(count(*database), 500);
  must(database->write([](Session& session) {
    return session.execute("INSERT INTO t VALUES (1000, randomblob(5000000))");
  }));
  must(database->check());
}

TEST_F(SqliteFile, AKilledWriterLosesOnlyItsOpenTransaction) {
  const auto database = filled();
  for (int i = 0; i < 3; ++i) {
    Peer holder({"hold", url(), fmt::format("INSERT INTO t VALUES ({}, x'00')", 600 + i)});
    ASSERT_EQ(holder.line(), "holding");
    holder.signal(SIGKILL);
    EXPECT_EQ(holder.wait(), -SIGKILL);
    must(database->write([&](Session& session) {
      return session.execute("INSERT INTO t VALUES ($1, x'01')", {700 + i});
    }));
  }
  EXPECT_EQ(count(*database), 503);
  must(database->check());
}

TEST_F(SqliteFile, AWaitForAnotherProcessEndsInTime) {
  filled().reset();
  auto chosen = options();
  chosen.busy_timeout = std::chrono::milliseconds(300);
  const auto database = must(Database::open(chosen));
  Peer holder({"hold", url(), "INSERT INTO t VALUES (600, x'00')"});
  ASSERT_EQ(holder.line(), "holding");
  const auto start = std::chrono::steady_clock::now();
  const auto result = database->write(
      [](Session& session) { return session.execute("INSERT INTO t VALUES (601, x'00')"); });
  const auto took = std::chrono::steady_clock::now() - start;
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(result.error().retryable);
  EXPECT_LT(took, std::chrono::seconds(3));
  EXPECT_EQ(count(*database), 500);  // readers do not wait
  holder.proceed();
  EXPECT_EQ(holder.line(), "committed");
  must(database->write(
      [](Session& session) { return session.execute("INSERT INTO t VALUES (601, x'00')"); }));
}

TEST_F(SqliteFile, ManyMayOpenANewFileAtOnce) {
  for (int round = 0; round < 30; ++round) {
    auto chosen = options();
    chosen.url += std::to_string(round);
    std::mutex problems_mutex;
    std::vector<std::string> problems;
    std::latch start(6);
    std::vector<std::jthread> openers;
    for (int i = 0; i < 6; ++i) {
      openers.emplace_back([&] {
        start.arrive_and_wait();
        const auto database = Database::open(chosen);
        if (database) return;
        const std::lock_guard lock(problems_mutex);
        problems.push_back(database.error().message);
      });
    }
    openers.clear();
    ASSERT_THAT(problems, ::testing::IsEmpty());
  }
}

TEST_F(SqliteFile, FullSynchronousIsSet) {
  for (const auto& [mode, number] :
       {std::pair{SqliteSynchronous::kNormal, 1}, std::pair{SqliteSynchronous::kFull, 2}}) {
    auto chosen = options();
    chosen.synchronous = mode;
    const auto database = must(Database::open(chosen));
    EXPECT_EQ(must(database->write([](Session& session) -> Result<int> {
                VEDETTE_TRY(rows, session.query("PRAGMA synchronous"));
                return rows.scalar<int>();
              })),
              number);
  }
}

bool is_asleep(pid_t thread) {
  std::ifstream file(fmt::format("/proc/self/task/{}/stat", thread));
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto name_end = text.rfind(") ");
  return name_end != std::string::npos && text.at(name_end + 2) == 'S';
}

TEST_F(SqliteFile, WritersAreServedInOrder) {
  const auto database = filled();
  std::promise<void> holding;
  std::promise<void> go;
  std::jthread holder([&] {
    must(database->write([&](Session&) -> Result<void> {
      holding.set_value();
      go.get_future().wait();
      return {};
    }));
  });
  holding.get_future().wait();
  std::vector<int> order;
  std::vector<std::jthread> waiters;
  for (int i = 0; i < 5; ++i) {
    std::promise<pid_t> asking;
    auto asked = asking.get_future();
    waiters.emplace_back([&, i, asking = std::move(asking)]() mutable {
      asking.set_value(gettid());
      must(database->write([&](Session&) -> Result<void> {
        order.push_back(i);  // one writer at a time: no lock needed
        return {};
      }));
    });
    const pid_t waiter = asked.get();
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!is_asleep(waiter) && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::yield();
    }
  }
  go.set_value();
  waiters.clear();
  EXPECT_THAT(order, ::testing::ElementsAre(0, 1, 2, 3, 4));
}

}  // namespace
}  // namespace vedette::db
