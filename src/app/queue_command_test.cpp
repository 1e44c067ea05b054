// `vedette queue` as a shell sees it, on a queue that nobody works on.
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <chrono>

#include "app/pipeline.hpp"
#include "app/program_test.hpp"
#include "db/migration.hpp"
#include "work/job_queue.hpp"
#include "work/job_store.hpp"

namespace vedette::app {
namespace {

namespace json = boost::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class QueueCommand : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    auto opened = db::Database::open({.url = "sqlite:" + (folder_ / "vedette.db").string()});
    ASSERT_TRUE(opened);
    database_ = std::move(*opened);
    ASSERT_TRUE(db::migrate(*database_, all_migrations()));
  }
  void TearDown() override {
    database_.reset();
    ProgramTest::TearDown();
  }

  std::string enqueue(const std::string& kind = "paint", std::optional<Instant> run_at = {}) {
    work::NewJob job;
    job.kind = kind;
    job.payload = R"({"colour":"green"})";
    job.run_at = run_at;
    const auto made =
        database_->write([&](db::Session& session) { return work::enqueue(session, job); });
    EXPECT_TRUE(made);
    return std::to_string(made->id);
  }
  /// Takes the next one, and says how it ended.
  void discard(const std::string& error) {
    const auto done = database_->write([&](db::Session& session) -> Result<void> {
      VEDETTE_TRY(claimed, work::claim_jobs(session, work::Fence::none(), {.kind = "paint"}));
      const auto& job = claimed.jobs.at(0);
      const work::Ending ending{.id = job.id,
                                .attempt = job.attempt,
                                .kind = work::Ending::Kind::kDiscarded,
                                .result = {},
                                .error = error};
      VEDETTE_CHECK(work::end_jobs(session, "paint", work::Fence::none(), {&ending, 1}));
      return {};
    });
    ASSERT_TRUE(done);
  }
  Outcome queue(const std::string& arguments) { return run("queue " + arguments + " --data ."); }
  json::value queue_json(const std::string& arguments, int code = 0) {
    return run_json("queue " + arguments + " --data .", code);
  }

  std::unique_ptr<db::Database> database_;
};

TEST_F(QueueCommand, AnEmptyQueueIsSaidInWords) {
  const auto done = queue("list");
  EXPECT_EQ(done.code, 0);
  EXPECT_THAT(done.out, HasSubstr("The queue is empty"));
}

TEST_F(QueueCommand, WithoutADatabaseItSaysWhatToDo) {
  const auto done = run("queue list --data nowhere");
  EXPECT_EQ(done.code, 1);
  EXPECT_THAT(done.err, AllOf(HasSubstr("there is no database"), HasSubstr("vedette serve")));
}

TEST_F(QueueCommand, ListsAndShowsWhatThereIs) {
  const auto waiting = enqueue();
  const auto failed = [&] {
    const auto id = waiting;
    discard("no paint left");
    return id;
  }();
  const auto second = enqueue("sand");
  const auto list = queue("list");
  EXPECT_EQ(list.code, 0);
  EXPECT_THAT(list.out, AllOf(HasSubstr("ID"), HasSubstr("sand"), HasSubstr("available"),
                              HasSubstr("discarded"), HasSubstr("no paint left"),
                              HasSubstr("vedette queue retry " + failed)));
  EXPECT_THAT(queue("list --kind sand").out, Not(HasSubstr("paint")));
  EXPECT_THAT(queue("list --state running").out, HasSubstr("There is no such job"));
  EXPECT_EQ(queue("list --state asleep").code, 2);
  const auto page = queue("show " + failed);
  EXPECT_EQ(page.code, 0);
  EXPECT_THAT(page.out, AllOf(HasSubstr("Job " + failed), HasSubstr("no paint left"),
                              HasSubstr("\"colour\""), HasSubstr("vedette queue retry")));
  EXPECT_EQ(queue_json("show " + second).at("state"), "available");
  EXPECT_EQ(queue_json("list").at("jobs").as_array().size(), 2U);
  EXPECT_THAT(queue("kinds").out, AllOf(HasSubstr("paint"), HasSubstr("sand")));
  EXPECT_EQ(queue("show 999").code, 1);
  EXPECT_EQ(queue("show first").code, 2);
}

TEST_F(QueueCommand, CancelsAndRetriesByNumberAndByKind) {
  const auto one = enqueue();
  enqueue();
  enqueue("sand");
  auto done = queue("cancel " + one);
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out, "Job " + one + ": cancelled.\n");
  done = queue("cancel " + one);
  EXPECT_EQ(done.code, 1);
  EXPECT_THAT(done.err, HasSubstr("has ended"));
  EXPECT_EQ(queue("cancel " + one + " 2").code, 3) << "partly done";
  EXPECT_EQ(queue("retry " + one).code, 0);
  const auto many = queue_json("cancel --kind paint");
  EXPECT_EQ(many.at("done").as_array().size(), 1U);
  EXPECT_THAT(queue("retry --kind paint --state cancelled").out, HasSubstr("2 jobs"));
  EXPECT_THAT(queue("cancel --kind stone").out, HasSubstr("There is no such job to cancel"));
  EXPECT_EQ(queue("cancel").code, 2);
  EXPECT_EQ(queue("cancel x").code, 2);
  EXPECT_EQ(queue("cancel 1 --kind paint").code, 2);
}

TEST_F(QueueCommand, PausesAndResumesAKind) {
  enqueue();
  EXPECT_THAT(queue("pause paint").out, HasSubstr("vedette queue resume paint"));
  EXPECT_THAT(queue("kinds").out, HasSubstr("paused"));
  EXPECT_THAT(queue("resume paint").out, HasSubstr("1 job waiting"));
  EXPECT_EQ(queue("pause stone").code, 1);
}

TEST_F(QueueCommand, DrainingAnEmptyQueueIsDoneAtOnce) {
  enqueue("paint", SystemClock().now() + std::chrono::hours(5));
  const auto done = queue("drain");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, AllOf(HasSubstr("Nothing is left to do"), HasSubstr("1 job for later")));
}

TEST_F(QueueCommand, DrainingWhatNobodyDoesEndsWithWhatIsLeft) {
  enqueue();
  enqueue();
  auto done = queue("drain");
  EXPECT_EQ(done.code, 1);
  EXPECT_THAT(done.err,
              AllOf(HasSubstr("2 jobs of paint"), HasSubstr("no such work in this version")));
  queue("pause paint");
  done = queue("drain --kind paint");
  EXPECT_EQ(done.code, 1);
  EXPECT_THAT(done.err, HasSubstr("vedette queue resume paint"));
  EXPECT_THAT(queue("drain --timeout 1s").err, HasSubstr("not done within 1s"));
  EXPECT_EQ(queue("drain --kind stone").code, 1);
  EXPECT_EQ(queue("drain --timeout soon").code, 2);
}

}  // namespace
}  // namespace vedette::app
