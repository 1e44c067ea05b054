// What the tests of the fields' tables share: a migrated store of either kind, images in it, and a
// worker as the queue sees one.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/id.hpp"
#include "db/migration.hpp"
#include "db/testing/store.hpp"
#include "imagery/image_store.hpp"
#include "imagery/tables.hpp"
#include "work/job_queue.hpp"
#include "work/job_store.hpp"
#include "work/lease_store.hpp"
#include "work/tables.hpp"
#include "work/worker.hpp"

namespace vedette::imagery {

inline std::vector<db::Migration> steps_of_images() {
  std::vector<db::Migration> all = work::migrations();
  for (db::Migration& migration : migrations()) all.push_back(std::move(migration));
  return all;
}

class ImageryStore : public db::testing::EveryStore {
 protected:
  template <class F>
  auto write(F&& body) {
    return must(database_->write(std::forward<F>(body)));
  }
  template <class F>
  auto read(F&& body) {
    return must(database_->read(std::forward<F>(body)));
  }

  void SetUp() override {
    EveryStore::SetUp();
    if (IsSkipped()) return;
    database_ = open();
    prepare();
    must(db::migrate(*database_, steps_of_images()));
    fence_.name = std::string(work::kWorkerLease) + "north";
    fence_.token = write([&](db::Session& s) -> Result<std::int64_t> {
      VEDETTE_CHECK(leases_.introduce(s, fence_.name));
      VEDETTE_TRY(claim, leases_.claim(s, fence_.name, nullptr));
      return claim ? claim->token : 0;
    });
  }
  /// Before the migrations.
  virtual void prepare() {}

  db::Database& database() { return *database_; }
  db::Rows rows(std::string_view sql, std::initializer_list<db::Param> params = {}) {
    return read([&](db::Session& s) { return s.query(sql, params); });
  }
  template <class T>
  T one(std::string_view sql, std::initializer_list<db::Param> params = {}) {
    return rows(sql, params).scalar<T>();
  }
  void run(std::string_view sql, std::initializer_list<db::Param> params = {}) {
    write([&](db::Session& s) { return s.execute(sql, params); });
  }

  static NewImage image_of(std::string_view content, std::string name = "field.jpg") {
    NewImage image;
    image.id = new_uuid();
    image.filename = fmt::format("{}.jpg", image.id);
    image.original_name = std::move(name);
    image.mime_type = "image/jpeg";
    image.file_size = static_cast<std::int64_t>(content.size());
    image.sha256 = sha256_hex(content);
    image.blob_key = fmt::format("fields/images/2026/11/27/{}", image.filename);
    return image;
  }
  AddedImage add(const NewImage& image, Instant at = SystemClock{}.now()) {
    return write([&](db::Session& s) { return add_image(s, image, at); });
  }
  std::string add(std::string_view content) { return add(image_of(content)).id; }
  std::optional<Image> find(std::string_view id) {
    return read([&](db::Session& s) { return find_image(s, id); });
  }
  Image image(std::string_view id) {
    auto found = find(id);
    EXPECT_TRUE(found) << id;
    return found ? std::move(*found) : Image{};
  }
  work::JobStatus job_of(std::string_view id) {
    const auto job = image(id).job;
    EXPECT_TRUE(job) << id;
    const auto found = read([&](db::Session& s) { return work::job(s, job.value_or(0)); });
    return found.value_or(work::JobStatus{});
  }

  /// Takes the next job, as a worker does.
  std::optional<work::ClaimedJob> claim() {
    auto claimed = write([&](db::Session& s) {
      return work::claim_jobs(s, fence_, {.kind = kAnalyzeImage, .limit = 1, .from = {}});
    });
    if (claimed.jobs.empty()) return std::nullopt;
    return std::move(claimed.jobs.front());
  }
  work::JobFence fence_of(const work::ClaimedJob& job) const {
    return {.job = job.id, .attempt = job.attempt, .worker = fence_};
  }
  void end(const work::ClaimedJob& job, work::Ending::Kind kind, std::string error = {}) {
    const work::Ending ending{.id = job.id,
                              .attempt = job.attempt,
                              .kind = kind,
                              .result = {},
                              .error = std::move(error)};
    write([&](db::Session& s) { return work::end_jobs(s, kAnalyzeImage, fence_, {&ending, 1}); });
  }

 private:
  std::unique_ptr<db::Database> database_;
  work::LeaseStore leases_{"north", "north:1", {.ttl = std::chrono::hours(1)}};
  work::Fence fence_;
};

#define VEDETTE_ON_BOTH_DATABASES(suite)                                                    \
  INSTANTIATE_TEST_SUITE_P(Stores, suite,                                                   \
                           ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres), \
                           db::testing::store_name)

}  // namespace vedette::imagery
