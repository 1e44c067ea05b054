// The result of a recorded file: gathered in memory while it is counted, and put in the place of
// the one before in a single transaction, so that nobody ever sees half of one or both. Used by the
// job that counts; one thread. What it holds grows with who crosses (some hundred bytes each) and
// with the last hours' positions.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "traffic/history_rows.hpp"
#include "traffic/objects.hpp"
#include "traffic/recorder.hpp"

namespace vedette::db {
class Session;
}

namespace vedette::traffic {

/// What a result is of, beside its counts.
struct ResultFacts {
  std::int64_t revision = 0;
  std::string detector;
  Instant started_at{};         // what the camera was then is what was counted with
  Instant base_time{};          // the instant of the first frame
  std::string_view times_from;  // what that is by (traffic/counting.hpp)
  std::string settings;         // settings_digest()
  bool has_lines = false;
  std::string still;  // the key of its last picture, or empty
  std::vector<ResultObject> objects;
};

class CountResult {
 public:
  explicit CountResult(std::string camera_id) : camera_(std::move(camera_id)) {}

  /// Takes over what came since the last call, `at` being the time of its last frame, and clears
  /// the batch.
  void take(Batch& batch, Instant at);

  /// Crossings by line and direction ("a_to_b").
  using LineCounts = std::map<std::pair<std::string, std::string>, std::int64_t>;
  const LineCounts& line_counts() const { return line_counts_; }
  /// In the order in which they were told.
  const std::vector<CrossingRow>& crossings() const { return crossings_; }
  /// Road users that crossed, and that were seen for a second or longer.
  std::int64_t crossers() const { return static_cast<std::int64_t>(crossers_.size()); }
  std::int64_t seen() const { return static_cast<std::int64_t>(seen_.size()); }
  std::int64_t frames() const { return frames_; }
  Micros media_time() const { return media_time_; }
  Micros watched() const;

  /// In the caller's transaction, behind its fence check: takes away what earlier counts of the
  /// camera's recordings have added, and adds this. kCancelled when the camera is not what it was
  /// (removed, another source).
  Result<void> put(db::Session& session, const ResultFacts& facts, std::string_view source) const;

 private:
  /// Remembers that the track was there, or crossed, in the periods around `at`.
  void note_seen(std::int64_t track, const std::string& type, bool has_crossed, Instant at);
  void take_notes(const Batch& batch, Instant at);
  Result<std::int64_t> put_run(db::Session& session, const ResultFacts& facts) const;
  Result<void> put_rows(db::Session& session, std::int64_t run) const;

  struct Note {
    std::string issue;
    std::string cause;
    Instant from{};
    std::optional<Instant> to;
  };

  std::string camera_;
  std::deque<Sample> samples_;  // of the last hours
  std::vector<CrossingRow> crossings_;
  std::set<std::pair<std::string, std::int64_t>> crossed_;  // line, track
  std::vector<std::pair<Instant, Instant>> watched_;
  std::vector<Note> notes_;
  HistoryRows history_;
  // Tracks by period, its length, and whether they crossed.
  std::map<std::tuple<Instant, bool, bool>, std::unordered_set<std::int64_t>> in_period_;
  std::unordered_set<std::int64_t> seen_;
  std::unordered_set<std::int64_t> crossers_;
  LineCounts line_counts_;
  std::int64_t frames_ = 0;
  Micros media_time_{0};
  Instant last_at_{};
  std::optional<Instant> sampled_at_;
  std::string status_json_;
};

}  // namespace vedette::traffic
