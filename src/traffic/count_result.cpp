#include "traffic/count_result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <span>

#include "db/database.hpp"
#include "traffic/camera_status.hpp"
#include "traffic/counting.hpp"
#include "traffic/quality.hpp"
#include "traffic/rollup.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

// Positions second by second are for trials of lines, which ask for an hour at most.
constexpr Micros kKeptSamples = 2h;

// On PostgreSQL the position of rows that the roll-up does not read (see traffic/tables.cpp); on
// SQLite, where positions differ, all below zero are that.
constexpr std::int64_t kRolledPosition = -1;

Result<std::int64_t> next_position(db::Session& session, std::string_view table) {
  if (session.dialect() == db::Dialect::kPostgres) return kRolledPosition;
  VEDETTE_TRY(rows, session.query(fmt::format(
                        "SELECT min(0, coalesce(min(position), 0)) - 1 FROM {}", table)));
  return rows.scalar<std::int64_t>();
}

struct Earlier {
  std::int64_t id = 0;
  Instant from{};
  Instant to{};
  std::optional<std::string> history;
};

// What the roll-up made of a run under an earlier version is the whole of the periods it lies in.
Result<void> clear_periods(db::Session& session, std::string_view camera, const Earlier& run) {
  const std::pair<std::string_view, std::string_view> tables[] = {
      {"traffic_5min", "bucket"},         {"traffic_line_5min", "bucket"},
      {"coverage_5min", "bucket"},        {"track_seen", "bucket"},
      {"traffic_history", "report_hour"}, {"traffic_line_hour", "bucket"},
      {"coverage_hour", "bucket"}};
  for (const auto& [table, bucket] : tables) {
    const bool is_hour =
        table.ends_with("_hour") || table == "traffic_history" || table == "track_seen";
    VEDETTE_CHECK(session.execute(
        fmt::format("DELETE FROM {0} WHERE camera_id = $1 AND {1} >= $2 AND {1} <= $3", table,
                    bucket),
        {camera, history_bucket(run.from, is_hour), run.to}));
  }
  return {};
}

Result<void> delete_rows(db::Session& session, std::string_view camera, const Earlier& run) {
  for (const std::int64_t per_run : {kTracksPerRun, kTracksPerRun01}) {
    // Ids of that time may be those of a later run's tracks: their times tell them apart.
    for (const auto& [table, time] :
         {std::pair{"crossings", "crossed_at"}, std::pair{"current_traffic", "last_update"}}) {
      VEDETTE_CHECK(session.execute(
          fmt::format("DELETE FROM {0} WHERE camera_id = $1 AND track_id >= $2 AND track_id < $3 "
                      "AND {1} >= $4 AND {1} <= $5",
                      table, time),
          {camera, run.id * per_run, (run.id + 1) * per_run, run.from - 1min, run.to + 1min}));
    }
  }
  VEDETTE_CHECK(session.execute("DELETE FROM watch_span WHERE camera_id = $1 AND run_id = $2",
                                {camera, run.id}));
  VEDETTE_CHECK(session.execute("DELETE FROM quality_log WHERE camera_id = $1 AND run_id = $2",
                                {camera, run.id}));
  VEDETTE_CHECK(forget_objects(session, run.id));
  VEDETTE_CHECK(session.execute("DELETE FROM camera_run WHERE id = $1", {run.id}));
  return {};
}

// Deletes the camera's earlier results; what they added to the history is taken off `change`.
Result<void> take_away_earlier(db::Session& session, const std::string& camera,
                               HistoryRows& change) {
  VEDETTE_TRY(rows, session.query("SELECT id, base_time, media_us, history FROM camera_run WHERE "
                                  "camera_id = $1 AND is_recorded",
                                  {camera}));
  for (const db::Row& row : rows) {
    Earlier run{.id = row.get<std::int64_t>(0),
                .from = row.get<Instant>(1),
                .to = row.get<Instant>(1) + Micros{row.get<std::int64_t>(2)},
                .history = row.get<std::optional<std::string>>(3)};
    if (run.history) {
      VEDETTE_TRY(added, decode_history(*run.history, camera));
      change.subtract(added);
    } else {
      VEDETTE_CHECK(clear_periods(session, camera, run));
    }
    VEDETTE_CHECK(delete_rows(session, camera, run));
  }
  return {};
}

template <class Map>
void drop_unchanged(Map& map) {
  std::erase_if(map, [](const auto& entry) { return entry.second == decltype(entry.second){}; });
}

}  // namespace

void CountResult::note_seen(std::int64_t track, const std::string& type, bool has_crossed,
                            Instant at) {
  for (const bool is_hour : {false, true}) {
    const Instant bucket = history_bucket(at, is_hour);
    if (!in_period_[{bucket, is_hour, has_crossed}].insert(track).second) continue;
    HistoryCounts& counts = history_.counts[is_hour][{bucket, camera_, type}];
    ++(has_crossed ? counts.crossers : counts.tracks);
  }
  (has_crossed ? crossers_ : seen_).insert(track);
}

void CountResult::take_notes(const Batch& batch, Instant at) {
  for (const QualityNote& note : batch.notes) {
    const auto open =
        std::ranges::find_if(notes_, [&](const Note& n) { return n.issue == note.issue && !n.to; });
    switch (note.kind) {
      case QualityNote::Kind::kMoment:
        notes_.push_back({note.issue, note.cause, at, at});
        break;
      case QualityNote::Kind::kBegin:
        if (open == notes_.end()) notes_.push_back({note.issue, note.cause, at, std::nullopt});
        break;
      case QualityNote::Kind::kEnd:
        if (open != notes_.end()) open->to = at;
        break;
    }
  }
}

void CountResult::take(Batch& batch, Instant at) {
  last_at_ = at;
  for (Sample& sample : batch.samples) {
    history_.add_sample(camera_, sample.type, sample.at);
    note_seen(sample.track, sample.type, false, sample.at);
    samples_.push_back(std::move(sample));
  }
  while (!samples_.empty() && samples_.front().at < samples_.back().at - kKeptSamples)
    samples_.pop_front();
  for (CrossingRow& crossing : batch.crossings) {
    // A road user that turns round on a line is counted by it once.
    if (!crossed_.emplace(crossing.line_id, crossing.track).second) continue;
    history_.add_crossing(camera_, crossing.type, crossing.line_id, crossing.direction,
                          crossing.at);
    note_seen(crossing.track, crossing.type, true, crossing.at);
    ++line_counts_[{crossing.line_id, crossing.direction}];
    crossings_.push_back(std::move(crossing));
  }
  for (const auto& [from, to] : batch.watched) {
    if (!watched_.empty() && from <= watched_.back().second) {
      watched_.back().second = std::max(watched_.back().second, to);
    } else {
      watched_.emplace_back(from, to);
    }
  }
  take_notes(batch, at);
  if (batch.sampled_at) sampled_at_ = batch.sampled_at;
  if (!batch.status_json.empty()) status_json_ = batch.status_json;
  frames_ = batch.frames;
  media_time_ = batch.media_time;
  batch.clear();
}

Micros CountResult::watched() const {
  Micros sum{0};
  for (const auto& [from, to] : watched_) sum += to - from;
  return sum;
}

Result<std::int64_t> CountResult::put_run(db::Session& session, const ResultFacts& facts) const {
  HistoryRows history = history_;
  for (const auto& [from, to] : watched_) history.add_watched(camera_, from, to);
  const std::string own = encode(history);
  HistoryRows change = std::move(history);
  std::optional<std::string> still = facts.still;
  if (still->empty()) {  // no frame was decoded: the one there is shows the same
    VEDETTE_TRY(before, result_still(session, camera_));
    still = std::move(before);
  }
  VEDETTE_CHECK(take_away_earlier(session, camera_, change));
  for (const bool is_hour : {false, true}) {
    drop_unchanged(change.counts[is_hour]);
    drop_unchanged(change.lines[is_hour]);
    drop_unchanged(change.coverage[is_hour]);
  }
  std::set<std::string> with_lines;
  if (facts.has_lines) with_lines.insert(camera_);
  VEDETTE_CHECK(add_history(session, change, with_lines));
  VEDETTE_TRY(
      rows,
      session.query(
          fmt::format("INSERT INTO camera_run (camera_id, revision, detector, "
                      "started_at, base_time, frames, media_us, finished_at, "
                      "is_recorded, settings, history, still, times_from) VALUES ($1, "
                      "$2, $3, $4, $5, $6, $7, {}, $8, $9, $10, $11, $12) RETURNING id",
                      db::now_sql(session.dialect())),
          {camera_, facts.revision, facts.detector, facts.started_at, facts.base_time, frames_,
           media_time_.count(), true, facts.settings, own, still, facts.times_from}));
  return rows.scalar<std::int64_t>();
}

Result<void> CountResult::put_rows(db::Session& session, std::int64_t run) const {
  const std::int64_t first_track = run * kTracksPerRun;
  const std::int64_t step = session.dialect() == db::Dialect::kPostgres ? 0 : 1;
  if (!samples_.empty()) {
    VEDETTE_TRY(position, next_position(session, "current_traffic"));
    // Rising with time, as the others do.
    position -= step * (static_cast<std::int64_t>(samples_.size()) - 1);
    db::BulkInsert rows("current_traffic",
                        {"position", "camera_id", "vehicle_type", "track_id", "x_coord", "y_coord",
                         "count", "last_update", "first_seen", "is_moving"});
    for (const Sample& sample : samples_) {
      rows.add(position, camera_, sample.type, first_track + sample.track, sample.x, sample.y, 1,
               sample.at, sample.first_seen, sample.is_moving);
      position += step;
    }
    VEDETTE_CHECK(session.insert(rows));
  }
  if (!crossings_.empty()) {
    VEDETTE_TRY(position, next_position(session, "crossings"));
    position -= step * (static_cast<std::int64_t>(crossings_.size()) - 1);
    db::BulkInsert rows("crossings", {"position", "camera_id", "line_id", "track_id", "direction",
                                      "vehicle_type", "crossed_at", "x", "y", "frame"});
    for (const CrossingRow& crossing : crossings_) {
      rows.add(position, camera_, crossing.line_id, first_track + crossing.track,
               crossing.direction, crossing.type, crossing.at, crossing.x, crossing.y,
               crossing.frame);
      position += step;
    }
    VEDETTE_CHECK(session.insert(rows));
  }
  db::BulkInsert spans("watch_span", {"camera_id", "run_id", "from_t", "to_t", "rolled_to"});
  for (const auto& [from, to] : watched_) spans.add(camera_, run, from, to, to);
  VEDETTE_CHECK(session.insert(spans));
  db::BulkInsert notes("quality_log", {"camera_id", "run_id", "issue", "cause", "ts", "ended_at"});
  for (const Note& note : notes_)
    notes.add(camera_, run, note.issue, note.cause, note.from, note.to.value_or(last_at_));
  VEDETTE_CHECK(session.insert(notes));
  return {};
}

Result<void> CountResult::put(db::Session& session, const ResultFacts& facts,
                              std::string_view source) const {
  // The roll-up reads the rows that go and adds to the history that is set right.
  VEDETTE_CHECK(hold_back_roll_up(session));
  VEDETTE_TRY(camera, session.query("SELECT 1 FROM camera WHERE id = $1 AND source = $2",
                                    {camera_, source}));
  if (camera.empty()) {
    return fail(ErrorCode::kCancelled,
                "The camera was removed or has another source by now; its count is of no use.");
  }
  VEDETTE_CHECK(end_outages(session, camera_));
  // A job of an earlier version was put on the queue without.
  VEDETTE_CHECK(session.execute(
      "UPDATE camera SET first_count_at = coalesce(first_count_at, $2) WHERE id = $1",
      {camera_, facts.started_at}));
  VEDETTE_TRY(run, put_run(session, facts));
  VEDETTE_CHECK(put_rows(session, run));
  VEDETTE_CHECK(name_objects(session, run, facts.objects));
  // A result without a sample has nobody in view, and none of the one before.
  VEDETTE_CHECK(session.execute("UPDATE camera_status SET sampled_at = NULL WHERE camera_id = $1",
                                {camera_}));
  VEDETTE_CHECK(put_status(session, camera_, sampled_at_, status_json_));
  session.notify(kTrafficChannel, camera_);
  session.notify(kHistoryChannel);
  return {};
}

}  // namespace vedette::traffic
