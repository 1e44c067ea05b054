#include "traffic/camera_loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/log.hpp"
#include "db/database.hpp"
#include "media/frame_source.hpp"
#include "traffic/camera_status.hpp"
#include "traffic/detectors.hpp"
#include "traffic/live_view.hpp"
#include "traffic/quality.hpp"
#include "traffic/recorder.hpp"
#include "traffic/run_clock.hpp"
#include "traffic/run_writer.hpp"
#include "traffic/watch_pipeline.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

// Two frames further apart than this leave a gap in the watched time.
constexpr Micros kLongestFrameGap = 2s;
// A track not seen for longer is not in view.
constexpr Micros kInView = 500ms;
// While it is too slow, the time watched is noted this often.
constexpr Micros kSlowStretch = 10s;

// What one attempt at a camera leaves to the next.
struct Remembered {
  std::optional<QualityNote> note;
};

// Why a run of a camera came to its end, when it was not for its source's.
enum class Ended { kSource, kToBeginAnew };

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
  Result<Ended> run(media::FrameSource& source, media::Session& session);
  Result<Ended> watch_frames(WatchPipeline& pipeline, media::FrameSource& source,
                             media::Session& session, RunWriter& writer);
  void take_lines(WatchPipeline& pipeline);
  bool must_begin_anew(const WatchedFrame& watched);
  void take(const WatchedFrame& watched, const WatchPipeline& pipeline, RunWriter& writer);
  void add_watched(Batch& batch, Instant from, Instant at, const WatchedRate& rate);
  void end_slow_stretch(Batch& batch);
  void add_samples(Batch& batch, const WatchedFrame& watched, const WatchPipeline& pipeline,
                   Instant at);
  void take_crossings(const WatchedFrame& watched, const WatchPipeline& pipeline, Instant at,
                      Batch& batch);
  void show(const WatchedFrame& watched, const WatchPipeline& pipeline, Instant at);
  void note_size(const media::Frame& frame, RunWriter& writer);
  void judge_rate(const media::SourceStats& stats, const WatchPipeline& pipeline,
                  RunWriter& writer);
  void say_figures(const media::FrameSource& source, const media::Session& session,
                   const WatchPipeline& pipeline, RunWriter& writer);
  Instant time_of(const media::Frame& frame, const Run& run) const;
  bool is_in_view(const Track& track, const WatchedFrame& watched,
                  const WatchPipeline& pipeline) const {
    // Where one that is not seen should be by now may be outside of the picture.
    const Box picture{0, 0, static_cast<float>(watched.frame.width()),
                      static_cast<float>(watched.frame.height())};
    return track.is_confirmed && pipeline.is_wanted(track.type) &&
           watched.frame.media_time - track.last_seen <= kInView &&
           intersection(track.box, picture) > 0;
  }

  const Camera& camera_;
  const LineBoard& board_;
  const CameraLoopParts& parts_;
  work::LoopContext& context_;
  Remembered& remembered_;

  // What failed, for the words; the store needs none of its own beside the supervisor's.
  std::string_view failed_;
  bool is_file_ = false;
  std::shared_ptr<LiveView> view_;
  PictureSize size_;  // of the pictures; before the first: of an earlier run
  std::uint64_t lines_version_ = 0;
  std::vector<Line> lines_;
  Marks marks_;
  CameraFigures figures_;

  // Of one run.
  std::stop_source give_up_;
  std::optional<RunClock> clock_;
  std::map<std::int64_t, Instant> first_seen_;  // by track
  std::optional<Instant> last_at_;
  bool is_too_slow_ = false;
  std::optional<Instant> slow_from_;
  Micros slow_watched_{0};
  std::chrono::steady_clock::time_point said_at_;
  std::int64_t inferred_before_ = 0;
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
  media::SourceOptions options;
  options.url = camera_.source;
  options.loop = camera_.is_loop;
  options.open_timeout = parts_.options.stall;
  options.read_timeout = parts_.options.stall;
  options.max_width = parts_.options.max_picture;
  options.max_height = parts_.options.max_picture;
  options.file_folders = parts_.options.file_folders;
  options.any_certificate = parts_.options.any_certificate;
  auto source = media::open_source(options, context_.stop_token());
  if (!source) return give_up(issue_of(source.error()), source.error());
  is_file_ = (*source)->info().kind == media::SourceKind::kFile;
  Result<void> result = watch_source(**source);
  // A file that was seen to its end keeps its last picture.
  view_->end(result.has_value());
  if (!result && !failed_.empty()) return give_up(failed_, result.error());
  return result;
}

Result<void> CameraRun::watch_source(media::FrameSource& source) {
  VEDETTE_TRY(before, parts_.database->read(
                          [&](db::Session& session) { return picture_size(session, camera_.id); }));
  size_ = before;
  for (;;) {
    context_.report(work::Health::kWait, "loading detector");
    failed_ = "no detector";
    VEDETTE_TRY(choice, parts_.detectors->open(camera_.model));
    failed_ = {};
    VEDETTE_TRY(ended, run(source, *choice.session));
    if (ended == Ended::kSource) return {};
  }
}

Result<Ended> CameraRun::run(media::FrameSource& source, media::Session& session) {
  const media::DetectorFacts facts = session.facts();
  const std::optional<Instant> base = is_file_ ? camera_.starts_at : std::nullopt;
  VEDETTE_TRY(recorder, Recorder::begin(*parts_.database, context_.fence(), camera_.id,
                                        camera_.revision, facts.model, base, is_file_));
  if (recorder.run().is_finished) {
    context_.running();
    return Ended::kSource;
  }
  if (recorder.run().frames > 0) {
    context_.report(work::Health::kWait, "catching up",
                    fmt::format("Interrupted at frame {}; reading the file again up to there.",
                                recorder.run().frames));
  } else {
    context_.running();
  }
  if (const media::SourceInfo info = source.info(); info.width > 0 && info.height > 0) {
    VEDETTE_CHECK(adopt_picture_size(*parts_.database, context_.fence(), camera_.id,
                                     {info.width, info.height}));
  }

  give_up_ = {};
  clock_.reset();
  if (!is_file_) clock_.emplace(*parts_.clock);
  first_seen_.clear();
  last_at_.reset();
  is_too_slow_ = false;
  slow_from_.reset();
  inferred_before_ = 0;

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
  Result<Ended> outcome = watch_frames(pipeline, source, session, writer);
  say_figures(source, session, pipeline, writer);
  writer.add([&](Batch& batch) {
    end_slow_stretch(batch);
    if (is_too_slow_) {
      batch.notes.push_back({QualityNote::Kind::kEnd, std::string(kTooSlowWord), {}});
    }
  });
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

Result<Ended> CameraRun::watch_frames(WatchPipeline& pipeline, media::FrameSource& source,
                                      media::Session& session, RunWriter& writer) {
  const std::stop_token stop = give_up_.get_token();
  said_at_ = std::chrono::steady_clock::now();
  lines_version_ = 0;
  lines_.clear();
  for (;;) {
    if (board_.version() != lines_version_) take_lines(pipeline);
    auto watched = pipeline.next(stop);
    if (!watched) {
      if (is_file_ && watched.error().code == ErrorCode::kCorrupt && !stop.stop_requested()) {
        context_.failure(watched.error());  // cut off: what is there was seen
        continue;
      }
      failed_ = pipeline.has_detector_failed() ? "detector failed" : issue_of(watched.error());
      return fail(watched.error());
    }
    if (!*watched) {
      writer.add([](Batch& batch) { batch.is_finished = true; });
      return Ended::kSource;
    }
    if (must_begin_anew(**watched)) return Ended::kToBeginAnew;
    note_size((*watched)->frame, writer);
    take(**watched, pipeline, writer);
    if (std::chrono::steady_clock::now() - said_at_ >= 1s)
      say_figures(source, session, pipeline, writer);
    if (is_file_) writer.wait_for_room(stop);
  }
}

void CameraRun::take_lines(WatchPipeline& pipeline) {
  lines_version_ = board_.version();
  lines_ = board_.lines();
  pipeline.set_lines(counting_lines(lines_));
}

// Whether the run's time, or its numbers for tracks, go no further.
bool CameraRun::must_begin_anew(const WatchedFrame& watched) {
  if (!clock_) return false;
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

void CameraRun::note_size(const media::Frame& frame, RunWriter& writer) {
  const PictureSize size{frame.width(), frame.height()};
  const PictureSize before = std::exchange(size_, size);
  if (size == before || before.width == 0 || size.width == 0) return;
  writer.add([&](Batch& batch) {
    batch.notes.push_back(
        {QualityNote::Kind::kMoment, "picture size changed",
         fmt::format("{} x {} to {} x {} pixels; lines keep their places in the picture, and "
                     "vehicles on them at that moment may be missed.",
                     before.width, before.height, size.width, size.height)});
  });
}

Instant CameraRun::time_of(const media::Frame& frame, const Run& run) const {
  const Instant at = clock_ ? clock_->of(frame.captured_at) : run.base_time + frame.media_time;
  return last_at_ ? std::max(at, *last_at_) : at;
}

void CameraRun::take(const WatchedFrame& watched, const WatchPipeline& pipeline,
                     RunWriter& writer) {
  const media::Frame& frame = watched.frame;
  const Instant at = time_of(frame, writer.run());
  for (const Track& ended : watched.ended) first_seen_.erase(ended.id);

  // What an interrupted run has stored already is seen again, and not stored again. Crossings are
  // told apart by their track.
  const bool is_stored =
      is_file_ && frame.media_time <= writer.run().media_time && writer.run().frames > 0;
  if (!is_stored && writer.run().frames > 0 && is_file_ && figures_.frames == writer.run().frames)
    context_.running();

  figures_.in_view = 0;
  figures_.moving = 0;
  for (const Track& track : watched.tracks) {
    if (!is_in_view(track, watched, pipeline)) continue;
    ++figures_.in_view;
    if (!track.is_parked) ++figures_.moving;
    first_seen_.try_emplace(track.id, at - (frame.media_time - track.first_seen));
  }
  ++figures_.frames;
  figures_.period = frame.period;
  figures_.media_s = to_seconds(frame.media_time);

  writer.add([&](Batch& batch) {
    batch.frames = std::max(figures_.frames, writer.run().frames);
    batch.media_time = std::max(frame.media_time, writer.run().media_time);
    if (!is_stored) {
      const bool goes_on = last_at_ && at - *last_at_ <= kLongestFrameGap;
      add_watched(batch, goes_on ? *last_at_ : at, at, pipeline.rate());
      if (goes_on) add_samples(batch, watched, pipeline, at);
    }
    take_crossings(watched, pipeline, at, batch);
  });
  last_at_ = at;
  show(watched, pipeline, at);
}

// Of time in which too few pictures were looked at, only a part was watched: that in which they
// would have been enough. It is added stretch by stretch.
void CameraRun::add_watched(Batch& batch, Instant from, Instant at, const WatchedRate& rate) {
  if (rate.is_too_slow()) {
    if (!slow_from_) slow_from_ = from;
    const double share = std::min(1.0, rate.even_per_second() / kLeastRate);
    slow_watched_ += std::chrono::duration_cast<Micros>((at - from) * share);
    if (at - *slow_from_ >= kSlowStretch) end_slow_stretch(batch);
    return;
  }
  end_slow_stretch(batch);
  if (!batch.watched.empty() && batch.watched.back().second >= from) {
    batch.watched.back().second = at;
  } else {
    batch.watched.emplace_back(from, at);
  }
}

void CameraRun::end_slow_stretch(Batch& batch) {
  if (!slow_from_) return;
  batch.watched.emplace_back(*slow_from_, *slow_from_ + slow_watched_);
  slow_from_.reset();
  slow_watched_ = Micros{0};
}

void CameraRun::add_samples(Batch& batch, const WatchedFrame& watched,
                            const WatchPipeline& pipeline, Instant at) {
  const auto width = static_cast<float>(watched.frame.width());
  const auto height = static_cast<float>(watched.frame.height());
  for (Instant second = floor_to(*last_at_, 1s) + 1s; second <= at; second += 1s) {
    batch.sampled_at = second;
    for (const Track& track : watched.tracks) {
      if (!is_in_view(track, watched, pipeline)) continue;
      const auto seen = first_seen_.find(track.id);
      batch.samples.push_back({track.id, pipeline.types().name(track.type),
                               std::clamp(track.foot.x, 0.0F, width),
                               std::clamp(track.foot.y, 0.0F, height), second,
                               seen == first_seen_.end() ? at : seen->second, !track.is_parked});
    }
  }
}

void CameraRun::take_crossings(const WatchedFrame& watched, const WatchPipeline& pipeline,
                               Instant at, Batch& batch) {
  for (const Crossing& crossing : watched.crossings) {
    const auto index = static_cast<std::size_t>(crossing.line);
    if (index >= lines_.size()) continue;
    batch.crossings.push_back(
        {crossing.track, lines_[index].id, std::string(name(crossing.direction)),
         pipeline.types().name(crossing.type), at - (watched.frame.media_time - crossing.time),
         crossing.at.x, crossing.at.y, crossing.frame});
  }
}

void CameraRun::show(const WatchedFrame& watched, const WatchPipeline& pipeline, Instant at) {
  marks_.at = at;
  marks_.lines.assign(pipeline.lines().begin(), pipeline.lines().end());
  marks_.boxes.clear();
  for (const Track& track : watched.tracks) {
    if (!is_in_view(track, watched, pipeline)) continue;
    marks_.boxes.push_back(
        {track.box, track.id, pipeline.types().name(track.type), track.is_parked});
  }
  view_->offer(watched.frame, marks_);
}

void CameraRun::judge_rate(const media::SourceStats& stats, const WatchPipeline& pipeline,
                           RunWriter& writer) {
  const WatchedRate& rate = pipeline.rate();
  if (rate.is_too_slow()) {
    // A plain file is looked at whole, however slow the machine is.
    const TooSlow reason =
        explain_too_slow(rate.per_second(), rate.even_per_second(), is_file_ ? 0 : stats.fps);
    context_.report(work::Health::kWait, kTooSlowWord, reason.cause, reason.remedy);
    if (!std::exchange(is_too_slow_, true)) {
      writer.add([&](Batch& batch) {
        batch.notes.push_back({QualityNote::Kind::kBegin, std::string(kTooSlowWord),
                               reason.cause + " " + reason.remedy});
      });
    }
  } else if (std::exchange(is_too_slow_, false)) {
    context_.running();
    writer.add([](Batch& batch) {
      batch.notes.push_back({QualityNote::Kind::kEnd, std::string(kTooSlowWord), {}});
    });
  }
}

void CameraRun::say_figures(const media::FrameSource& source, const media::Session& session,
                            const WatchPipeline& pipeline, RunWriter& writer) {
  const auto now = std::chrono::steady_clock::now();
  const double elapsed = std::chrono::duration<double>(now - said_at_).count();
  said_at_ = now;
  const media::SourceInfo info = source.info();
  const media::SourceStats stats = source.stats();
  const media::DetectorFacts facts = session.facts();
  figures_.width = size_.width > 0 ? size_.width : info.width;
  figures_.height = size_.height > 0 ? size_.height : info.height;
  figures_.fps_source = info.fps;
  figures_.fps_decoded = stats.fps;
  figures_.dropped = stats.dropped;
  const std::int64_t inferred = pipeline.totals().inferred;
  if (elapsed > 0.2)
    figures_.fps_inferred = static_cast<double>(inferred - inferred_before_) / elapsed;
  inferred_before_ = inferred;
  figures_.model = facts.model;
  figures_.is_motion = session.model().layout == media::OutputLayout::kMotion;
  figures_.engine = facts.engine;
  figures_.precision = facts.precision;
  figures_.licence = session.model().licence;
  figures_.ms = facts.ms_per_inference;
  judge_rate(stats, pipeline, writer);
  writer.add([&](Batch& batch) {
    batch.status_json = to_json(figures_);
    batch.took = Micros(static_cast<std::int64_t>(facts.ms_per_inference * 1000));
  });
}

// The camera's place among the live pictures, for as long as its loop is this process's.
class Seat {
 public:
  Seat(LiveViews* live, std::string camera) : live_(live), camera_(std::move(camera)) {}
  ~Seat() {
    if (live_ != nullptr) live_->close(camera_);
  }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

 private:
  LiveViews* live_;
  std::string camera_;
};

}  // namespace

bool LineBoard::set(std::vector<Line> lines) {
  const std::lock_guard lock(lines_mutex_);
  if (lines == lines_) return false;
  lines_ = std::move(lines);
  version_.fetch_add(1, std::memory_order_release);
  return true;
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
  // What a recorded file was read for; a change of the camera has it read anew, and so has a camera
  // that was removed and set up again.
  spec.edition = fmt::format("{} {}", to_rfc3339(camera.created_at), camera.revision);
  spec.options.backoff_max = parts.options.retry_max;
  auto seat = std::make_shared<Seat>(parts.live, camera.id);
  auto remembered = std::make_shared<Remembered>();
  spec.body = [remembered = std::move(remembered), seat = std::move(seat),
               camera = std::move(camera), lines = std::move(lines),
               parts](work::LoopContext& context) {
    return CameraRun(camera, *lines, parts, context, *remembered).watch();
  };
  return spec;
}

}  // namespace vedette::traffic
