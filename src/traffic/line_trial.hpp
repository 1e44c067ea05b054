// Tries counting lines that are not stored on what a camera saw a little earlier: the rule of the
// live count (LineCounter), fed with the stored positions, which are one second apart. It may
// differ from the live count: a path begins up to a second late and cuts corners, and clearly
// beyond a line means two pixels, since sizes are not stored. A line that is stored as it is given
// has counted already: that is what is said of it. Used by the API; blocks on the database (one
// read snapshot).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "traffic/camera.hpp"
#include "traffic/line_counter.hpp"

namespace vedette::db {
class Database;
}

namespace vedette::traffic {

/// Between two stored positions of a road user.
inline constexpr int kTrialSampledEveryS = 1;

struct LineTrialOptions {
  /// Only the newest positions are looked at: 28 road users in view all through an hour.
  std::int64_t most_positions = 100'000;
  /// Crossings named of each line, the newest.
  std::size_t most_crossings = 20;
};

struct TriedCrossing {
  /// The first stored position clearly beyond the line: up to about a second after the crossing.
  Instant at{};
  std::string vehicle_type;
  Direction direction = Direction::kAToB;
  std::int64_t track_id = 0;
  /// Where the path between two positions met the line.
  Point point;
};

/// Crossings by direction: [0] a to b, [1] b to a.
using DirectionCounts = std::array<std::int64_t, 2>;

struct TriedLine {
  DirectionCounts crossings{};
  /// Further road users that crossed less than a second before their first position or after their
  /// last one, if they moved then as they did next to it. By lines near the picture's edge these
  /// may be most.
  DirectionCounts likely{};
  /// Of `crossings`, most first.
  std::vector<std::pair<std::string, DirectionCounts>> by_type;
  std::vector<TriedCrossing> newest;  // of `crossings`, newest first
  /// What the stored line of this id counted in the same time; absent for a new line, and for one
  /// that was not there yet all the time.
  std::optional<DirectionCounts> counted;
};

struct LineTrial {
  /// What was looked at; `from` is later than asked for when `is_truncated`.
  Instant from{};
  Instant to{};
  /// How much of that time was watched. With neither this nor a track, that nothing crossed is no
  /// finding.
  Micros coverage{0};
  std::int64_t tracks = 0;
  /// There were more positions than are looked at: the older ones were left out.
  bool is_truncated = false;
  std::vector<TriedLine> lines;  // as given

  bool has_seen() const { return coverage > Micros{0} || tracks > 0; }
};

/// The end of the time to try lines on, of this length: now, or where the footage of a file ends
/// that was not seen lately.
Result<Instant> trial_end(db::Database& database, const Camera& camera, Instant now, Micros length);

/// Counts what crossed `lines` from `from` (inclusive) to `to` (exclusive). Stores nothing. Refuses
/// the lines that set_lines would refuse, in its words.
Result<LineTrial> try_lines(db::Database& database, const Camera& camera,
                            const std::vector<Line>& lines, Instant from, Instant to,
                            const LineTrialOptions& options = {});

}  // namespace vedette::traffic
