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
}

void LineCounter::update(std::int64_t frame, Micros time, std::span<const Track> tracks,
                         std::vector<Crossing>& into) {
  for (const Track& track : tracks) {
    if (!track.is_observed) continue;
    Last& last = last_[static_cast<std::size_t>(track.slot)];
    if (last.track != track.id) {
      // The slot's former track has ended; this one's path begins here.
      for (std::size_t i = 0; i < lines_.size(); ++i) passage(track.slot, i) = Passage{};
      last = {.track = track.id, .foot = track.foot};
    }
    follow(track, last, frame, time);
    last = {.track = track.id, .foot = track.foot};
  }
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    for (const Track& track : tracks) {
      Passage& p = passage(track.slot, i);
      if (p.is_done || !p.is_pending || !track.is_observed) continue;
      if (!track.is_confirmed || !track.has_travelled) continue;
      const int beyond = p.crossing.direction == Direction::kAToB ? 1 : -1;
      if (p.clear_side != beyond) continue;
      p.is_done = true;
      p.crossing.type = track.type;
      if (is_part_of_counted(track, p.crossing)) continue;
      recent_[next_recent_] = {.crossing = p.crossing, .elder = track.elder};
      next_recent_ = (next_recent_ + 1) % recent_.size();
      into.push_back(p.crossing);
    }
  }
}

void LineCounter::follow(const Track& track, Last& last, std::int64_t frame, Micros time) {
  const float size = std::sqrt(std::max(1.0F, track.box.area()));
  const float band = std::max(options_.band_px, options_.band * size);
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    Passage& p = passage(track.slot, i);
    if (p.is_done) continue;
    const CountingLine& line = lines_[i];
    const float before = right_of(line.a, line.b, last.foot) / length(line);
    const float now = right_of(line.a, line.b, track.foot) / length(line);
    if ((before < 0) != (now < 0) && p.clear_side != 0) {
      // The travelled segment meets the line's infinite extension; does it meet the segment?
      const float part = before / (before - now);
      const Point at{last.foot.x + part * (track.foot.x - last.foot.x),
                     last.foot.y + part * (track.foot.y - last.foot.y)};
      const float dx = line.b.x - line.a.x;
      const float dy = line.b.y - line.a.y;
      const float along = ((at.x - line.a.x) * dx + (at.y - line.a.y) * dy) / (dx * dx + dy * dy);
      const int towards = now < 0 ? -1 : 1;
      p.is_pending = towards != p.clear_side && along >= 0 && along <= 1;
      if (p.is_pending) {
        p.crossing.line = static_cast<int>(i);
        p.crossing.track = track.id;
        p.crossing.direction = towards > 0 ? Direction::kAToB : Direction::kBToA;
        p.crossing.at = at;
      }
    }
    if (std::abs(now) < band) continue;
    const int side = now < 0 ? -1 : 1;
    if (p.is_pending && side != p.clear_side) {
      p.crossing.time = time;
      p.crossing.frame = frame;
    }
    p.clear_side = side;
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
