#include "traffic/tracker.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace vedette::traffic {
namespace {

// The filter's noises, as parts of the road user's size (the root of its box's area), so that near
// and far ones behave alike. Those of ByteTrack at 30 frames a second, made independent of that.
constexpr float kMeasureNoise = 0.05F;  // of one observation
constexpr float kWander = 0.25F;        // place, per root of a second
constexpr float kPush = 1.0F;           // speed, per root of a second
constexpr float kStartSpeed = 3.0F;     // how fast a new one may be, sizes a second
constexpr float kStartGrowth = 0.5F;
// Share of the cost that a box of another type than the track's adds.
constexpr float kTypeCost = 0.1F;
// A way shorter than this part of the road user's size shows no direction.
constexpr float kLeastHiddenWay = 0.3F;

constexpr float square(float x) {
  return x * x;
}
float size_of(const Box& box) {
  return std::max(1.0F, std::sqrt(box.area()));
}
Box box_of(const media::Detection& d) {
  return {d.x1, d.y1, d.x2, d.y2};
}
Box widened(const Box& box, float dx, float dy) {
  return {box.x1 - dx, box.y1 - dy, box.x2 + dx, box.y2 + dy};
}
float share_of_smaller(const Box& a, const Box& b) {
  const float smaller = std::min(a.area(), b.area());
  return smaller > 0 ? intersection(a, b) / smaller : 0.0F;
}

enum Measure : std::size_t { kFootX, kFootY, kWidth, kHeight };

}  // namespace

Tracker::Tracker(const TrackerOptions& options, TypeTable types)
    : options_(options),
      types_(std::move(types)),
      assignment_(static_cast<std::size_t>(options.max_tracks),
                  static_cast<std::size_t>(options.max_detections)) {
  const auto tracks = static_cast<std::size_t>(options.max_tracks);
  const auto boxes = static_cast<std::size_t>(options.max_detections);
  tracks_.reserve(tracks);
  ended_.reserve(tracks);
  states_.resize(tracks);
  free_slots_.reserve(tracks);
  for (int slot = options.max_tracks - 1; slot >= 0; --slot) free_slots_.push_back(slot);
  boxes_.reserve(boxes);
  box_taken_.reserve(boxes);
  rows_.reserve(tracks);
  columns_.reserve(boxes);
}

void Tracker::reset() {
  ended_.assign(tracks_.begin(), tracks_.end());
  for (const Track& track : tracks_) free_slots_.push_back(track.slot);
  tracks_.clear();
  has_time_ = false;
  is_reset_ = true;
}

void Tracker::stand_still(Micros time) {
  if (!std::exchange(is_reset_, false)) ended_.clear();
  for (Track& track : tracks_) {
    track.last_seen = time;
    track.is_observed = false;
  }
  last_time_ = time;
  has_time_ = true;
}

void Tracker::update(Micros time, std::span<const media::Detection> detections) {
  const float dt =
      has_time_ ? std::max(0.0F, static_cast<float>(to_seconds(time - last_time_))) : 0.0F;
  last_time_ = time;
  has_time_ = true;

  end_lost(time);
  take_in(detections);
  for (Track& track : tracks_) {
    State& state = state_of(track);
    if (!track.is_observed) {
      // Unseen, a road user moves on but neither grows nor shrinks.
      state.filter[kWidth].speed = 0;
      state.filter[kHeight].speed = 0;
    }
    predict(state, dt);
    publish(track, state);
    state.foreseen = track.box;
    track.is_observed = false;
  }
  match(Stage::kSure, time);
  match(Stage::kUnsure, time);
  match(Stage::kNew, time);
  match(Stage::kHidden, time);
  for (const media::Detection& box : boxes_) {
    const auto at = static_cast<std::size_t>(&box - boxes_.data());
    if (!box_taken_[at] && box.score >= options_.high_score) start(box, time);
  }
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    Track& track = tracks_[i];
    if (!track.is_observed) {
      ++state_of(track).misses;
      continue;
    }
    if (!track.is_confirmed || track.elder != 0) confirm(track, std::span(tracks_).first(i));
    settle(track, state_of(track), time);
  }
}

void Tracker::end_lost(Micros time) {
  if (!std::exchange(is_reset_, false)) ended_.clear();
  const auto is_over = [&](const Track& track) {
    const double limit = track.is_confirmed ? options_.lost_s : options_.tentative_lost_s;
    const int misses = track.is_confirmed ? options_.lost_misses : options_.tentative_lost_misses;
    const double unseen_s = to_seconds(time - track.last_seen);
    return unseen_s > options_.forgotten_s ||
           (unseen_s > limit && state_of(track).misses >= misses);
  };
  for (const Track& track : tracks_) {
    if (!is_over(track)) continue;
    ended_.push_back(track);
    free_slots_.push_back(track.slot);
  }
  std::erase_if(tracks_, is_over);
}

void Tracker::take_in(std::span<const media::Detection> detections) {
  boxes_.clear();
  for (const media::Detection& d : detections) {
    if (d.score < options_.low_score || types_.of_class(d.class_id) < 0) continue;
    if (boxes_.size() < boxes_.capacity()) {
      boxes_.push_back(d);
      continue;
    }
    const auto worst = std::ranges::min_element(boxes_, {}, &media::Detection::score);
    if (worst->score < d.score) *worst = d;
  }
  box_taken_.assign(boxes_.size(), 0);
}

void Tracker::predict(State& state, float dt) const {
  const float size = std::max(
      1.0F, std::sqrt(std::max(0.0F, state.filter[kWidth].value * state.filter[kHeight].value)));
  const float push = square(kPush * size);
  const float wander = square(kWander * size);
  for (Filter& f : state.filter) {
    f.value += f.speed * dt;
    f.value_var += 2 * dt * f.cov + dt * dt * f.speed_var + dt * wander + dt * dt * dt * push / 3;
    f.cov += dt * f.speed_var + dt * dt * push / 2;
    f.speed_var += dt * push;
  }
  for (const Measure side : {kWidth, kHeight}) {
    state.filter[side].value = std::max(1.0F, state.filter[side].value);
  }
}

void Tracker::correct(State& state, const Box& box) const {
  const std::array<float, 4> seen{box.foot().x, box.foot().y, box.width(), box.height()};
  const float noise = square(kMeasureNoise * size_of(box));
  for (std::size_t i = 0; i < seen.size(); ++i) {
    Filter& f = state.filter[i];
    const float gain = f.value_var / (f.value_var + noise);
    const float speed_gain = f.cov / (f.value_var + noise);
    const float error = seen[i] - f.value;
    f.value += gain * error;
    f.speed += speed_gain * error;
    f.speed_var -= speed_gain * f.cov;
    f.cov *= 1 - gain;
    f.value_var *= 1 - gain;
  }
}

void Tracker::publish(Track& track, const State& state) const {
  const auto& [x, y, width, height] = state.filter;
  track.box = {x.value - width.value / 2, y.value - height.value, x.value + width.value / 2,
               y.value};
  track.foot = {x.value, y.value};
  track.velocity = {x.speed, y.speed};
}

bool Tracker::takes_part(const Track& track, Stage stage, Micros time) const {
  if (track.is_observed) return false;
  if (stage == Stage::kNew) return !track.is_confirmed;
  if (!track.is_confirmed) return false;
  if (stage == Stage::kHidden) {
    return track.has_travelled && state_of(track).misses >= options_.hidden_misses;
  }
  return stage == Stage::kSure || to_seconds(time - track.last_seen) <= options_.unsure_lost_s;
}

float Tracker::similarity(const Track& track, const State& state,
                          const media::Detection& box) const {
  // How unsure the prediction is: much for a track just begun or long unseen, little else.
  const float dx = std::min(std::sqrt(state.filter[kFootX].value_var),
                            options_.most_widened * track.box.width());
  const float dy = std::min(std::sqrt(state.filter[kFootY].value_var),
                            options_.most_widened * track.box.height());
  const Box a = widened(track.box, dx, dy);
  const Box b = widened(box_of(box), dx, dy);
  const float both = intersection(a, b);
  return both / (a.area() + b.area() - both);
}

// What goes straight on at one speed moves in the picture by its speed there times the time, times
// how much larger it has become: size and distance from the vanishing point both go with 1 over the
// distance from the camera.
float Tracker::likeness_after_hiding(const Track& track, const State& state,
                                     const media::Detection& box, Micros time) const {
  const Box seen = box_of(box);
  const float before = size_of(state.last_box);
  const float now = size_of(seen);
  if (std::max(now, before) > options_.hidden_growth * std::min(now, before)) return 0;
  const auto dt = static_cast<float>(to_seconds(time - track.last_seen));
  const Point way{track.velocity.x * dt * now / before, track.velocity.y * dt * now / before};
  const float length = std::hypot(way.x, way.y);
  if (length < kLeastHiddenWay * before) return 0;
  const Point from = state.last_box.foot();
  const float off = std::hypot(seen.foot().x - from.x - way.x, seen.foot().y - from.y - way.y);
  const float most = options_.hidden_way * length + options_.hidden_size * std::min(now, before);
  return std::max(0.0F, 1 - off / most);
}

void Tracker::match(Stage stage, Micros time) {
  rows_.clear();
  columns_.clear();
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (takes_part(tracks_[i], stage, time)) rows_.push_back(i);
  }
  const bool wants_sure = stage != Stage::kUnsure;
  for (std::size_t i = 0; i < boxes_.size(); ++i) {
    if (!box_taken_[i] && (boxes_[i].score >= options_.high_score) == wants_sure) {
      columns_.push_back(i);
    }
  }
  if (rows_.empty() || columns_.empty()) return;

  assignment_.reset(rows_.size(), columns_.size());
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    const Track& track = tracks_[rows_[r]];
    const State& state = state_of(track);
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const media::Detection& box = boxes_[columns_[c]];
      const bool is_hidden = stage == Stage::kHidden;
      const float likeness = is_hidden ? likeness_after_hiding(track, state, box, time)
                                       : similarity(track, state, box);
      if (is_hidden ? likeness <= 0 : likeness < options_.match_iou) continue;
      const bool is_other = types_.of_class(box.class_id) != track.type;
      assignment_.allow(r, c, (1 - likeness) * (1 - kTypeCost) + (is_other ? kTypeCost : 0.0F));
    }
  }
  const std::span<const int> column_of = assignment_.solve(1.0F);
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    if (column_of[r] == Assignment::kNone) continue;
    observe(rows_[r], columns_[static_cast<std::size_t>(column_of[r])], time);
  }
}

void Tracker::observe(std::size_t track_index, std::size_t detection, Micros time) {
  Track& track = tracks_[track_index];
  State& state = state_of(track);
  const media::Detection& box = boxes_[detection];
  box_taken_[detection] = 1;
  correct(state, box_of(box));
  publish(track, state);
  track.is_observed = true;
  track.last_seen = time;
  state.last_box = track.box;
  state.misses = 0;
  track.score = box.score;
  ++track.observations;
  state.votes[static_cast<std::size_t>(types_.of_class(box.class_id))] += box.score;
  track.type = static_cast<int>(std::ranges::max_element(state.votes) - state.votes.begin());
}

void Tracker::start(const media::Detection& detection, Micros time) {
  if (free_slots_.empty()) return;
  const Box box = box_of(detection);
  Track track;
  track.id = next_id_++;
  track.slot = free_slots_.back();
  free_slots_.pop_back();
  track.first_seen = time;
  track.last_seen = time;
  track.observations = 1;
  track.is_observed = true;
  track.type = types_.of_class(detection.class_id);
  track.score = detection.score;

  State& state = states_[static_cast<std::size_t>(track.slot)];
  state = State{};
  const float size = size_of(box);
  const std::array<float, 4> seen{box.foot().x, box.foot().y, box.width(), box.height()};
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const float speed = i < kWidth ? kStartSpeed : kStartGrowth;
    state.filter[i] = {.value = seen[i],
                       .value_var = square(kMeasureNoise * size),
                       .speed_var = square(speed * size)};
  }
  state.votes[static_cast<std::size_t>(track.type)] = detection.score;
  state.foreseen = box;
  state.rest = box.foot();
  state.rest_since = time;
  publish(track, state);
  state.last_box = track.box;
  tracks_.push_back(track);
}

// Vehicles close to the camera break into several boxes. A track that begins on top of an older
// one, or where that one should be by now, is taken for a part of it until both were seen apart.
void Tracker::confirm(Track& track, std::span<const Track> older) {
  State& state = state_of(track);
  const auto elder = std::ranges::find_if(
      older, [&](const Track& other) { return other.is_observed && covers(other, track); });
  if (elder != older.end()) {
    if (!track.is_confirmed) track.elder = elder->id;
    if (track.elder == elder->id) state.own_observations = 0;
    return;
  }
  if (++state.own_observations == 1) state.own_since = track.last_seen;
  const double own_s = to_seconds(track.last_seen - state.own_since);
  if (state.own_observations >= options_.confirm_observations && own_s >= options_.confirm_s) {
    track.is_confirmed = true;
  }
  if (track.elder != 0 && own_s >= options_.told_apart_s) track.elder = 0;
}

bool Tracker::covers(const Track& elder, const Track& younger) const {
  return share_of_smaller(elder.box, younger.box) > options_.part_share ||
         (younger.observations == 1 &&
          share_of_smaller(state_of(elder).foreseen, younger.box) > options_.part_share);
}

void Tracker::settle(Track& track, State& state, Micros time) {
  const float dx = track.foot.x - state.rest.x;
  const float dy = track.foot.y - state.rest.y;
  if (std::hypot(dx, dy) > options_.parked_travel * size_of(track.box)) {
    state.rest = track.foot;
    state.rest_since = time;
    track.has_travelled = true;
  }
  track.is_parked = to_seconds(time - state.rest_since) >= options_.parked_after_s;
  if (track.is_parked) track.has_travelled = false;
}

}  // namespace vedette::traffic
