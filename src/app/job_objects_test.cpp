// Jobs whose product is an object, while the store is away, full, or only to be read: the cause is
// said, nothing half is stored, and they end well by themselves or when they are tried again.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "blob/key.hpp"
#include "blob/store.hpp"
#include "blob/testing/s3_server.hpp"
#include "blob/testing/small_disk.hpp"
#include "db/migration.hpp"
#include "db/testing/store.hpp"
#include "work/job.hpp"
#include "work/job_queue.hpp"
#include "work/supervisor.hpp"
#include "work/tables.hpp"
#include "work/worker.hpp"

namespace vedette::app {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using blob::testing::S3Server;
using blob::testing::SmallDisk;
using db::testing::must;
using ::testing::HasSubstr;

constexpr std::uint64_t kMebi = std::uint64_t{1} << 20;

char byte_at(std::uint64_t at) {
  return static_cast<char>(at * 31 >> 7U);
}

// So many bytes, made as they are read; `at_half` is called once when half of them are.
blob::Source product_of(std::uint64_t size, std::function<void()> at_half = {}) {
  blob::Source source;
  source.read = [size, given = std::uint64_t{0}, at_half = std::move(at_half)](
                    std::span<char> room) mutable -> Result<std::size_t> {
    if (given >= size / 2 && at_half) std::exchange(at_half, {})();
    const auto count = std::min<std::uint64_t>(room.size(), size - given);
    for (std::size_t i = 0; i < count; ++i) room[i] = byte_at(given + i);
    given += count;
    return count;
  };
  return source;
}

bool is_whole(blob::Store& store, std::uint64_t size) {
  std::uint64_t at = 0;
  bool is_right = true;
  must(store.get("product", {}, [&](std::string_view piece) -> Result<void> {
    for (const char byte : piece) is_right = byte == byte_at(at++) && is_right;
    return {};
  }));
  return is_right && at == size;
}

// A process that works on one kind of job, whose body puts the product.
class Products : public ::testing::Test {
 protected:
  void SetUp() override { must(db::migrate(*database_, work::migrations())); }
  void TearDown() override {
    if (supervisor_) supervisor_->stop(10s);
    supervisor_.reset();  // its loop's body is the worker's
  }

  void work_with(blob::Store& store, std::function<blob::Source()> product, Micros backoff) {
    work::JobKind kind;
    kind.name = "product";
    kind.backoff_min = backoff;
    kind.body = [&store, product = std::move(product)](
                    std::string_view, work::JobContext& job) -> Result<work::JobEnd> {
      VEDETTE_CHECK(store.put("product", product(), {.stop = job.stop_token()}));
      return work::JobEnd::completed();
    };
    supervisor_ = std::make_unique<work::Supervisor>(*database_, work::SupervisorOptions{});
    worker_ = std::make_unique<work::Worker>(
        *database_, work::WorkerOptions{.process_id = supervisor_->process_id(),
                                        .process_name = supervisor_->process_name(),
                                        .lease = {}});
    must(worker_->add(std::move(kind)));
    must(supervisor_->add(*worker_->loop()));
    supervisor_->start();
  }
  std::int64_t put() {
    work::NewJob job;
    job.kind = "product";
    return must(database_->write([&](db::Session& s) { return work::enqueue(s, job); })).id;
  }
  work::JobStatus status(std::int64_t id) {
    return must(database_->read([&](db::Session& s) { return work::job(s, id); })).value();
  }
  void retry(std::int64_t id) {
    must(database_->write([&](db::Session& s) { return work::retry_job(s, id); }));
  }
  /// Until the condition holds, five minutes at most.
  static void until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 5min;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(5ms);
    }
  }
  work::JobStatus ended(std::int64_t id) {
    until([&] { return work::has_ended(status(id).state); });
    return status(id);
  }
  const fs::path& folder() const { return folder_.path(); }

 private:
  db::testing::TempFolder folder_;
  std::unique_ptr<db::Database> database_ =
      must(db::Database::open({.url = "sqlite:" + (folder() / "vedette.db").string()}));
  std::unique_ptr<work::Worker> worker_;  // outlives the supervisor
  std::unique_ptr<work::Supervisor> supervisor_;
};

TEST_F(Products, AnOutageOfS3IsOutlivedByTheJobsOwnTries) {
  auto* server = S3Server::shared();
  if (server == nullptr) GTEST_SKIP() << S3Server::how_to_get();
  const char* asked = std::getenv("VEDETTE_S3_AWAY_S");
  const auto away = std::chrono::seconds(asked == nullptr ? 10 : std::atoi(asked));
  constexpr auto kSize = 24 * kMebi;  // five parts
  const auto store = must(blob::open({.folder = {}, .s3 = server->fresh_bucket()}));
  std::atomic<bool> is_half = false;
  std::atomic<bool> is_away = false;
  const auto at_half = [&] {
    is_half = true;
    until([&] { return is_away.load(); });
  };
  work_with(*store, [&] { return product_of(kSize, at_half); }, Micros(away) / 10 + 1s);
  const auto id = put();
  until([&] { return is_half.load(); });
  server->stop();
  is_away = true;
  const auto back_at = std::chrono::steady_clock::now() + away;
  until([&] { return status(id).failures >= 2 && std::chrono::steady_clock::now() >= back_at; });
  EXPECT_THAT(status(id).error, HasSubstr("nothing answers at 127.0.0.1"));
  EXPECT_FALSE(work::has_ended(status(id).state));
  server->start();
  const auto job = ended(id);
  EXPECT_EQ(job.state, work::JobState::kCompleted) << job.error;
  EXPECT_TRUE(is_whole(*store, kSize));
  EXPECT_EQ(must(store->list("", {})).objects.size(), 1U);
  // What the first try had sent could not be given up while nobody answered.
  must(store->sweep(-1h));
  EXPECT_EQ(must(store->sweep(-1h)).removed, 0);
}

TEST_F(Products, AFullDiskIsSaidAndTheJobGoesThroughOnceThereIsRoom) {
  const SmallDisk disk(folder() / "disk");
  if (!disk.is_there()) GTEST_SKIP() << SmallDisk::kWhyNot;
  const auto place = disk.path() / "blobs";
  const auto store = must(blob::open({.folder = {.folder = place}, .s3 = {}}));
  work_with(*store, [] { return product_of(8 * kMebi); }, 1ms);
  disk.fill(4 * kMebi);
  const auto id = put();
  auto job = ended(id);
  EXPECT_EQ(job.state, work::JobState::kDiscarded);
  EXPECT_EQ(job.attempt, 1) << "trying again makes no room";
  EXPECT_THAT(job.error, HasSubstr("is full"));
  EXPECT_THAT(job.error, HasSubstr("make room"));
  EXPECT_TRUE(must(store->list("", {})).objects.empty());
  EXPECT_TRUE(fs::is_empty(place / blob::kIncoming));
  disk.make_room();
  retry(id);
  job = ended(id);
  EXPECT_EQ(job.state, work::JobState::kCompleted) << job.error;
  EXPECT_TRUE(is_whole(*store, 8 * kMebi));
}

TEST_F(Products, ADiskThatIsOnlyToBeReadIsSaid) {
  const SmallDisk disk(folder() / "disk");
  if (!disk.is_there()) GTEST_SKIP() << SmallDisk::kWhyNot;
  const auto store = must(blob::open({.folder = {.folder = disk.path() / "blobs"}, .s3 = {}}));
  must(store->put("product", blob::from_text("the one before"), {}));
  work_with(*store, [] { return product_of(1 * kMebi); }, 1ms);
  disk.set_read_only(true);
  const auto id = put();
  auto job = ended(id);
  EXPECT_EQ(job.state, work::JobState::kDiscarded);
  EXPECT_THAT(job.error, HasSubstr("can only be read: mount it for writing"));
  EXPECT_EQ(must(blob::read_all(*store, "product", 100)), "the one before");
  disk.set_read_only(false);
  retry(id);
  job = ended(id);
  EXPECT_EQ(job.state, work::JobState::kCompleted) << job.error;
  EXPECT_TRUE(is_whole(*store, 1 * kMebi));
}

}  // namespace
}  // namespace vedette::app
