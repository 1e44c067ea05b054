#include "traffic/sightings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

// Two frames further apart than this leave a gap in the watched time.
constexpr Micros kLongestFrameGap = 2s;
// A track not seen for longer is not in view.
constexpr Micros kInView = 500ms;
// While it is too slow, the time watched is noted this often.
constexpr Micros kSlowStretch = 10s;

}  // namespace

void Sightings::begin_run() {
  lines_.clear();
  first_seen_.clear();
  last_at_.reset();
  is_too_slow_ = false;
  slow_from_.reset();
  slow_watched_ = Micros{0};
  said_at_ = std::chrono::steady_clock::now();
  inferred_before_ = 0;
}

bool Sightings::is_in_view(const Track& track, const WatchedFrame& watched,
                           const WatchPipeline& pipeline) const {
  // Where one that is not seen should be by now may be outside of the picture.
  const Box picture{0, 0, static_cast<float>(size_.width), static_cast<float>(size_.height)};
  return track.is_confirmed && pipeline.is_wanted(track.type) &&
         watched.frame.media_time - track.last_seen <= kInView &&
         intersection(track.box, picture) > 0;
}

void Sightings::note_size(const media::Frame& frame, Batch& batch) {
  const PictureSize size{frame.width(), frame.height()};
  const PictureSize before = std::exchange(size_, size);
  if (size == before || before.width == 0 || size.width == 0) return;
  batch.notes.push_back(
      {QualityNote::Kind::kMoment, "picture size changed",
       fmt::format("{} x {} to {} x {} pixels; lines keep their places in the picture, and "
                   "vehicles on them at that moment may be missed.",
                   before.width, before.height, size.width, size.height)});
}

void Sightings::count_in_view(const WatchedFrame& watched, const WatchPipeline& pipeline,
                              Instant at) {
  const media::Frame& frame = watched.frame;
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
}

Instant Sightings::take(const WatchedFrame& watched, const WatchPipeline& pipeline, Instant at,
                        Batch& batch) {
  if (last_at_) at = std::max(at, *last_at_);
  note_size(watched.frame, batch);
  for (const Track& ended : watched.ended) first_seen_.erase(ended.id);
  count_in_view(watched, pipeline, at);
  batch.frames = figures_.frames;
  batch.media_time = watched.frame.media_time;
  const bool goes_on = last_at_ && at - *last_at_ <= kLongestFrameGap;
  add_watched(batch, goes_on ? *last_at_ : at, at, pipeline.rate());
  if (goes_on) add_samples(batch, watched, pipeline, at);
  add_crossings(batch, watched, pipeline, at);
  last_at_ = at;
  return at;
}

// Of time in which too few pictures were looked at, only a part was watched: that in which they
// would have been enough. It is added stretch by stretch.
void Sightings::add_watched(Batch& batch, Instant from, Instant at, const WatchedRate& rate) {
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

void Sightings::end_slow_stretch(Batch& batch) {
  if (!slow_from_) return;
  batch.watched.emplace_back(*slow_from_, *slow_from_ + slow_watched_);
  slow_from_.reset();
  slow_watched_ = Micros{0};
}

void Sightings::add_samples(Batch& batch, const WatchedFrame& watched,
                            const WatchPipeline& pipeline, Instant at) const {
  const auto width = static_cast<float>(size_.width);
  const auto height = static_cast<float>(size_.height);
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

void Sightings::add_crossings(Batch& batch, const WatchedFrame& watched,
                              const WatchPipeline& pipeline, Instant at) const {
  for (const Crossing& crossing : watched.crossings) {
    const auto index = static_cast<std::size_t>(crossing.line);
    if (index >= lines_.size()) continue;
    batch.crossings.push_back(
        {crossing.track, lines_[index].id, std::string(name(crossing.direction)),
         pipeline.types().name(crossing.type), at - (watched.frame.media_time - crossing.time),
         crossing.at.x, crossing.at.y, crossing.frame});
  }
}

void Sightings::end(Batch& batch) {
  end_slow_stretch(batch);
  if (std::exchange(is_too_slow_, false))
    batch.notes.push_back({QualityNote::Kind::kEnd, std::string(kTooSlowWord), {}});
}

const Marks& Sightings::marks(const WatchedFrame& watched, const WatchPipeline& pipeline,
                              Instant at) {
  marks_.at = at;
  marks_.lines.assign(pipeline.lines().begin(), pipeline.lines().end());
  marks_.boxes.clear();
  for (const Track& track : watched.tracks) {
    if (!is_in_view(track, watched, pipeline)) continue;
    marks_.boxes.push_back(
        {track.box, track.id, pipeline.types().name(track.type), track.is_parked});
  }
  return marks_;
}

std::optional<TooSlow> Sightings::judge_rate(const WatchPipeline& pipeline, double given,
                                             Batch& batch) {
  const WatchedRate& rate = pipeline.rate();
  if (!rate.is_too_slow()) {
    if (std::exchange(is_too_slow_, false))
      batch.notes.push_back({QualityNote::Kind::kEnd, std::string(kTooSlowWord), {}});
    return std::nullopt;
  }
  TooSlow reason = explain_too_slow(rate.per_second(), rate.even_per_second(), given);
  if (!std::exchange(is_too_slow_, true)) {
    batch.notes.push_back(
        {QualityNote::Kind::kBegin, std::string(kTooSlowWord), reason.cause + " " + reason.remedy});
  }
  return reason;
}

void Sightings::say_figures(const media::FrameSource& source, const media::Session& session,
                            const WatchPipeline& pipeline, Batch& batch) {
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
  batch.status_json = to_json(figures_);
  batch.took = Micros(static_cast<std::int64_t>(facts.ms_per_inference * 1000));
}

}  // namespace vedette::traffic
