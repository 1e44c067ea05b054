#include "traffic/count_job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "base/digest.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "db/database.hpp"
#include "media/detection_log.hpp"
#include "media/frame_source.hpp"
#include "traffic/count_objects.hpp"
#include "traffic/count_report.hpp"
#include "traffic/count_result.hpp"
#include "traffic/count_source.hpp"
#include "traffic/counting.hpp"
#include "traffic/detection_store.hpp"
#include "traffic/detectors.hpp"
#include "traffic/live_view.hpp"
#include "traffic/sightings.hpp"
#include "traffic/thumbnails.hpp"
#include "traffic/watch_pipeline.hpp"
#include "work/job_queue.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

// Figures, and what the detector said, are stored this often.
constexpr auto kStoreEvery = 2s;
// Processes that died one after the other before anything was got done.
constexpr std::int64_t kMostStuck = 3;
constexpr auto kObjectPatience = 90s;

std::unexpected<Error> for_good(Error error) {
  error.retryable = false;
  return fail(std::move(error));
}
std::unexpected<Error> for_good(ErrorCode code, std::string message) {
  return for_good(fail(code, std::move(message)).error());
}

// What a person must put right is not tried again; what may come back by itself is.
std::unexpected<Error> of_source(Error error) {
  switch (error.code) {
    case ErrorCode::kCorrupt:
    case ErrorCode::kUnsupported:
    case ErrorCode::kForbidden:
    case ErrorCode::kTooLarge:
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound:
      return for_good(std::move(error));
    default:
      error.retryable = true;
      return fail(std::move(error));
  }
}

class FileCount {
 public:
  FileCount(const CountFile& count, const CameraLoopParts& parts, work::JobContext& context)
      : count_(count), parts_(parts), context_(context), result_(count.camera) {}

  Result<work::JobEnd> run();

 private:
  Result<void> find_camera_and_time();
  Result<void> begin_attempt();
  Result<void> open_log(media::FrameSource& source, media::Session& session,
                        const std::string& identity);
  Result<void> watch(media::FrameSource& source, media::Session& session);
  Result<void> take(const WatchedFrame& watched, const WatchPipeline& pipeline);
  Result<void> store(media::FrameSource& source, media::Session& session,
                     const WatchPipeline& pipeline);
  void store_what_goes_with(const CountTold& told, ResultFacts& of_result);
  Result<void> finish(const media::DetectorFacts& facts);
  std::string_view times_from() const {
    return camera_.starts_at ? kTimesFromStart : kTimesFromFirstCount;
  }

  const CountFile& count_;
  const CameraLoopParts& parts_;
  work::JobContext& context_;

  Camera camera_;  // as it was when the count was started
  Instant started_at_{};
  Instant base_time_{};
  std::shared_ptr<LiveView> view_;
  std::optional<DetectionStore> store_;
  std::optional<media::DetectionLog> log_;
  std::string unstored_;  // a chunk that is not stored yet
  bool is_kept_ = false;  // what the detector says, and with it the thumbnails
  Thumbnails thumbnails_;
  bool are_thumbnails_stuck_ = false;  // the store of objects is away: again at the end
  std::optional<Sightings> sightings_;
  Batch batch_;
  CountResult result_;
  std::int64_t total_ = 0;
  std::optional<media::Frame> last_frame_;
  std::string cut_off_;   // the sentence, when the file is
  std::string left_out_;  // the sentence, when files beside it are not read
};

Result<void> FileCount::find_camera_and_time() {
  VEDETTE_TRY(found, parts_.database->read([&](db::Session& session) -> Result<bool> {
    VEDETTE_TRY(camera, find_camera(session, count_.camera));
    if (!camera) return false;
    camera_ = std::move(*camera);
    VEDETTE_TRY(size, picture_size(session, count_.camera));
    sightings_.emplace(size);
    VEDETTE_TRY(job, work::job(session, context_.id()));
    started_at_ = job ? job->created_at : parts_.clock->now();
    return true;
  }));
  if (!found) {
    return fail(
        ErrorCode::kNotFound,
        fmt::format("The camera '{}' was removed; there is nothing to count.", count_.name));
  }
  if (!camera_.is_enabled) {
    return fail(ErrorCode::kConflict,
                fmt::format("'{}' is switched off. Switch it on and count again.", camera_.name));
  }
  camera_.model = count_.model;
  camera_.types = count_.types;
  camera_.starts_at = count_.starts_at;
  camera_.lines = count_.lines;
  base_time_ = camera_.starts_at.value_or(camera_.first_count_at.value_or(started_at_));
  return {};
}

// What kills process after process is given up, also when it is the opening of the file.
Result<void> FileCount::begin_attempt() {
  VEDETTE_TRY(begun, DetectionStore::begin(*parts_.database, context_.fence(), camera_.id,
                                           context_.crashes()));
  if (begun.stuck < kMostStuck) return {};
  if (!begun.has_kept) {  // nothing tells how far it was
    return for_good(
        ErrorCode::kInternal,
        fmt::format("{} processes died while they counted {}; look at their logs and at "
                    "the machine's memory.",
                    begun.stuck, count_.file));
  }
  return for_good(ErrorCode::kInternal,
                  fmt::format("{} processes died one after the other at the same place of {}. "
                              "Copy or record it again, or choose another model.",
                              begun.stuck, count_.file));
}

Result<work::JobEnd> FileCount::run() {
  if (auto found = find_camera_and_time(); !found) {
    if (found.error().code != ErrorCode::kNotFound && found.error().code != ErrorCode::kConflict)
      return fail(std::move(found.error()));
    return for_good(std::move(found.error()));
  }
  VEDETTE_CHECK(begin_attempt());
  const LiveSeat seat(parts_.live, camera_.id);
  view_ = parts_.live->view(camera_.id);
  context_.progress(0, 0, "Opening the file");
  auto opened = open_to_count(source_options(camera_, parts_.options), context_.stop_token());
  if (!opened) return of_source(std::move(opened.error()));
  media::FrameSource& source = *opened->source;
  const media::SourceInfo info = source.info();
  if (info.kind != media::SourceKind::kFile) {
    return for_good(ErrorCode::kUnsupported,
                    fmt::format("{} has no end: it is a live source, and cannot be counted as a "
                                "file.",
                                info.shown_url));
  }
  if (!info.left_out.empty()) {
    left_out_ = info.left_out;
    batch_.notes.push_back({QualityNote::Kind::kMoment, "files left out", left_out_});
  }
  total_ = opened->frames;
  context_.progress(0, total_, "Loading the detector");
  VEDETTE_TRY(choice, parts_.detectors->open(camera_.model));
  VEDETTE_CHECK(open_log(source, *choice.session, opened->identity));
  if (info.width > 0 && info.height > 0) {
    const PictureSize size{info.width, info.height};
    camera_.lines = drawn_on(std::move(camera_.lines), size);
    // Drawn before the picture was known, a line may lie outside of it and count nothing.
    if (auto lines = check_lines(camera_, camera_.lines); !lines)
      return for_good(std::move(lines.error()));
    VEDETTE_CHECK(parts_.database->write([&](db::Session& stored) -> Result<void> {
      VEDETTE_CHECK(context_.fence().check(stored));
      return adopt_picture_size(stored, camera_.id, size);
    }));
  }
  if (auto watched = watch(log_->source(), log_->session()); !watched) {
    if (watched.error().code != ErrorCode::kConflict || log_->answered() == 0)
      return fail(std::move(watched.error()));
    // Not the recording that the detections are of, though it looks the same.
    log::warn("count", "{}: {}", camera_.id, watched.error().message);
    VEDETTE_CHECK(parts_.database->write([&](db::Session& session) -> Result<void> {
      VEDETTE_CHECK(context_.fence().check(session));
      return store_->forget(session);
    }));
    return work::JobEnd::later(Micros{0});
  }
  if (result_.frames() == 0) {
    return for_good(ErrorCode::kCorrupt,
                    cut_off_.empty() ? fmt::format("The file {} holds no picture; copy or record "
                                                   "it again.",
                                                   info.shown_url)
                                     : cut_off_);
  }
  VEDETTE_CHECK(finish(choice.session->facts()));
  return work::JobEnd::completed();  // finish() put the result in
}

// What is kept of an earlier attempt, or an earlier count of the same file by the same model.
Result<void> FileCount::open_log(media::FrameSource& source, media::Session& session,
                                 const std::string& identity) {
  VEDETTE_TRY(fingerprint, session.fingerprint());
  const std::string key =
      identity.empty() ? std::string() : media::detection_key(identity, fingerprint);
  log_.emplace(source, session, key);
  VEDETTE_TRY(store, DetectionStore::open(*parts_.database, context_.fence(), camera_.id,
                                          key.empty() ? "none" : sha256_hex(key)));
  store_ = store;
  if (key.empty()) return {};
  is_kept_ = true;
  VEDETTE_TRY(thumbnails, store.thumbnails(*parts_.database));
  thumbnails_ = Thumbnails(std::move(thumbnails));
  VEDETTE_TRY(chunks, store.read(*parts_.database));
  for (std::string& chunk : chunks) {
    // What does not read is as good as not there.
    if (auto added = log_->add(std::move(chunk)); !added)
      log::warn("count", "{}: {}", camera_.id, added.error().message);
  }
  return {};
}

Result<void> FileCount::watch(media::FrameSource& source, media::Session& session) {
  WatchOptions options;
  options.lines = counting_lines(camera_.lines);
  options.types = camera_.types;
  WatchPipeline pipeline(options, source, session);
  sightings_->set_lines(camera_.lines);
  auto stored_at = Steady::now();
  for (;;) {
    auto watched = pipeline.next(context_.stop_token());
    if (!watched) {
      const bool is_cut_off = watched.error().code == ErrorCode::kCorrupt &&
                              !pipeline.has_detector_failed() && !context_.stopping();
      if (is_cut_off) {  // what is there counts
        cut_off_ = watched.error().message;
        batch_.notes.push_back({QualityNote::Kind::kMoment, "cut off", cut_off_});
        continue;
      }
      // What was inferred until now need not be again.
      (void)store(source, session, pipeline);
      if (pipeline.has_detector_failed()) return fail(std::move(watched.error()));
      return of_source(std::move(watched.error()));
    }
    if (!*watched) break;
    VEDETTE_CHECK(take(**watched, pipeline));
    if (const auto now = Steady::now(); now - stored_at >= kStoreEvery) {
      stored_at = now;
      VEDETTE_CHECK(store(source, session, pipeline));
    }
  }
  sightings_->say_figures(source, session, pipeline, batch_);
  sightings_->end(batch_);
  result_.take(batch_, base_time_ + result_.media_time());
  return store(source, session, pipeline);
}

Result<void> FileCount::take(const WatchedFrame& watched, const WatchPipeline& pipeline) {
  const Instant at =
      sightings_->take(watched, pipeline, base_time_ + watched.frame.media_time, batch_);
  sightings_->judge_rate(pipeline, 0, batch_);
  result_.take(batch_, at);
  if (watched.frame.picture) {
    view_->offer(watched.frame, sightings_->marks(watched, pipeline, at));
    last_frame_ = watched.frame;
    if (thumbnails_.wants(watched.frame.number)) {
      if (auto jpeg = thumbnail(watched.frame))
        thumbnails_.add(watched.frame.number, watched.frame.media_time, std::move(*jpeg));
    }
  }
  // A container may announce fewer frames than it holds.
  total_ = total_ > 0 ? std::max(total_, result_.frames()) : 0;
  context_.progress(result_.frames(), total_, count_in_words(camera_, result_));
  return {};
}

// Stores how it is and what is new of the detector. A database that is away is not waited for.
Result<void> FileCount::store(media::FrameSource& source, media::Session& session,
                              const WatchPipeline& pipeline) {
  if (unstored_.empty()) unstored_ = log_->take_new();
  if (is_kept_ && !are_thumbnails_stuck_) {
    auto put = thumbnails_.store(*parts_.blobs, context_.stop_token());
    if (!put && !context_.stopping()) {
      are_thumbnails_stuck_ = true;
      log::warn("count", "{}: {}", camera_.id, put.error().message);
    }
  }
  const bool are_thumbnails_new = is_kept_ && thumbnails_.has_changed();
  sightings_->say_figures(source, session, pipeline, batch_);
  auto stored = parts_.database->write([&](db::Session& written) -> Result<void> {
    VEDETTE_CHECK(context_.fence().check(written));
    if (!unstored_.empty()) VEDETTE_CHECK(store_->add(written, unstored_));
    if (are_thumbnails_new) VEDETTE_CHECK(store_->put_thumbnails(written, thumbnails_.stored()));
    VEDETTE_CHECK(put_status(written, camera_.id, std::nullopt, batch_.status_json));
    written.notify(kTrafficChannel, camera_.id);
    return {};
  });
  if (stored) {
    if (!unstored_.empty()) store_->kept();
    unstored_.clear();
    if (are_thumbnails_new) thumbnails_.settled();
    return {};
  }
  if (stored.error().code == ErrorCode::kFenced) return stored;
  log::warn("count", "{}: {}", camera_.id, stored.error().message);
  return {};
}

// A store that is away for a minute is waited for; for longer a result is not kept back for want of
// its pictures and documents.
void FileCount::store_what_goes_with(const CountTold& told, ResultFacts& of_result) {
  const auto until = Steady::now() + kObjectPatience;
  const Counted counted{camera_, result_, told, last_frame_, thumbnails_};
  for (;;) {
    of_result.still.clear();
    of_result.objects.clear();
    auto stored = store_objects(
        counted, *parts_.blobs, context_.stop_token(), [&] { context_.alive(); }, of_result);
    if (stored || context_.stopping()) return;
    log::warn("count", "{}: {}", camera_.id, stored.error().message);
    if (!stored.error().retryable || Steady::now() >= until) return;
    context_.progress(result_.frames(), total_, "Waiting for the store of pictures and documents");
    (void)sleep_for(context_.stop_token(), 2s);
  }
}

Result<void> FileCount::finish(const media::DetectorFacts& facts) {
  ResultFacts of_result{.revision = camera_.revision,
                        .detector = facts.model,
                        .started_at = started_at_,
                        .base_time = base_time_,
                        .times_from = times_from(),
                        .settings = settings_digest(camera_),
                        .has_lines = !camera_.lines.empty(),
                        .still = {},
                        .objects = {}};
  const CountTold told{.base_time = base_time_,
                       .times_from = times_from(),
                       .model = facts.model,
                       .cut_off = cut_off_,
                       .left_out = left_out_};
  store_what_goes_with(told, of_result);
  context_.progress(result_.frames(), total_, count_in_words(camera_, result_));
  const std::string json = result_json(camera_, result_, told);
  for (;;) {
    auto done = parts_.database->write(
        [&](db::Session& session) -> Result<void> {
          VEDETTE_CHECK(context_.fence().check(session));
          VEDETTE_CHECK(result_.put(session, of_result, camera_.source));
          return context_.complete(session, json);
        },
        {.stop = context_.stop_token(), .statement_timeout = 10min});
    if (done || !done.error().retryable || context_.stopping()) return done;
    log::warn("count", "{}: the result waits for the database: {}", camera_.id,
              done.error().message);
    context_.alive();
    if (!sleep_for(context_.stop_token(), 1s)) return done;
  }
}

}  // namespace

work::JobKind count_file_kind(const CameraLoopParts& parts) {
  work::JobKind kind =
      work::job_kind<CountFile>(std::string(kCountFile), "Count a recorded file",
                                [parts](const CountFile& count, work::JobContext& context) {
                                  return FileCount(count, parts, context).run();
                                });
  kind.describe = [](std::string_view payload) {
    const auto count = CountFile::decode(payload);
    return count ? count->describe() : std::string();
  };
  // A take-over loses seconds, whatever kills processes; one that gets nowhere is told apart by
  // what was kept (kMostStuck).
  kind.most_crashes = 1000;
  kind.stall = 3min;
  kind.backoff_min = 5s;
  return kind;
}

}  // namespace vedette::traffic
