// The code of docs/jobs.md, which is quoted from here: it compiles, and it does what the page says.
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

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
namespace json = boost::json;
using namespace std::chrono_literals;

struct MeasureFolder {
  std::string folder;

  static Result<MeasureFolder> decode(std::string_view text) {
    boost::system::error_code failed;
    const json::value value = json::parse(text, failed);
    const auto* object = failed ? nullptr : value.if_object();
    const auto* folder = object ? object->if_contains("folder") : nullptr;
    if (folder == nullptr || !folder->is_string())
      return fail(ErrorCode::kInvalid, "The payload must be {\"folder\": \"PATH\"}.");
    return MeasureFolder{std::string(folder->get_string())};
  }
  std::string encode() const { return json::serialize(json::object{{"folder", folder}}); }
};

Result<work::JobEnd> measure(const MeasureFolder& what, work::JobContext& job,
                             db::Database& database) {
  std::error_code failed;
  std::int64_t files = 0;
  std::int64_t bytes = 0;
  for (fs::recursive_directory_iterator at(what.folder, failed), end; at != end && !failed;
       at.increment(failed)) {
    if (job.stopping()) return fail(ErrorCode::kCancelled, "Stopped.");
    if (!at->is_regular_file(failed)) continue;
    bytes += static_cast<std::int64_t>(at->file_size(failed));
    job.progress(++files, 0, at->path().filename().string());
  }
  if (failed) {
    // Not retryable: trying again changes nothing. An error of ErrorCode::kUnavailable would be.
    return fail(ErrorCode::kNotFound, what.folder + " cannot be read: " + failed.message() + ".");
  }
  const std::string result = json::serialize(json::object{{"files", files}, {"bytes", bytes}});
  // The job's result, whatever else it leaves behind, and "completed" commit together, or not at
  // all: when another process has taken the job over meanwhile, complete() says kFenced.
  VEDETTE_CHECK(database.write([&](db::Session& session) -> Result<void> {
    VEDETTE_CHECK(job.complete(session, result));
    VEDETTE_CHECK(session.execute("INSERT INTO folder_size (folder, bytes) VALUES ($1, $2)",
                                  {what.folder, bytes}));
    return {};
  }));
  return work::JobEnd::completed(result);
}

work::JobKind measure_folder_kind(db::Database* database) {
  work::JobKind kind =
      work::job_kind<MeasureFolder>("measure-folder", "Measure a folder",
                                    [database](const MeasureFolder& what, work::JobContext& job) {
                                      return measure(what, job, *database);
                                    });
  kind.at_once = 2;   // in this process; at_once_everywhere: in the deployment
  kind.stall = 5min;  // without a sign of life for so long: asked to stop, counted as failed
  kind.describe = [](std::string_view payload) {
    const auto what = MeasureFolder::decode(payload);
    return what ? what->folder : std::string("a folder");
  };
  return kind;
}

Result<work::Enqueued> measure_later(db::Session& session, const MeasureFolder& what) {
  work::NewJob job;
  job.kind = "measure-folder";
  job.payload = what.encode();
  job.key = what.folder;  // while one of this key is alive, a second one is the same
  return work::enqueue(session, job);
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(JobExample, RunsFromPayloadToResult) {
  using db::testing::must;
  const db::testing::TempFolder folder;
  std::ofstream(folder.path() / "a") << "12345";
  const auto database =
      must(db::Database::open({.url = "sqlite:" + (folder.path() / "vedette.db").string()}));
  must(db::migrate(*database, work::migrations()));
  must(database->write([](db::Session& session) {
    return session.script("CREATE TABLE folder_size (folder TEXT, bytes INTEGER)");
  }));
  const std::string wanted = (folder.path() / "wanted").string();
  fs::create_directory(wanted);
  std::ofstream(fs::path(wanted) / "b") << "1234567";

  const auto put = [&] {
    return must(database->write(
        [&](db::Session& session) { return measure_later(session, MeasureFolder{wanted}); }));
  };
  const auto first = put();
  EXPECT_TRUE(first.is_new);
  EXPECT_EQ(put().id, first.id) << "one at a time";

  std::unique_ptr<work::Worker> worker;  // outlives the supervisor, whose loop it is
  work::Supervisor supervisor(*database, {});
  worker = std::make_unique<work::Worker>(
      *database, work::WorkerOptions{.process_id = supervisor.process_id(),
                                     .process_name = supervisor.process_name(),
                                     .lease = {}});
  must(worker->add(measure_folder_kind(database.get())));
  EXPECT_EQ(worker->describe("measure-folder", MeasureFolder{wanted}.encode()), wanted);
  must(supervisor.add(*worker->loop()));
  supervisor.start();
  std::optional<work::JobStatus> job;
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!job || !work::has_ended(job->state)) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::sleep_for(5ms);
    job = must(database->read([&](db::Session& session) { return work::job(session, first.id); }));
  }
  supervisor.stop(10s);
  EXPECT_EQ(job->state, work::JobState::kCompleted) << job->error;
  EXPECT_EQ(job->result, R"({"files":1,"bytes":7})");
  const auto rows = must(database->read(
      [](db::Session& session) { return session.query("SELECT bytes FROM folder_size"); }));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.scalar<std::int64_t>(), 7);
}

TEST(JobExample, ThePageQuotesWhatIsTestedHere) {
  const fs::path root(VEDETTE_SOURCE_DIR);
  const std::string source = text_of(root / "src/app/job_example_test.cpp");
  std::string page = text_of(root / "docs/jobs.md");
  int quoted = 0;
  for (std::size_t at = page.find("```cpp\n"); at != std::string::npos;
       at = page.find("```cpp\n", at + 1)) {
    const std::size_t begin = at + 7;
    const std::string code = page.substr(begin, page.find("```", begin) - begin);
    EXPECT_NE(source.find(code), std::string::npos) << code;
    ++quoted;
  }
  EXPECT_EQ(quoted, 4);
}

}  // namespace
}  // namespace vedette::app
