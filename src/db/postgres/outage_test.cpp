// PostgreSQL goes away and comes back, and connections break: calls fail fast with a sentence, and
// go on by themselves afterwards. No secret is ever said.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "db/testing/ear.hpp"
#include "db/testing/store.hpp"

namespace vedette::db {
namespace {

using ::testing::AllOf;
using testing::Ear;
using ::testing::HasSubstr;
using testing::must;
using ::testing::Not;
using testing::Peer;
using testing::PostgresServer;

using Clock = std::chrono::steady_clock;

template <class F>
bool becomes_true(F&& condition, std::chrono::seconds within = std::chrono::seconds(15)) {
  const auto give_up = Clock::now() + within;
  while (!condition()) {
    if (Clock::now() > give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

class PostgresOutage : public ::testing::Test {
 protected:
  // A server of its own, because others use the shared one.
  static void SetUpTestSuite() {
    auto made = PostgresServer::create();
    if (made) server_ = std::move(*made);
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    if (!server_) GTEST_SKIP() << "PostgreSQL is not installed: apt install postgresql-15";
    server_->start();
    url_ = server_->fresh_database();
    database_ = must(Database::open({.url = url_}));
    must(database_->write(
        [](Session& session) { return session.script("CREATE TABLE t (a int)"); }));
  }
  static Result<int> count(Database& database) {
    return database.read([](Session& session) -> Result<int> {
      VEDETTE_TRY(rows, session.query("SELECT count(*) FROM t"));
      return rows.scalar<int>();
    });
  }
  static Result<std::int64_t> insert(Database& database) {
    return database.write(
        [](Session& session) { return session.execute("INSERT INTO t VALUES (1)"); });
  }
  void end_backends() const {
    server_->execute(
        "postgres",
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname <>"
        " 'postgres'");
  }
  static std::unique_ptr<PostgresServer> server_;
  std::string url_;
  std::unique_ptr<Database> database_;
};

std::unique_ptr<PostgresServer> PostgresOutage::server_;

TEST_F(PostgresOutage, IsSaidFastAndEndsByItself) {
  must(insert(*database_));
  server_->stop();
  EXPECT_TRUE(becomes_true([&] { return !database_->state().reachable; }));
  const auto start = Clock::now();
  for (int i = 0; i < 20; ++i) {
    const auto result = insert(*database_);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
    EXPECT_TRUE(result.error().retryable);
    EXPECT_THAT(result.error().message,
                AllOf(HasSubstr(fmt::format("127.0.0.1:{}", server_->port())),
                      HasSubstr("Check that it is running")));
    EXPECT_FALSE(count(*database_));
  }
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(2));
  const DatabaseState away = database_->state();
  EXPECT_THAT(away.message, HasSubstr("Check that it is running"));
  server_->start();
  EXPECT_TRUE(becomes_true([&] { return database_->state().reachable; }));
  EXPECT_TRUE(becomes_true([&] { return insert(*database_).has_value(); }));
  EXPECT_GT(database_->state().since, away.since);
  EXPECT_EQ(must(count(*database_)), 2);
}

TEST_F(PostgresOutage, ARestartBetweenTwoCallsIsNotNoticed) {
  must(insert(*database_));
  must(count(*database_));
  server_->stop();
  server_->start();
  EXPECT_TRUE(becomes_true([&] { return database_->state().reachable; }));
  EXPECT_EQ(must(count(*database_)), 1);
  must(insert(*database_));
}

TEST_F(PostgresOutage, ANoticeIsNotLostWhenOnlyItsSenderLostItsConnection) {
  const auto listener = must(Database::open({.url = url_}));
  Ear ear(*listener, "t");
  ASSERT_TRUE(ear.begins_to_hear(*database_));
  for (int i = 0; i < 5; ++i) {
    // The sender's first connection is not there yet when it speaks; its later ones are cut.
    const auto sender = must(Database::open({.url = url_}));
    const std::string first = fmt::format("first {}", i);
    sender->notify("t", first);
    EXPECT_TRUE(ear.hears(first));
    server_->execute("postgres",
                     "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid = "
                     "(SELECT max(pid) FROM pg_stat_activity WHERE query ILIKE '%pg_notify%' AND "
                     "pid <> pg_backend_pid())");
    const std::string second = fmt::format("second {}", i);
    sender->notify("t", second);
    EXPECT_TRUE(ear.hears(second));
  }
}

TEST_F(PostgresOutage, ACrashIsSurvived) {
  must(insert(*database_));
  server_->kill();
  EXPECT_FALSE(insert(*database_));
  server_->start();
  EXPECT_TRUE(becomes_true([&] { return insert(*database_).has_value(); }));
}

TEST_F(PostgresOutage, EndedBackendsAreReplacedWithoutAnError) {
  for (int i = 0; i < 5; ++i) {
    must(insert(*database_));
    EXPECT_EQ(must(count(*database_)), i + 1);
    end_backends();
  }
  EXPECT_TRUE(becomes_true([&] { return database_->state().reachable; }));
}

TEST_F(PostgresOutage, ABackendEndedInsideATransactionIsTriedAgainOnce) {
  int runs = 0;
  must(database_->write([&](Session& session) -> Result<void> {
    VEDETTE_CHECK(session.execute("INSERT INTO t VALUES (1)"));
    if (++runs == 1) end_backends();
    VEDETTE_CHECK(session.execute("INSERT INTO t VALUES (2)"));
    return {};
  }));
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(must(count(*database_)), 2);
}

TEST_F(PostgresOutage, ABackendEndedBeforeTheCommitIsReported) {
  int runs = 0;
  const auto result = database_->write([&](Session& session) -> Result<void> {
    VEDETTE_CHECK(session.execute("INSERT INTO t VALUES (1)"));
    ++runs;
    end_backends();
    return {};
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(runs, 1);  // whether it was committed is unknown to the program
  EXPECT_EQ(must(count(*database_)), 0);
}

TEST_F(PostgresOutage, OpeningWhileTheServerIsAwayIsNoError) {
  server_->stop();
  const auto early = Database::open({.url = url_});
  ASSERT_TRUE(early);
  const DatabaseState state = (*early)->state();
  EXPECT_FALSE(state.reachable);
  EXPECT_THAT(state.message, AllOf(HasSubstr("Cannot reach PostgreSQL at 127.0.0.1:"),
                                   HasSubstr("connection refused")));
  EXPECT_FALSE(Database::open({.url = url_, .must_be_reachable = true}));
  server_->start();
  EXPECT_TRUE(becomes_true([&] { return (*early)->state().reachable; }));
  EXPECT_TRUE(becomes_true([&] { return insert(**early).has_value(); }));
}

TEST_F(PostgresOutage, ListenersHearThatSomethingMayHaveChanged) {
  Ear ear(*database_, "t");
  const auto times = [&] { return std::ranges::count(ear.heard(), ""); };
  const auto other = must(Database::open({.url = url_}));
  server_->stop();
  EXPECT_TRUE(becomes_true([&] { return !database_->state().reachable; }));
  const auto before = times();
  server_->start();
  EXPECT_TRUE(becomes_true([&] { return times() > before; }));
  EXPECT_TRUE(ear.begins_to_hear(*other));
}

// A frozen process cannot keep others waiting: the server ends its transaction.
TEST_F(PostgresOutage, AFrozenTransactionIsEndedAndItsLocksAreFree) {
  must(insert(*database_));
  auto chosen = DatabaseOptions{.url = url_};
  chosen.idle_transaction_timeout = std::chrono::seconds(1);
  const auto frozen = must(Database::open(chosen));
  int runs = 0;
  const auto result = frozen->write([&](Session& session) -> Result<void> {
    ++runs;
    VEDETTE_CHECK(session.execute("UPDATE t SET a = 2"));
    // Only the server's limit lets this one through.
    must(database_->write([](Session& other) { return other.execute("UPDATE t SET a = 3"); }));
    VEDETTE_CHECK(session.execute("UPDATE t SET a = 4"));
    return {};
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kTimeout);
  EXPECT_THAT(result.error().message, HasSubstr("did nothing for too long"));
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(must(database_->read([](Session& session) -> Result<int> {
              VEDETTE_TRY(rows, session.query("SELECT a FROM t"));
              return rows.scalar<int>();
            })),
            3);
}

TEST_F(PostgresOutage, AStoppedProcessLosesItsLocks) {
  must(insert(*database_));
  Peer peer({"hold", url_, "UPDATE t SET a = 2"});
  ASSERT_EQ(peer.line(), "holding");
  peer.signal(SIGSTOP);
  must(database_->write([](Session& session) { return session.execute("UPDATE t SET a = 3"); }));
  peer.signal(SIGCONT);
  peer.proceed();
  EXPECT_THAT(peer.line(), HasSubstr("error "));
  EXPECT_EQ(peer.wait(), 1);
  EXPECT_EQ(must(count(*database_)), 1);
}

TEST_F(PostgresOutage, ASilentAddressEndsInTime) {
  // Accepts connections into its backlog and never answers.
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 16), 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const int port = ntohs(address.sin_port);
  const auto start = Clock::now();
  const auto silent =
      must(Database::open({.url = fmt::format("postgresql://u:secret@127.0.0.1:{}/x", port),
                           .connect_timeout = std::chrono::milliseconds(300)}));
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(2));
  const auto result = insert(*silent);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("no answer in time"));
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(3));
  close(listener);
}

TEST_F(PostgresOutage, AFrozenServerIsGivenUp) {
  const auto impatient =
      must(Database::open({.url = url_, .statement_timeout = std::chrono::seconds(1)}));
  must(insert(*impatient));
  const int backend = must(impatient->write([](Session& session) -> Result<int> {
    VEDETTE_TRY(rows, session.query("SELECT pg_backend_pid()"));
    return rows.scalar<int>();
  }));
  ::kill(backend, SIGSTOP);
  const auto start = Clock::now();
  const auto result = insert(*impatient);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(8));
  ::kill(backend, SIGCONT);
  // Nothing was committed, so it went through a new connection.
  EXPECT_TRUE(result.has_value()) << result.error().message;
}

TEST_F(PostgresOutage, SecretsAreNeverSaid) {
  for (const std::string& url :
       {fmt::format("postgresql://vedette:hunter2@127.0.0.1:{}/nowhere", server_->port()),
        fmt::format("host=127.0.0.1 port={} user=nobody_here password=hunter2 dbname=x",
                    server_->port()),
        std::string("postgresql://vedette:hunter2@127.0.0.1:1/x"),
        std::string("postgresql://vedette:hunter2@127.0.0.1:1/x?nonsense=hunter2"),
        std::string("postgresql://vedette:BAD/hunter2@127.0.0.1:1/x"),
        std::string("postgresql://vedette:hunter2/x@127.0.0.1:1/x"),
        std::string("postgresql://vedette:hunter2@"), std::string("postgresql://u:hunter2"),
        std::string("password=hunter2 and more=hunter2'"), std::string("hunter2")}) {
    const auto result = Database::open({.url = url, .must_be_reachable = true});
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message + result.error().detail, Not(HasSubstr("hunter2")));
  }
  const auto wrong = Database::open(
      {.url = fmt::format("postgresql://vedette:hunter2@127.0.0.1:{}/nowhere", server_->port()),
       .must_be_reachable = true});
  EXPECT_THAT(wrong.error().message,
              AllOf(HasSubstr("refused the connection"), HasSubstr("\"nowhere\" does not exist")));
  const auto shown = must(Database::open({.url = url_}))->state().address;
  EXPECT_THAT(shown, Not(HasSubstr("vedette@")));
}

}  // namespace
}  // namespace vedette::db
