#include "traffic/camera_loop.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/log.hpp"
#include "db/database.hpp"
#include "media/frame_source.hpp"
#include "traffic/counting.hpp"
#include "traffic/detectors.hpp"
#include "traffic/live_view.hpp"
#include "traffic/quality.hpp"
#include "traffic/recorder.hpp"
#include "traffic/run_clock.hpp"
#include "traffic/run_writer.hpp"
#include "traffic/sightings.hpp"
#include "traffic/watch_pipeline.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

// What one attempt at a camera leaves to the next.
struct Remembered {
  std::optional<QualityNote> note;
};

// What comes back by itself, and what somebody has to put right.
std::string_view issue_of(const Error& error) {
  const bool is_unreadable =
      error.code == ErrorCode::kCorrupt || error.code == ErrorCode::kUnsupported ||
      error.code == ErrorCode::kForbidden || error.code == ErrorCode::kTooLarge;
  return error.retryable || !is_unreadable ? "source unreachable" : "source unreadable";
}

class CameraRun {
 public:
  CameraRun(const Camera& camera, const LineBoard& board, const CameraLoopParts& parts,
            work::LoopContext& context, Remembered& remembered)
      : camera_(camera), board_(board), parts_(parts), context_(context), remembered_(remembered) {}

  Result<void> watch();

 private:
  // Says and notes why nothing is seen, and passes the error on.
  std::unexpected<Error> give_up(std::string_view issue, const Error& error);
  Result<void> watch_source(media::FrameSource& source);
  Result<void> run(media::FrameSource& source, media::Session& session, Sightings& sightings);
  Result<void> watch_frames(WatchPipeline& pipeline, media::FrameSource& source,
                            media::Session& session, Sightings& sightings, RunWriter& writer);
  bool must_begin_anew(const WatchedFrame& watched);
  void say_figures(const media::FrameSource& source, const media::Session& session,
                   const WatchPipeline& pipeline, Sightings& sightings, RunWriter& writer);

  const Camera& camera_;
  const LineBoard& board_;
  const CameraLoopParts& parts_;
  work::LoopContext& context_;
  Remembered& remembered_;

  // What failed, for the words; the store needs none of its own beside the supervisor's.
  std::string_view failed_;
  std::shared_ptr<LiveView> view_;

  // Of one run.
  std::stop_source give_up_;
  std::optional<RunClock> clock_;
  bool is_too_slow_ = false;
};

std::unexpected<Error> CameraRun::give_up(std::string_view issue, const Error& error) {
  if (error.code == ErrorCode::kCancelled || error.code == ErrorCode::kFenced) return fail(error);
  context_.report(work::Health::kBad, issue, error.message);
  if (auto noted =
          note_outage(*parts_.database, context_.fence(), camera_.id, issue, error.message);
      !noted) {
    return fail(noted.error());
  }
  return fail(error);
}

Result<void> CameraRun::watch() {
  view_ = parts_.live->view(camera_.id);
  if (context_.outage()) {
    VEDETTE_CHECK(
        note_past_outage(*parts_.database, context_.fence(), camera_.id, *context_.outage()));
  }
  context_.report(work::Health::kWait, "opening source");
  auto source = media::open_source(source_options(camera_, parts_.options), context_.stop_token());
  if (!source) return give_up(issue_of(source.error()), source.error());
  // It comes over HTTP and has an end, which its address does not tell.
  if ((*source)->info().kind == media::SourceKind::kFile)
    return hand_to_queue(*parts_.database, context_.fence(), camera_.id);
  Result<void> result = watch_source(**source);
  view_->end();
  if (!result && !failed_.empty()) return give_up(failed_, result.error());
  return result;
}

Result<void> CameraRun::watch_source(media::FrameSource& source) {
  VEDETTE_TRY(before, parts_.database->read(
                          [&](db::Session& session) { return picture_size(session, camera_.id); }));
  Sightings sightings(before);
  for (;;) {
    context_.report(work::Health::kWait, "loading detector");
    failed_ = "no detector";
    VEDETTE_TRY(choice, parts_.detectors->open(camera_.model));
    failed_ = {};
    VEDETTE_CHECK(run(source, *choice.session, sightings));
  }
}

Result<void> CameraRun::run(media::FrameSource& source, media::Session& session,
                            Sightings& sightings) {
  const media::DetectorFacts facts = session.facts();
  VEDETTE_TRY(recorder, Recorder::begin(*parts_.database, context_.fence(), camera_.id,
                                        camera_.revision, facts.model));
  context_.running();
  if (const media::SourceInfo info = source.info(); info.width > 0 && info.height > 0) {
    VEDETTE_CHECK(parts_.database->write([&](db::Session& stored) -> Result<void> {
      VEDETTE_CHECK(context_.fence().check(stored));
      return adopt_picture_size(stored, camera_.id, {info.width, info.height});
    }));
  }

  give_up_ = {};
  clock_.emplace(*parts_.clock);
  is_too_slow_ = false;
  sightings.begin_run();

  RunWriter writer(std::move(recorder), context_, give_up_);
  const std::stop_callback stop_all(context_.stop_token(), [this] { give_up_.request_stop(); });
  if (remembered_.note) {
    writer.add([&](Batch& batch) {
      batch.notes.push_back(*std::exchange(remembered_.note, std::nullopt));
    });
  }
  WatchOptions options;
  options.types = camera_.types;
  WatchPipeline pipeline(options, source, session);
  Result<void> outcome = watch_frames(pipeline, source, session, sightings, writer);
  say_figures(source, session, pipeline, sightings, writer);
  writer.add([&](Batch& batch) { sightings.end(batch); });
  Result<void> written = writer.finish(context_.stop_token());
  if (give_up_.stop_requested() && !context_.stopping()) {
    return fail(ErrorCode::kFenced, remembered_.note
                                        ? remembered_.note->cause
                                        : "Another process has taken this camera over.");
  }
  if (outcome && !written) {
    failed_ = "cannot be stored";
    return fail(written.error());
  }
  return outcome;
}

// Success: the run is to begin anew.
Result<void> CameraRun::watch_frames(WatchPipeline& pipeline, media::FrameSource& source,
                                     media::Session& session, Sightings& sightings,
                                     RunWriter& writer) {
  const std::stop_token stop = give_up_.get_token();
  auto said_at = std::chrono::steady_clock::now();
  std::uint64_t lines_version = 0;
  for (;;) {
    if (board_.version() != lines_version) {
      lines_version = board_.version();
      std::vector<Line> lines = board_.lines();
      pipeline.set_lines(counting_lines(lines));
      sightings.set_lines(std::move(lines));
    }
    auto watched = pipeline.next(stop);
    if (!watched) {
      failed_ = pipeline.has_detector_failed() ? "detector failed" : issue_of(watched.error());
      return fail(watched.error());
    }
    // A live source never ends without an error.
    if (!*watched || must_begin_anew(**watched)) return {};
    Instant at = clock_->of((*watched)->frame.captured_at);
    writer.add([&](Batch& batch) { at = sightings.take(**watched, pipeline, at, batch); });
    view_->offer((*watched)->frame, sightings.marks(**watched, pipeline, at));
    if (std::chrono::steady_clock::now() - said_at >= 1s) {
      said_at = std::chrono::steady_clock::now();
      say_figures(source, session, pipeline, sightings, writer);
    }
  }
}

// Whether the run's time, or its numbers for tracks, go no further.
bool CameraRun::must_begin_anew(const WatchedFrame& watched) {
  if (const Micros step = clock_->look(); step != Micros{0}) {
    const double seconds = to_seconds(step);
    remembered_.note = QualityNote{
        QualityNote::Kind::kMoment, "clock changed",
        fmt::format(
            "This machine's clock was set {} by {:.1f} s; counting went on by the new time.",
            seconds < 0 ? "back" : "forward", std::abs(seconds))};
    log::warn("camera", "{}: {}", camera_.id, remembered_.note->cause);
    return true;
  }
  return !watched.tracks.empty() && watched.tracks.back().id > parts_.options.last_track_number;
}

void CameraRun::say_figures(const media::FrameSource& source, const media::Session& session,
                            const WatchPipeline& pipeline, Sightings& sightings,
                            RunWriter& writer) {
  std::optional<TooSlow> reason;
  writer.add([&](Batch& batch) {
    sightings.say_figures(source, session, pipeline, batch);
    reason = sightings.judge_rate(pipeline, source.stats().fps, batch);
  });
  if (reason) {
    context_.report(work::Health::kWait, kTooSlowWord, reason->cause, reason->remedy);
  } else if (is_too_slow_) {
    context_.running();
  }
  is_too_slow_ = reason.has_value();
}

}  // namespace

bool LineBoard::set(std::vector<Line> lines) {
  const std::lock_guard lock(lines_mutex_);
  if (lines == lines_) return false;
  lines_ = std::move(lines);
  version_.fetch_add(1, std::memory_order_release);
  return true;
}

media::SourceOptions source_options(const Camera& camera, const CameraLoopOptions& limits) {
  media::SourceOptions options;
  options.url = camera.source;
  options.loop = camera.is_loop;
  options.open_timeout = limits.stall;
  options.read_timeout = limits.stall;
  options.max_width = limits.max_picture;
  options.max_height = limits.max_picture;
  options.file_folders = limits.file_folders;
  options.any_certificate = limits.any_certificate;
  return options;
}

std::string camera_loop_name(std::string_view camera_id) {
  return fmt::format("camera:{}", camera_id);
}

work::LoopSpec camera_loop(Camera camera, std::shared_ptr<LineBoard> lines, CameraLoopParts parts) {
  work::LoopSpec spec;
  spec.name = camera_loop_name(camera.id);
  spec.title = "Camera: " + camera.name;
  spec.role = work::Role::kWatch;
  spec.lease = spec.name;
  // Of a source that turned out to be a recording; a change of the camera has it looked at anew.
  spec.edition = fmt::format("{} {}", to_rfc3339(camera.created_at), camera.revision);
  spec.options.backoff_max = parts.options.retry_max;
  auto seat = std::make_shared<LiveSeat>(parts.live, camera.id);
  auto remembered = std::make_shared<Remembered>();
  spec.body = [remembered = std::move(remembered), seat = std::move(seat),
               camera = std::move(camera), lines = std::move(lines),
               parts](work::LoopContext& context) {
    return CameraRun(camera, *lines, parts, context, *remembered).watch();
  };
  return spec;
}

}  // namespace vedette::traffic
