#include "traffic/camera_loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <stop_token>
#include <utility>

#include "media/frame_source.hpp"
#include "traffic/camera_status.hpp"
#include "traffic/detectors.hpp"
#include "traffic/live_view.hpp"
#include "traffic/quality.hpp"
#include "traffic/recorder.hpp"
#include "traffic/run_writer.hpp"
#include "traffic/watch_pipeline.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

// Two frames further apart than this leave a gap in the watched time.
constexpr Micros kLongestFrameGap = 2s;
// A track not seen for longer is not in view.
constexpr Micros kInView = 500ms;

class CameraRun {
 public:
  CameraRun(const Camera& camera, const LineBoard& board, const CameraLoopParts& parts,
            work::LoopContext& context)
      : camera_(camera), board_(board), parts_(parts), context_(context) {}

  Result<void> watch();

 private:
  // Says and notes why nothing is seen, and passes the error on.
  std::unexpected<Error> give_up(std::string_view issue, const Error& error);
  Result<void> run(media::FrameSource& source, media::Session& session);
  void take(const WatchedFrame& watched, const WatchPipeline& pipeline, RunWriter& writer);
  void take_crossings(const WatchedFrame& watched, const WatchPipeline& pipeline, Instant at,
                      Batch& batch);
  void show(const WatchedFrame& watched, const WatchPipeline& pipeline, Instant at);
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
  std::stop_source give_up_;

  bool is_file_ = false;
  std::shared_ptr<LiveView> view_;
  std::uint64_t lines_version_ = 0;
  std::vector<Line> lines_;
  Marks marks_;
  std::map<std::int64_t, Instant> first_seen_;  // by track
  std::optional<Instant> last_at_;
  std::optional<Instant> span_from_;
  CameraFigures figures_;
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
  context_.report(work::Health::kWait, "opening source");
  media::SourceOptions options;
  options.url = camera_.source;
  options.loop = camera_.is_loop;
  options.open_timeout = parts_.options.stall;
  options.read_timeout = parts_.options.stall;
  options.max_width = parts_.options.max_picture;
  options.max_height = parts_.options.max_picture;
  auto source = media::open_source(options, context_.stop_token());
  if (!source) return give_up("source unreachable", source.error());
  is_file_ = (*source)->info().kind == media::SourceKind::kFile;
  context_.report(work::Health::kWait, "loading detector");
  auto choice = parts_.detectors->open(camera_.model);
  if (!choice) return give_up("no detector", choice.error());
  Result<void> result = run(**source, *choice->session);
  view_->end(result.has_value());
  if (!result) return give_up("source unreachable", result.error());
  return {};
}

Result<void> CameraRun::run(media::FrameSource& source, media::Session& session) {
  const media::DetectorFacts facts = session.facts();
  const std::optional<Instant> base = is_file_ ? camera_.starts_at : std::nullopt;
  VEDETTE_TRY(recorder, Recorder::begin(*parts_.database, context_.fence(), camera_.id,
                                        camera_.revision, facts.model, base, is_file_));
  if (recorder.run().is_finished) return {};
  if (recorder.run().frames > 0) {
    context_.report(work::Health::kWait, "catching up",
                    fmt::format("Interrupted at frame {}; reading the file again up to there.",
                                recorder.run().frames));
  } else {
    context_.running();
  }

  RunWriter writer(std::move(recorder), context_, give_up_);
  const std::stop_callback stop_all(context_.stop_token(), [this] { give_up_.request_stop(); });
  const std::stop_token stop = give_up_.get_token();

  WatchOptions options;
  lines_version_ = board_.version();
  lines_ = board_.lines();
  options.lines = counting_lines(lines_);
  options.types = camera_.types;
  WatchPipeline pipeline(options, source, session);
  marks_.lines.assign(pipeline.lines().begin(), pipeline.lines().end());

  said_at_ = std::chrono::steady_clock::now();
  Result<void> outcome;
  for (;;) {
    if (board_.version() != lines_version_) {
      lines_version_ = board_.version();
      lines_ = board_.lines();
      pipeline.set_lines(counting_lines(lines_));
      marks_.lines.assign(pipeline.lines().begin(), pipeline.lines().end());
    }
    auto watched = pipeline.next(stop);
    if (!watched) {
      if (is_file_ && watched.error().code == ErrorCode::kCorrupt && !stop.stop_requested()) {
        context_.failure(watched.error());  // cut off: what is there was seen
        continue;
      }
      outcome = fail(watched.error());
      break;
    }
    if (!*watched) {
      writer.add([](Batch& batch) { batch.is_finished = true; });
      break;
    }
    take(**watched, pipeline, writer);
    if (std::chrono::steady_clock::now() - said_at_ >= 1s)
      say_figures(source, session, pipeline, writer);
    if (is_file_) writer.wait_for_room(stop);
  }
  say_figures(source, session, pipeline, writer);
  Result<void> written = writer.finish(context_.stop_token());
  if (stop.stop_requested() && !context_.stopping()) {
    return fail(ErrorCode::kFenced, "Another process has taken this camera over.");
  }
  if (outcome && !written) return written;
  return outcome;
}

Instant CameraRun::time_of(const media::Frame& frame, const Run& run) const {
  const Instant at = is_file_ ? run.base_time + frame.media_time : frame.captured_at;
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
      const Instant from = goes_on ? *last_at_ : at;
      if (!batch.watched.empty() && batch.watched.back().second >= from) {
        batch.watched.back().second = at;
      } else {
        batch.watched.emplace_back(from, at);
      }
      if (goes_on) {
        for (Instant second = floor_to(*last_at_, 1s) + 1s; second <= at; second += 1s) {
          batch.sampled_at = second;
          for (const Track& track : watched.tracks) {
            if (!is_in_view(track, watched, pipeline)) continue;
            const auto seen = first_seen_.find(track.id);
            const auto width = static_cast<float>(frame.width());
            const auto height = static_cast<float>(frame.height());
            batch.samples.push_back(
                {track.id, pipeline.types().name(track.type), std::clamp(track.foot.x, 0.0F, width),
                 std::clamp(track.foot.y, 0.0F, height), second,
                 seen == first_seen_.end() ? at : seen->second, !track.is_parked});
          }
        }
      }
    }
    take_crossings(watched, pipeline, at, batch);
  });
  last_at_ = at;
  show(watched, pipeline, at);
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
  marks_.boxes.clear();
  for (const Track& track : watched.tracks) {
    if (!is_in_view(track, watched, pipeline)) continue;
    marks_.boxes.push_back(
        {track.box, track.id, pipeline.types().name(track.type), track.is_parked});
  }
  view_->offer(watched.frame, marks_);
}

void CameraRun::say_figures(const media::FrameSource& source, const media::Session& session,
                            const WatchPipeline& pipeline, RunWriter& writer) {
  const auto now = std::chrono::steady_clock::now();
  const double elapsed = std::chrono::duration<double>(now - said_at_).count();
  said_at_ = now;
  const media::SourceInfo info = source.info();
  const media::SourceStats stats = source.stats();
  const media::DetectorFacts facts = session.facts();
  figures_.width = info.width;
  figures_.height = info.height;
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
  spec.body = [seat = std::move(seat), camera = std::move(camera), lines = std::move(lines),
               parts](work::LoopContext& context) {
    return CameraRun(camera, *lines, parts, context).watch();
  };
  return spec;
}

}  // namespace vedette::traffic
