// The job from an uploaded image to its products and figures: on both databases, over a folder and
// over S3; what fails says why; what is removed, cancelled or interrupted leaves nothing half done.
#include "imagery/analyze_job.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/digest.hpp"
#include "blob/store.hpp"
#include "blob/testing/s3_server.hpp"
#include "blob/testing/small_disk.hpp"
#include "imagery/analysis_store.hpp"
#include "imagery/imagery_store_test.hpp"
#include "imagery/intake.hpp"
#include "imagery/test_raster.hpp"
#include "work/job_cell.hpp"

namespace vedette::imagery {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// A small picture: three bands are red, green and blue by name; of more nothing is said but the
/// camera.
std::string tiff_of(int width, int height, int bands) {
  std::vector<std::uint8_t> samples;
  for (int i = 0; i < width * height; ++i) {
    for (int band = 0; band < bands; ++band) {
      samples.push_back(static_cast<std::uint8_t>(20 + (i * (band + 3)) % 200));
    }
  }
  auto tiff = TestTiff::of(width, height, bands, samples);
  tiff.text(271, "Vedette").text(272, "Test camera");
  if (bands == 3) tiff.names({"red", "green", "blue"});
  return tiff.bytes();
}

/// A store in which something happens before an object is put: it fails, or the world changes.
class Hooked final : public blob::Store {
 public:
  using Hook = std::function<Result<void>(std::string_view key)>;
  Hooked(blob::Store& store, Hook before_put) : store_(store), hook_(std::move(before_put)) {}

  Result<std::uint64_t> put(std::string_view key, blob::Source source,
                            const blob::PutOptions& options) override {
    VEDETTE_CHECK(hook_(key));
    return store_.put(key, std::move(source), options);
  }
  Result<blob::ObjectInfo> get(std::string_view key, const blob::GetOptions& options,
                               const blob::Sink& sink) override {
    return store_.get(key, options, sink);
  }
  Result<std::optional<std::filesystem::path>> file_of(std::string_view key) const override {
    return store_.file_of(key);
  }
  Result<std::optional<blob::ObjectInfo>> head(std::string_view key,
                                               const std::stop_token& stop) override {
    return store_.head(key, stop);
  }
  Result<void> remove(std::string_view key, const std::stop_token& stop) override {
    return store_.remove(key, stop);
  }
  Result<blob::Page> list(std::string_view prefix, const blob::ListOptions& options) override {
    return store_.list(prefix, options);
  }
  Result<std::optional<std::string>> link(std::string_view key,
                                          const blob::LinkOptions& options) override {
    return store_.link(key, options);
  }
  Result<blob::Swept> sweep(Micros older_than, const std::stop_token& stop) override {
    return store_.sweep(older_than, stop);
  }
  std::vector<blob::Finding> check(const std::stop_token& stop) override {
    return store_.check(stop);
  }
  std::string place() const override { return store_.place(); }

 private:
  blob::Store& store_;
  const Hook hook_;
};

class AnalyzeJob : public ImageryStore {
 protected:
  void SetUp() override {
    ImageryStore::SetUp();
    if (IsSkipped()) return;
    blobs_ = must(blob::open(store_options()));
  }
  virtual blob::StoreOptions store_options() {
    return {.folder = {.folder = root() / "blobs"}, .s3 = {}};
  }
  virtual std::filesystem::path root() const { return folder_.path(); }

  /// As an upload does it.
  std::string upload(const std::string& content, const std::string& name = "field.tif",
                     std::optional<ImagePosition> position = {}) {
    bool is_given = false;
    const auto taken = must(take_image(
        *blobs_, name,
        [&]() -> Result<std::string_view> {
          return std::exchange(is_given, true) ? std::string_view() : std::string_view(content);
        },
        1 << 30, SystemClock{}.now()));
    return add({.id = taken.id,
                .filename = taken.filename,
                .original_name = name,
                .mime_type = taken.mime_type,
                .file_size = taken.size,
                .sha256 = taken.sha256,
                .blob_key = taken.blob_key,
                .position = std::move(position)})
        .id;
  }

  AnalyzeParts parts() {
    return {.database = &database(),
            .blobs = blobs_.get(),
            .clock = &clock_,
            .scratch = root() / "scratch",
            .options = {}};
  }

  /// One attempt, as the worker makes it up to its end; `hook` is asked before each product.
  Result<work::JobEnd> run_job(const work::ClaimedJob& job, const Hooked::Hook& hook = {}) {
    AnalyzeParts with = parts();
    std::optional<Hooked> hooked;
    if (hook) with.blobs = &hooked.emplace(*blobs_, hook);
    const work::JobKind kind = analyze_image_kind(with);
    work::JobContext context(std::make_shared<work::JobCell>(kind, fence_of(job).worker, job));
    return kind.body(job.payload, context);
  }
  Result<work::JobEnd> run_next() {
    const auto job = claim();
    if (!job) return fail(ErrorCode::kNotFound, "There is no job.");
    return run_job(*job);
  }

  std::set<std::string> keys(std::string_view prefix = "") {
    std::set<std::string> all;
    for (const auto& object : must(blobs_->list(prefix, {})).objects) all.insert(object.key);
    return all;
  }
  std::set<std::string> product_keys(std::string_view id) {
    std::set<std::string> all;
    for (const auto& one : read([&](db::Session& s) { return products(s, id); })) {
      all.insert(one.blob_key);
    }
    return all;
  }
  bool is_scratch_empty() const {
    const auto scratch = root() / "scratch";
    return !std::filesystem::exists(scratch) || std::filesystem::is_empty(scratch);
  }

  void check_one_image();

  db::testing::TempFolder folder_;
  SystemClock clock_;
  std::unique_ptr<blob::Store> blobs_;
};

void AnalyzeJob::check_one_image() {
  const std::string id = upload(tiff_of(64, 48, 3));
  const auto end = run_next();
  ASSERT_TRUE(end) << end.error().message;
  const Image done = image(id);
  EXPECT_EQ(done.status, ImageStatus::kCompleted);
  EXPECT_EQ(done.error, "");
  EXPECT_EQ(done.width, 64);
  EXPECT_EQ(done.height, 48);
  EXPECT_TRUE(done.processed_at);
  ASSERT_TRUE(done.figures);
  EXPECT_FALSE(done.figures->ndvi.mean) << "no near infrared: nothing is invented";
  EXPECT_FALSE(done.figures->main_index.empty());
  EXPECT_TRUE(done.figures->main_mean);
  EXPECT_FALSE(done.figures->summary.empty()) << "and it is said why";
  EXPECT_EQ(job_of(id).state, work::JobState::kCompleted);
  const auto all = read([&](db::Session& s) { return products(s, id); });
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(product_keys(id), keys("fields/products/"))
      << "every product has its row and the reverse";
  for (const StoredProduct& one : all) {
    const std::string content = must(blob::read_all(*blobs_, one.blob_key, 64 << 20));
    EXPECT_EQ(static_cast<std::int64_t>(content.size()), one.size) << one.name;
    EXPECT_EQ(sha256_hex(content), one.sha256) << one.name;
  }
  EXPECT_THAT(read([&](db::Session& s) { return analysis_json(s, id); }), HasSubstr("\"width\""));
  EXPECT_TRUE(is_scratch_empty());
}

TEST_P(AnalyzeJob, MakesFiguresAndProductsOfAnImage) {
  check_one_image();
}

TEST_P(AnalyzeJob, DoesItAgainInThePlaceOfWhatWasBefore) {
  const std::string id = upload(tiff_of(64, 48, 4));
  ASSERT_TRUE(run_next());
  const auto before = product_keys(id);
  write([&](db::Session& s) { return set_image_bands(s, id, "red,green,blue,nir"); });
  write([&](db::Session& s) { return retry_image(s, id); });
  EXPECT_EQ(image(id).status, ImageStatus::kUploaded);
  EXPECT_TRUE(image(id).figures) << "what was found before stays until then";
  const auto end = run_next();
  ASSERT_TRUE(end) << end.error().message;
  const Image done = image(id);
  EXPECT_EQ(done.status, ImageStatus::kCompleted);
  ASSERT_TRUE(done.figures && done.figures->ndvi.mean) << "the user said which band is which";
  EXPECT_EQ(done.figures->main_index, "ndvi");
  EXPECT_EQ(product_keys(id), keys("fields/products/")) << "those of before are gone";
  for (const std::string& key : before) EXPECT_FALSE(product_keys(id).contains(key));
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM analyses"), 1);
}

TEST_P(AnalyzeJob, RemembersWhatWasSaidOfACamera) {
  const std::string first = upload(tiff_of(64, 48, 4));
  ASSERT_TRUE(run_next());
  const std::string camera = image(first).camera;
  ASSERT_FALSE(camera.empty());
  write([&](db::Session& s) {
    return set_camera_bands(s, camera, "red,green,blue,nir", clock_.now());
  });
  const std::string second = upload(tiff_of(65, 48, 4));
  ASSERT_TRUE(run_next());
  EXPECT_EQ(image(second).camera, camera);
  EXPECT_TRUE(image(second).figures->ndvi.mean);
}

TEST_P(AnalyzeJob, SaysWhyNothingCanBeMadeOfIt) {
  std::string cut_off = tiff_of(64, 48, 3);
  cut_off.resize(cut_off.size() / 2);
  const std::string no_tiff = std::string("II*\0\xff\xff\xff\xff", 8) + std::string(100, 'x');
  const std::string no_jpeg = "\xFF\xD8\xFF\xE1" + std::string(500, 'x');
  for (const std::string& content : {cut_off, no_tiff, no_jpeg}) {
    const std::string id = upload(content);
    const auto job = claim();
    ASSERT_TRUE(job);
    const auto end_of_it = run_job(*job);
    ASSERT_FALSE(end_of_it);
    EXPECT_FALSE(end_of_it.error().retryable) << "trying again changes nothing";
    EXPECT_THAT(end_of_it.error().message, Not(HasSubstr(folder_.path().string())));
    EXPECT_FALSE(end_of_it.error().message.empty());
    end(*job, work::Ending::Kind::kDiscarded, end_of_it.error().message);
    EXPECT_EQ(image(id).status, ImageStatus::kFailed);
    EXPECT_EQ(image(id).error, end_of_it.error().message);
  }
  EXPECT_THAT(keys("fields/products/"), IsEmpty());
  EXPECT_TRUE(is_scratch_empty());
}

TEST_P(AnalyzeJob, OfAnImageThatIsGoneWritesNothing) {
  const std::string removed_before = upload(tiff_of(64, 48, 3));
  auto job = claim();
  write([&](db::Session& s) { return remove_image(s, removed_before); });
  auto ended = run_job(*job);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kNotFound);
  // Removed when everything is made and only the last transaction is missing.
  const std::string id = upload(tiff_of(66, 48, 3));
  job = claim();
  ASSERT_TRUE(job);
  ended = run_job(*job, [&](std::string_view) -> Result<void> {
    if (find(id)) write([&](db::Session& s) { return remove_image(s, id); });
    return {};
  });
  ASSERT_FALSE(ended);
  EXPECT_FALSE(find(id));
  EXPECT_THAT(keys("fields/products/"), IsEmpty());
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM analyses"), 0);
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM image_product"), 0);
}

// What is away comes back: nothing is counted against the image, and it says why it waits.
TEST_P(AnalyzeJob, WaitsForAStoreThatIsAway) {
  const std::string id = upload(tiff_of(64, 48, 3));
  auto job = claim();
  ASSERT_TRUE(job);
  int puts = 0;
  const auto ended = run_job(*job, [&](std::string_view) -> Result<void> {
    if (++puts < 3) return {};
    return fail(ErrorCode::kUnavailable, "The bucket does not answer.");
  });
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->kind, work::JobEnd::Kind::kLater);
  EXPECT_EQ(image(id).error, "The bucket does not answer.");
  end(*job, work::Ending::Kind::kLater);
  EXPECT_EQ(image(id).status, ImageStatus::kUploaded);
  EXPECT_EQ(image(id).error, "The bucket does not answer.");
  EXPECT_THAT(keys("fields/products/"), IsEmpty()) << "no half set of products";
  EXPECT_EQ(job_of(id).failures, 0);
  const std::string kind(kAnalyzeImage);
  write([&](db::Session& s) { return work::promote_due(s, {&kind, 1}, 10); });
  job = claim();
  ASSERT_TRUE(job);
  ASSERT_TRUE(run_job(*job));
  EXPECT_EQ(image(id).status, ImageStatus::kCompleted);
  EXPECT_EQ(image(id).error, "");
}

TEST_P(AnalyzeJob, OfAProcessThatLostItWritesNothing) {
  const std::string id = upload(tiff_of(64, 48, 3));
  const auto job = claim();
  ASSERT_TRUE(job);
  bool is_lost = false;
  const auto ended = run_job(*job, [&](std::string_view) -> Result<void> {
    if (std::exchange(is_lost, true)) return {};
    // Its lease ran out, and another process gave the job back.
    write([&](db::Session& s) {
      return work::rescue_jobs(s, fence_of(*job).worker.name, "north:1", {}, 9);
    });
    return {};
  });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kFenced);
  EXPECT_EQ(image(id).status, ImageStatus::kUploaded);
  EXPECT_THAT(keys("fields/products/"), IsEmpty());
  ASSERT_TRUE(run_next()) << "and somebody else does it";
  EXPECT_EQ(image(id).status, ImageStatus::kCompleted);
  EXPECT_EQ(product_keys(id), keys("fields/products/"));
}

TEST_P(AnalyzeJob, OfAnOriginalThatIsGoneSaysSo) {
  const std::string id = upload(tiff_of(64, 48, 3));
  must(blobs_->remove(image(id).blob_key));
  const auto ended = run_next();
  ASSERT_FALSE(ended);
  EXPECT_FALSE(ended.error().retryable);
  EXPECT_THAT(ended.error().message, HasSubstr("Upload it again"));
}

TEST_P(AnalyzeJob, KeepsThePlaceThatTheSenderTold) {
  const std::string told =
      upload(tiff_of(64, 48, 3), "a.tif", ImagePosition{.latitude = 10, .longitude = 20});
  ASSERT_TRUE(run_next());
  ASSERT_TRUE(image(told).position);
  EXPECT_EQ(image(told).position->latitude, 10);
  EXPECT_EQ(image(told).position->source, "upload");
  const std::string untold = upload(tiff_of(65, 48, 3));
  ASSERT_TRUE(run_next());
  EXPECT_FALSE(image(untold).position) << "a picture without a position is a picture";
}

VEDETTE_ON_BOTH_DATABASES(AnalyzeJob);

class AnalyzeJobOnS3 : public AnalyzeJob {
 protected:
  void SetUp() override {
    if (blob::testing::S3Server::shared() == nullptr) {
      GTEST_SKIP() << blob::testing::S3Server::how_to_get();
    }
    AnalyzeJob::SetUp();
  }
  blob::StoreOptions store_options() override {
    return {.folder = {}, .s3 = blob::testing::S3Server::shared()->fresh_bucket()};
  }
};

TEST_P(AnalyzeJobOnS3, MakesFiguresAndProductsOfAnImage) {
  check_one_image();
}

VEDETTE_ON_BOTH_DATABASES(AnalyzeJobOnS3);

class AnalyzeJobOnAFullDisk : public AnalyzeJob {
 protected:
  void SetUp() override {
    disk_.emplace(folder_.path() / "disk");
    if (!disk_->is_there()) GTEST_SKIP() << blob::testing::SmallDisk::kWhyNot;
    AnalyzeJob::SetUp();
  }
  std::filesystem::path root() const override { return folder_.path() / "disk"; }

  std::optional<blob::testing::SmallDisk> disk_;
};

// Wherever the room ends: in the folder of what is being made, or in that of what is kept.
TEST_P(AnalyzeJobOnAFullDisk, WaitsWithNothingHalfDoneUntilThereIsRoom) {
  const std::string id = upload(tiff_of(400, 300, 3));
  int waits = 0;
  for (std::uint64_t left = 4096; left < (8U << 20U); left += left / 2) {
    const auto job = claim();
    ASSERT_TRUE(job);
    disk_->fill(left);
    const auto ended = run_job(*job);
    ASSERT_TRUE(ended) << ended.error().message << ", with " << left;
    EXPECT_TRUE(is_scratch_empty());
    EXPECT_EQ(product_keys(id), keys("fields/products/")) << "with " << left;
    if (ended->kind != work::JobEnd::Kind::kLater) break;
    ++waits;
    EXPECT_THAT(image(id).error, HasSubstr("full")) << left;
    end(*job, work::Ending::Kind::kLater);
    EXPECT_EQ(job_of(id).failures, 0);
    disk_->make_room();
    const std::string kind(kAnalyzeImage);
    write([&](db::Session& s) { return work::promote_due(s, {&kind, 1}, 10); });
  }
  EXPECT_GT(waits, 5);
  EXPECT_EQ(image(id).status, ImageStatus::kCompleted);
  EXPECT_FALSE(product_keys(id).empty());
}

VEDETTE_ON_BOTH_DATABASES(AnalyzeJobOnAFullDisk);

}  // namespace
}  // namespace vedette::imagery
