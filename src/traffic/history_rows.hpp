// What is added to the tables of the history, by camera and period: by the roll-up of what live
// cameras recorded, and by the result of a recorded file, which also takes an earlier one away.
// Values; add_history() blocks on the database, in the caller's transaction.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/time.hpp"

namespace vedette::db {
class Session;
}

namespace vedette::traffic {

struct HistoryKey {
  Instant bucket;
  std::string camera;
  std::string type;
  auto operator<=>(const HistoryKey&) const = default;
};

struct HistoryCounts {
  std::int64_t tracks = 0;
  std::int64_t crossers = 0;
  std::int64_t crossings = 0;
  std::int64_t samples = 0;
  bool operator==(const HistoryCounts&) const = default;
};

struct LineKey {
  Instant bucket;
  std::string camera;
  std::string line;
  std::string direction;
  std::string type;
  auto operator<=>(const LineKey&) const = default;
};

using CameraBucket = std::pair<Instant, std::string>;

/// By the length of the period: [0] five minutes, [1] an hour.
struct HistoryRows {
  std::array<std::map<HistoryKey, HistoryCounts>, 2> counts;
  std::array<std::map<LineKey, std::int64_t>, 2> lines;
  std::array<std::map<CameraBucket, std::int64_t>, 2> coverage;  // microseconds

  /// One sample, one crossing (not who was seen for the first time), and a time watched.
  void add_sample(const std::string& camera, const std::string& type, Instant at);
  void add_crossing(const std::string& camera, const std::string& type, const std::string& line,
                    const std::string& direction, Instant at);
  void add_watched(const std::string& camera, Instant from, Instant to);

  /// Takes away what another one added.
  void subtract(const HistoryRows& other);
};

/// The start of the period that holds `at`.
Instant history_bucket(Instant at, bool is_hour);

/// Adds to the tables and derives the figures of the hours touched. `with_lines`: cameras whose
/// vehicles are those that cross lines, whatever else. Rows left without anything are deleted.
Result<void> add_history(db::Session& session, const HistoryRows& rows,
                         const std::set<std::string>& with_lines);

/// The rows of one camera as text to be kept with its run, and back. kCorrupt: it is none.
std::string encode(const HistoryRows& rows);
Result<HistoryRows> decode_history(std::string_view text, const std::string& camera);

/// Statements over many rows come in few sizes, so that each is prepared once: calls `run(size)`
/// until `count` rows are done.
template <class Run>
Result<void> in_chunks(std::size_t count, Run run) {
  constexpr std::array<std::size_t, 6> kSizes{1024, 256, 64, 16, 4, 1};
  for (const std::size_t size : kSizes) {
    for (; count >= size; count -= size) VEDETTE_CHECK(run(size));
  }
  return {};
}

}  // namespace vedette::traffic
