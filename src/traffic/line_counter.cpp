#include "traffic/line_counter.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace vedette::traffic {
namespace {

constexpr std::size_t kRecent = 256;

float length(const CountingLine& line) {
  return std::hypot(line.b.x - line.a.x, line.b.y - line.a.y);
}

// How far right of the line a point is, in pixels.
float beyond(const CountingLine& line, Point point) {
  return right_of(line.a, line.b, point) / length(line);
}

// Where the way from one side to the other meets the line's segment.
std::optional<Point> meeting(const CountingLine& line, Point from, Point to) {
  const float before = beyond(line, from);
  const float part = before / (before - beyond(line, to));
  const Point at{from.x + part * (to.x - from.x), from.y + part * (to.y - from.y)};
  const float dx = line.b.x - line.a.x;
  const float dy = line.b.y - line.a.y;
  const float along = ((at.x - line.a.x) * dx + (at.y - line.a.y) * dy) / (dx * dx + dy * dy);
  return along >= 0 && along <= 1 ? std::optional(at) : std::nullopt;
}

Direction towards(int side) {
  return side > 0 ? Direction::kAToB : Direction::kBToA;
}

float size_of(const Track& track) {
  return std::sqrt(std::max(1.0F, track.box.area()));
}

}  // namespace

std::string_view name(Direction direction) {
  return direction == Direction::kAToB ? "a_to_b" : "b_to_a";
}

LineCounter::LineCounter(std::vector<CountingLine> lines, const LineCounterOptions& options)
    : lines_(std::move(lines)),
      options_(options),
      last_(static_cast<std::size_t>(options.max_tracks)),
      passages_(static_cast<std::size_t>(options.max_tracks) * lines_.size()),
      recent_(kRecent) {}

void LineCounter::reset() {
  std::ranges::fill(last_, Last{});
  std::ranges::fill(passages_, Passage{});
  std::ranges::fill(recent_, Recent{});
  last_time_.reset();
}

void LineCounter::update(std::int64_t frame, Micros time, std::span<const Track> tracks,
                         std::vector<Crossing>& into) {
  for (const Track& track : tracks) {
    if (!track.is_observed) continue;
    Last& last = last_[static_cast<std::size_t>(track.slot)];
    if (last.track != track.id) {
      // The slot's former track has ended; this one's path begins here.
      for (std::size_t i = 0; i < lines_.size(); ++i) passage(track.slot, i) = Passage{};
      last = {.track = track.id,
              .foot = track.foot,
              .first = track.foot,
              .unseen_before = last_time_ ? time - *last_time_ : Micros{0}};
    }
    follow(track, last, frame, time);
    last.foot = track.foot;
    if (!last.is_led_back && track.is_confirmed && track.has_travelled) {
      last.is_led_back = true;
      if (to_seconds(last.unseen_before) > options_.led_back_s) lead_back(track, last);
    }
  }
  last_time_ = time;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    for (const Track& track : tracks) {
      Passage& p = passage(track.slot, i);
      if (p.is_done || !p.is_pending || !track.is_observed) continue;
      if (!track.is_confirmed || !track.has_travelled) continue;
      if (p.crossing.direction != towards(p.clear_side)) continue;
      p.is_done = true;
      p.crossing.type = track.type;
      if (is_part_of_counted(track, p.crossing)) continue;
      recent_[next_recent_] = {.crossing = p.crossing, .elder = track.elder};
      next_recent_ = (next_recent_ + 1) % recent_.size();
      into.push_back(p.crossing);
    }
  }
}

void LineCounter::follow(const Track& track, const Last& last, std::int64_t frame, Micros time) {
  const float band = std::max(options_.band_px, options_.band * size_of(track));
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    Passage& p = passage(track.slot, i);
    if (p.is_done) continue;
    const CountingLine& line = lines_[i];
    const float now = beyond(line, track.foot);
    const int side = now < 0 ? -1 : 1;
    if ((beyond(line, last.foot) < 0) != (now < 0) && p.clear_side != 0) {
      // The travelled segment meets the line's infinite extension; does it meet the segment?
      const auto at = meeting(line, last.foot, track.foot);
      p.is_pending = side != p.clear_side && at.has_value();
      if (p.is_pending) {
        p.crossing.line = static_cast<int>(i);
        p.crossing.track = track.id;
        p.crossing.direction = towards(side);
        p.crossing.at = *at;
      }
    }
    if (std::abs(now) < band) continue;
    if (p.is_pending && side != p.clear_side) {
      p.crossing.time = time;
      p.crossing.frame = frame;
    }
    if (p.clear_side == 0) {
      p.clear_foot = track.foot;
      p.clear_time = time;
      p.clear_frame = frame;
    }
    p.clear_side = side;
  }
}

// Who is first seen on the line itself, or right before it, was never seen clearly before it: where
// they came from is.
void LineCounter::lead_back(const Track& track, const Last& last) {
  const auto unseen_s = static_cast<float>(to_seconds(last.unseen_before));
  const Point from{last.first.x - track.velocity.x * unseen_s,
                   last.first.y - track.velocity.y * unseen_s};
  const float band = std::max(options_.band_px, options_.band * size_of(track));
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    Passage& p = passage(track.slot, i);
    const float before = beyond(lines_[i], from);
    if (p.is_done || p.is_pending || std::abs(before) < band) continue;
    const int side = before < 0 ? -1 : 1;
    const bool is_clear = p.clear_side != 0;
    const Point to = is_clear ? p.clear_foot : track.foot;
    if (!is_clear) p.clear_side = side;
    const int now = beyond(lines_[i], to) < 0 ? -1 : 1;
    const auto at = meeting(lines_[i], from, to);
    if (now == side || !at) continue;
    p.is_pending = true;
    p.crossing.line = static_cast<int>(i);
    p.crossing.track = track.id;
    p.crossing.direction = towards(now);
    p.crossing.time = p.clear_time;
    p.crossing.frame = p.clear_frame;
    p.crossing.at = *at;
  }
}

bool LineCounter::is_part_of_counted(const Track& track, const Crossing& crossing) const {
  return std::ranges::any_of(recent_, [&](const Recent& r) {
    if (r.crossing.track == 0 || r.crossing.line != crossing.line ||
        r.crossing.direction != crossing.direction) {
      return false;
    }
    const bool is_related = r.crossing.track == track.elder || r.elder == track.id ||
                            (track.elder != 0 && r.elder == track.elder);
    return is_related && std::abs(to_seconds(crossing.time - r.crossing.time)) <= options_.part_s;
  });
}

}  // namespace vedette::traffic
