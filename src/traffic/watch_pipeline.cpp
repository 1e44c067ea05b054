#include "traffic/watch_pipeline.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

namespace vedette::traffic {
namespace {

// Crossings that wait for their track's type; more at once are not road traffic.
constexpr std::size_t kMostUndecided = 256;

// Adds the time until it goes out of scope.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds) {}
  ~Stopwatch() {
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

LineCounterOptions with_tracks(LineCounterOptions options, int max_tracks) {
  options.max_tracks = max_tracks;
  return options;
}

}  // namespace

WatchPipeline::WatchPipeline(WatchOptions options, media::FrameSource& source,
                             media::Session& session)
    : options_(std::move(options)),
      source_(source),
      session_(session),
      tracker_(options_.tracker, TypeTable(session.model().labels)),
      counter_(options_.lines, with_tracks(options_.counter, options_.tracker.max_tracks)),
      zones_(options_.zones, {.max_tracks = options_.tracker.max_tracks}),
      wanted_(static_cast<std::size_t>(tracker_.types().size()), options_.types.empty() ? 1 : 0),
      ended_by_type_(wanted_.size()) {
  for (const std::string& type : options_.types) {
    if (const auto known = types().find(type)) wanted_[static_cast<std::size_t>(*known)] = 1;
  }
  is_plain_file_ = source.info().kind == media::SourceKind::kFile;
  options_.is_sequential = options_.is_sequential || options_.is_gated || session.capacity() < 2;
  const auto most_tracks = static_cast<std::size_t>(options_.tracker.max_tracks);
  detections_.reserve(static_cast<std::size_t>(options_.tracker.max_detections));
  sure_.reserve(most_tracks);
  undecided_.reserve(kMostUndecided);
  crossings_.reserve(most_tracks + kMostUndecided);
}

void WatchPipeline::set_lines(std::vector<CountingLine> lines) {
  options_.lines = std::move(lines);
  std::vector<CountingLine> fitting;
  for (CountingLine& line : options_.lines) {
    if (line.width == 0) {
      line.width = width_;
      line.height = height_;
    }
    fitting.push_back(width_ > 0 ? fitted(line, width_, height_) : line);
  }
  const auto place = [](const CountingLine& line) {
    return std::tuple(line.name, line.a.x, line.a.y, line.b.x, line.b.y);
  };
  if (std::ranges::equal(fitting, counter_.lines(), {}, place, place)) return;
  counter_ =
      LineCounter(std::move(fitting), with_tracks(options_.counter, options_.tracker.max_tracks));
  undecided_.clear();
}

// Returns whether the pictures' size has changed.
bool WatchPipeline::fit_to(const media::Frame& frame) {
  const int width = frame.width();
  const int height = frame.height();
  if (width <= 0 || height <= 0 || (width == width_ && height == height_)) return false;
  const bool is_first = width_ == 0;
  if (!is_first) {
    zones_.scale(static_cast<float>(width) / static_cast<float>(width_),
                 static_cast<float>(height) / static_cast<float>(height_));
  }
  width_ = width;
  height_ = height;
  set_lines(std::move(options_.lines));
  return !is_first;
}

void WatchPipeline::begin_anew() {
  tracker_.reset();
  counter_.reset();
  zones_.reset();
  undecided_.clear();
}

Result<std::optional<WatchedFrame>> WatchPipeline::next(const std::stop_token& stop) {
  while (should_take_in()) {
    VEDETTE_CHECK(take_in(stop));
  }
  if (!waiting_.empty()) {
    VEDETTE_TRY(result, give_out());
    return std::optional(std::move(result));
  }
  if (source_error_) return fail(*std::exchange(source_error_, std::nullopt));
  return std::optional<WatchedFrame>{};
}

bool WatchPipeline::should_take_in() const {
  if (source_has_ended_ || source_error_) return false;
  if (waiting_.empty()) return true;
  if (options_.is_sequential) return false;
  if (session_.in_flight() >= session_.capacity()) return false;
  // A file's next frame is there at once, and the model must not wait for it. A camera's next frame
  // is a while away: a finished one is not kept waiting for it.
  return is_plain_file_ || !session_.is_ready();
}

Result<> WatchPipeline::take_in(const std::stop_token& stop) {
  std::optional<media::Frame> frame;
  {
    const Stopwatch watch(totals_.times.decode_s);
    Result<std::optional<media::Frame>> next = source_.next(stop);
    if (!next) {
      if (next.error().code == ErrorCode::kCancelled) return fail(std::move(next.error()));
      source_error_ = std::move(next.error());
      return {};
    }
    frame = std::move(*next);
  }
  if (!frame || (options_.limit && frame->media_time >= *options_.limit)) {
    source_has_ended_ = true;
    return {};
  }
  const Stopwatch watch(totals_.times.detect_s);
  const bool is_gated = options_.is_gated && is_still(*frame);
  if (!options_.is_sequential) VEDETTE_CHECK(of_detector(session_.submit(*frame)));
  waiting_.push_back({.frame = std::move(*frame), .is_gated = is_gated});
  return {};
}

Result<> WatchPipeline::of_detector(Result<> result) {
  has_detector_failed_ = has_detector_failed_ || !result;
  return result;
}

bool WatchPipeline::is_still(const media::Frame& frame) {
  const bool all_parked = std::ranges::all_of(tracker_.tracks(), &Track::is_parked);
  if (all_parked && frame.period == period_) return !gate_.has_changed(frame);
  gate_.forget();
  return false;
}

Result<WatchedFrame> WatchPipeline::give_out() {
  Waiting waiting = std::move(waiting_.front());
  waiting_.pop_front();
  if (!waiting.is_gated) {
    const Stopwatch watch(totals_.times.detect_s);
    VEDETTE_CHECK(of_detector(options_.is_sequential ? session_.detect(waiting.frame, detections_)
                                                     : session_.collect(detections_)));
    ++totals_.inferred;
  } else {
    ++totals_.gated;
  }
  ++totals_.frames;
  const bool is_new_period = waiting.frame.period != period_;
  const bool is_new_size = fit_to(waiting.frame);
  if (is_new_period || is_new_size) begin_anew();
  if (is_new_period) rate_.restart();
  period_ = waiting.frame.period;
  track(waiting);
  return WatchedFrame{.frame = std::move(waiting.frame),
                      .tracks = tracker_.tracks(),
                      .ended = tracker_.ended(),
                      .crossings = crossings_,
                      .is_gated = waiting.is_gated,
                      .is_new_period = is_new_period,
                      .is_new_size = is_new_size};
}

void WatchPipeline::track(const Waiting& waiting) {
  const Stopwatch watch(totals_.times.track_s);
  const media::Frame& frame = waiting.frame;
  rate_.add(frame.media_time);
  if (waiting.is_gated) {
    tracker_.stand_still(frame.media_time);
  } else {
    tracker_.update(frame.media_time, detections_);
  }
  sure_.clear();
  counter_.update(frame.number, frame.media_time, tracker_.tracks(), sure_);
  zones_.update(frame.media_time, tracker_.tracks(), wanted_);
  sort_crossings();
  for (const Track& ended : tracker_.ended()) {
    if (ended.is_confirmed) ++ended_by_type_[static_cast<std::size_t>(ended.type)];
  }
}

// A road user may be called by a wrong name at first. A crossing by a type that does not count is
// kept while its track lives, and counts when the vote turns.
void WatchPipeline::sort_crossings() {
  crossings_.clear();
  std::erase_if(undecided_, [&](const Crossing& crossing) {
    const auto tracks = tracker_.tracks();
    const auto track = std::ranges::find(tracks, crossing.track, &Track::id);
    if (track == tracks.end()) return true;
    if (!is_wanted(track->type)) return false;
    crossings_.push_back(crossing);
    crossings_.back().type = track->type;
    return true;
  });
  for (const Crossing& crossing : sure_) {
    if (is_wanted(crossing.type)) {
      crossings_.push_back(crossing);
    } else if (undecided_.size() < kMostUndecided) {
      undecided_.push_back(crossing);
    }
  }
}

std::vector<std::int64_t> WatchPipeline::tracks_by_type() const {
  std::vector<std::int64_t> counts = ended_by_type_;
  for (const Track& track : tracker_.tracks()) {
    if (track.is_confirmed) ++counts[static_cast<std::size_t>(track.type)];
  }
  return counts;
}

}  // namespace vedette::traffic
