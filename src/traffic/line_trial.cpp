#include "traffic/line_trial.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "db/database.hpp"
#include "traffic/watched_time.hpp"

namespace vedette::traffic {
namespace {

struct Position {
  std::int64_t track = 0;
  Instant at{};
  Point foot;
  int type = 0;  // index into Seen::types
  bool is_moving = true;
  std::optional<Instant> first_seen;
};

struct Seen {
  std::vector<Position> positions;  // by track, oldest first
  std::vector<std::string> types;
  Instant from{};
  bool is_truncated = false;
};

int number_of(std::vector<std::string>& types, std::string_view type) {
  const auto found = std::ranges::find(types, type);
  if (found != types.end()) return static_cast<int>(found - types.begin());
  types.emplace_back(type);
  return static_cast<int>(types.size()) - 1;
}

Result<Seen> read_positions(db::Session& session, std::string_view camera, Instant from, Instant to,
                            std::int64_t most) {
  // Rows of the original program have no position: it wrote every frame, at its own time.
  VEDETTE_TRY(rows,
              session.query(
                  "SELECT track_id, last_update, x_coord, y_coord, vehicle_type, "
                  "is_moving, first_seen FROM current_traffic WHERE camera_id = $1 AND last_update "
                  ">= $2 AND last_update < $3 AND position IS NOT NULL AND track_id > 0 "
                  "AND x_coord IS NOT NULL AND y_coord IS NOT NULL ORDER BY last_update "
                  "DESC LIMIT $4",
                  {camera, from, to, most + 1}));
  Seen seen;
  seen.from = from;
  seen.is_truncated = rows.size() > static_cast<std::size_t>(most);
  const std::size_t count = std::min(rows.size(), static_cast<std::size_t>(most));
  seen.positions.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const db::Row row = rows[i];
    seen.positions.push_back(
        {row.get<std::int64_t>(0),
         row.get<Instant>(1),
         {static_cast<float>(row.get<double>(2)), static_cast<float>(row.get<double>(3))},
         number_of(seen.types, row.get<std::string_view>(4)),
         row.get<std::optional<bool>>(5).value_or(true),
         row.get<std::optional<Instant>>(6)});
  }
  if (seen.is_truncated && count > 0) seen.from = seen.positions.back().at;
  const auto key = [](const Position& p) { return std::pair(p.track, p.at); };
  std::ranges::sort(seen.positions, {}, key);
  const auto twice = std::ranges::unique(seen.positions, {}, key);
  seen.positions.erase(twice.begin(), twice.end());
  return seen;
}

// The counter's only slot takes one path after the other. Sizes are unknown: an empty box leaves
// the least band. That a road user has left its place is asked of each position instead.
void follow(LineCounter& counter, std::span<const Position> path, std::vector<Crossing>& into) {
  Track track;
  track.is_confirmed = true;
  track.is_observed = true;
  for (const Position& position : path) {
    track.id = position.track;
    track.foot = position.foot;
    track.type = position.type;
    track.has_travelled = position.is_moving;
    counter.update(0, position.at.time_since_epoch(), {&track, 1}, into);
  }
}

// Where a road user was at `at`, had it moved all along as it did from `a` to `b`.
Position foreseen(const Position& a, const Position& b, Instant at) {
  Position position = a;
  const auto part = static_cast<float>(to_seconds(at - a.at) / to_seconds(b.at - a.at));
  position.at = at;
  position.foot = {a.foot.x + part * (b.foot.x - a.foot.x),
                   a.foot.y + part * (b.foot.y - a.foot.y)};
  return position;
}

// The path with what is missing of it at both ends: from when it was first seen, and to when the
// next position would have been, within what is looked at.
std::vector<Position> completed(std::span<const Position> path, Instant from, Instant to) {
  std::vector<Position> whole(path.begin(), path.end());
  if (path.size() < 2) return whole;
  const Position& first = path.front();
  const Position& last = path.back();
  const Micros step = std::chrono::seconds(kTrialSampledEveryS);
  const Instant start = std::max({first.first_seen.value_or(first.at), first.at - step, from});
  const Instant end = std::min(last.at + step, to);
  if (start < first.at) whole.insert(whole.begin(), foreseen(first, path[1], start));
  if (end > last.at) whole.push_back(foreseen(path[path.size() - 2], last, end));
  return whole;
}

struct Counted {
  std::vector<Crossing> sure;
  std::vector<Crossing> all;  // of the completed paths
  std::int64_t tracks = 0;
};

Counted count(const Seen& seen, const std::vector<Line>& lines, Instant to) {
  LineCounter sure(counting_lines(lines), {.max_tracks = 1});
  LineCounter all(counting_lines(lines), {.max_tracks = 1});
  Counted counted;
  for (auto path = seen.positions.begin(); path != seen.positions.end();) {
    const auto end = std::find_if(path, seen.positions.end(),
                                  [&](const Position& p) { return p.track != path->track; });
    follow(sure, {path, end}, counted.sure);
    follow(all, completed({path, end}, seen.from, to), counted.all);
    ++counted.tracks;
    path = end;
  }
  return counted;
}

std::size_t index_of(Direction direction) {
  return direction == Direction::kAToB ? 0 : 1;
}

void add(TriedLine& line, const Crossing& crossing, const std::string& type, std::size_t most) {
  ++line.crossings[index_of(crossing.direction)];
  auto known = std::ranges::find(line.by_type, type, [](const auto& t) { return t.first; });
  if (known == line.by_type.end()) known = line.by_type.insert(known, {type, DirectionCounts{}});
  ++known->second[index_of(crossing.direction)];
  if (line.newest.size() < most) {
    line.newest.push_back(
        {Instant{crossing.time}, type, crossing.direction, crossing.track, crossing.at});
  }
}

// What stored lines counted: of each the sum, and its crossings, newest first.
struct Stored {
  std::string line_id;
  Crossing crossing;
  std::string type;
};

Result<std::vector<Stored>> read_counted(db::Session& session, std::string_view camera,
                                         Instant from, Instant to, std::int64_t most) {
  VEDETTE_TRY(rows,
              session.query("SELECT line_id, direction, vehicle_type, crossed_at, track_id, x, "
                            "y FROM crossings WHERE camera_id = $1 AND crossed_at >= $2 AND "
                            "crossed_at < $3 ORDER BY crossed_at DESC, track_id DESC LIMIT $4",
                            {camera, from, to, most}));
  std::vector<Stored> all;
  for (const db::Row& row : rows) {
    Stored stored{
        .line_id = row.get<std::string>(0), .crossing = {}, .type = row.get<std::string>(2)};
    const bool is_a_to_b = row.get<std::string_view>(1) == name(Direction::kAToB);
    stored.crossing.direction = is_a_to_b ? Direction::kAToB : Direction::kBToA;
    stored.crossing.time = row.get<Instant>(3).time_since_epoch();
    stored.crossing.track = row.get<std::int64_t>(4);
    stored.crossing.at = {static_cast<float>(row.get<double>(5)),
                          static_cast<float>(row.get<double>(6))};
    all.push_back(std::move(stored));
  }
  return all;
}

// Whether a line lies where the stored one lies, to a pixel.
bool is_same_place(const Line& a, const Line& b, PictureSize size) {
  const Line one = fitted(a, size.width, size.height);
  const Line other = fitted(b, size.width, size.height);
  const auto is_near = [](double x, double y) { return std::abs(x - y) < 0.5; };
  return is_near(one.x1, other.x1) && is_near(one.y1, other.y1) && is_near(one.x2, other.x2) &&
         is_near(one.y2, other.y2);
}

// Says of lines that are stored what they counted, and of those that lie as they did nothing else.
void add_counted(LineTrial& trial, const Camera& camera, const std::vector<Line>& lines,
                 const std::vector<Stored>& counted, PictureSize size, std::size_t most) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto known = std::ranges::find(camera.lines, lines[i].id, &Line::id);
    if (lines[i].id.empty() || known == camera.lines.end() || known->created_at > trial.from) {
      continue;
    }
    TriedLine stored;
    for (const Stored& one : counted) {
      if (one.line_id == known->id) add(stored, one.crossing, one.type, most);
    }
    const DirectionCounts counts = stored.crossings;
    if (is_same_place(lines[i], *known, size)) trial.lines[i] = std::move(stored);
    trial.lines[i].counted = counts;
  }
}

}  // namespace

Result<Instant> trial_end(db::Database& database, const Camera& camera, Instant now,
                          Micros length) {
  if (!is_recorded(camera)) return now;
  return database.read([&](db::Session& session) -> Result<Instant> {
    VEDETTE_TRY(rows, session.query("SELECT sampled_at FROM camera_status WHERE camera_id = $1",
                                    {camera.id}));
    if (rows.empty()) return now;
    const auto last = rows.front().get<std::optional<Instant>>(0);
    const Micros step = std::chrono::seconds(kTrialSampledEveryS);
    return last && (*last < now - length || *last > now) ? *last + step : now;
  });
}

Result<LineTrial> try_lines(db::Database& database, const Camera& camera,
                            const std::vector<Line>& lines, Instant from, Instant to,
                            const LineTrialOptions& options) {
  VEDETTE_CHECK(check_lines(camera, lines));
  LineTrial trial;
  PictureSize size;
  std::vector<Stored> counted_before;
  VEDETTE_TRY(seen, database.read([&](db::Session& session) -> Result<Seen> {
    VEDETTE_TRY(read, read_positions(session, camera.id, from, to, options.most_positions));
    VEDETTE_TRY(watched, watched_between(session, camera.id, read.from, to));
    trial.coverage = watched;
    VEDETTE_TRY(picture, picture_size(session, camera.id));
    size = picture;
    VEDETTE_TRY(stored, read_counted(session, camera.id, read.from, to, options.most_positions));
    counted_before = std::move(stored);
    return std::move(read);
  }));
  trial.from = seen.from;
  trial.to = to;
  trial.is_truncated = seen.is_truncated;
  // Positions are in pixels of the present pictures.
  std::vector<Line> fitting;
  for (const Line& line : lines) fitting.push_back(fitted(line, size.width, size.height));
  Counted counted = count(seen, fitting, to);
  std::ranges::sort(counted.sure, std::ranges::greater{},
                    [](const Crossing& c) { return std::pair(c.time, c.track); });
  trial.tracks = counted.tracks;
  trial.lines.resize(lines.size());
  const auto line_of = [&](const Crossing& crossing) -> TriedLine& {
    return trial.lines[static_cast<std::size_t>(crossing.line)];
  };
  std::set<std::pair<int, std::int64_t>> known;
  for (const Crossing& crossing : counted.sure) {
    known.emplace(crossing.line, crossing.track);
    add(line_of(crossing), crossing, seen.types[static_cast<std::size_t>(crossing.type)],
        options.most_crossings);
  }
  for (const Crossing& crossing : counted.all) {
    if (!known.contains({crossing.line, crossing.track}))
      ++line_of(crossing).likely[index_of(crossing.direction)];
  }
  add_counted(trial, camera, lines, counted_before, size, options.most_crossings);
  for (TriedLine& line : trial.lines) {
    std::ranges::sort(line.by_type, {}, [](const auto& type) {
      return std::pair(-(type.second[0] + type.second[1]), type.first);
    });
  }
  return trial;
}

}  // namespace vedette::traffic
