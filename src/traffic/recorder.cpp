#include "traffic/recorder.hpp"

#include <fmt/format.h>

#include "db/database.hpp"
#include "traffic/quality.hpp"

namespace vedette::traffic {
namespace {

struct StoredRun {
  Run run;
  std::int64_t revision = 0;
  std::string detector;
};

Result<std::optional<StoredRun>> latest_run(db::Session& session, std::string_view camera_id) {
  VEDETTE_TRY(
      rows,
      session.query("SELECT id, base_time, frames, media_us, finished_at, revision, detector FROM "
                    "camera_run WHERE camera_id = $1 ORDER BY id DESC LIMIT 1",
                    {camera_id}));
  if (rows.empty()) return std::nullopt;
  const db::Row row = rows.front();
  StoredRun stored;
  stored.run = {.id = row.get<std::int64_t>(0),
                .base_time = row.get<Instant>(1),
                .frames = row.get<std::int64_t>(2),
                .media_time = Micros{row.get<std::int64_t>(3)},
                .is_finished = !row.is_null(4)};
  stored.revision = row.get<std::int64_t>(5);
  stored.detector = row.get<std::string>(6);
  return stored;
}

// What an unfinished run stored before an upgrade is told apart from what is seen again by ids of
// that time.
Result<std::int64_t> first_track(db::Session& session, std::string_view camera_id,
                                 std::int64_t run) {
  const std::int64_t old = run * kTracksPerRun01;
  for (const std::string_view table : {"crossings", "current_traffic"}) {
    VEDETTE_TRY(rows,
                session.query(fmt::format("SELECT 1 FROM {} WHERE camera_id = $1 AND track_id "
                                          "> $2 AND track_id < $3 LIMIT 1",
                                          table),
                              {camera_id, old, old + kTracksPerRun01}));
    if (!rows.empty()) return old;
  }
  return run * kTracksPerRun;
}

}  // namespace

void Batch::clear() {
  samples.clear();
  crossings.clear();
  watched.clear();
  notes.clear();
  sampled_at.reset();
  is_finished = false;
}

Result<Recorder> Recorder::begin(db::Database& database, work::Fence fence, std::string camera_id,
                                 std::int64_t revision, std::string detector,
                                 std::optional<Instant> base_time, bool is_resumable) {
  VEDETTE_TRY(run, database.write([&](db::Session& session) -> Result<Run> {
    VEDETTE_CHECK(fence.check(session));
    const std::string now = db::now_sql(session.dialect());
    VEDETTE_TRY(before, latest_run(session, camera_id));
    if (before && is_resumable && before->revision == revision && before->detector == detector) {
      VEDETTE_TRY(first, first_track(session, camera_id, before->run.id));
      before->run.first_track = first;
      return before->run;
    }
    if (before && before->detector != detector) {
      VEDETTE_CHECK(
          session.execute(fmt::format("INSERT INTO quality_log (camera_id, issue, cause, ts, "
                                      "ended_at) VALUES ($1, 'detector changed', "
                                      "$2, {}, {})",
                                      now, now),
                          {camera_id, fmt::format("{} to {}; counts before and after may differ",
                                                  before->detector, detector)}));
    }
    VEDETTE_TRY(
        rows,
        session.query(
            fmt::format(
                "INSERT INTO camera_run (camera_id, revision, detector, started_at, base_time, "
                "frames, media_us) VALUES ($1, $2, $3, {}, {}, 0, 0) RETURNING id, base_time",
                now, base_time ? "$4" : now),
            base_time ? std::initializer_list<db::Param>{camera_id, revision, detector, *base_time}
                      : std::initializer_list<db::Param>{camera_id, revision, detector}));
    const auto id = rows.front().get<std::int64_t>(0);
    return Run{
        .id = id, .base_time = rows.front().get<Instant>(1), .first_track = id * kTracksPerRun};
  }));
  return Recorder(database, std::move(fence), std::move(camera_id), run);
}

Result<void> Recorder::write(const Batch& batch) {
  std::int64_t span_id = span_id_;
  Instant span_end = span_end_;
  VEDETTE_CHECK(database_->write([&](db::Session& session) -> Result<void> {
    span_id = span_id_;
    span_end = span_end_;
    VEDETTE_CHECK(fence_.check(session));

    const std::int64_t first_track = run_.first_track;
    if (!batch.samples.empty()) {
      db::BulkInsert rows("current_traffic",
                          {"camera_id", "vehicle_type", "track_id", "x_coord", "y_coord", "count",
                           "last_update", "first_seen", "is_moving"});
      rows.reserve(batch.samples.size());
      for (const Sample& sample : batch.samples) {
        rows.add(camera_id_, sample.type, first_track + sample.track, sample.x, sample.y, 1,
                 sample.at, sample.first_seen, sample.is_moving);
      }
      VEDETTE_CHECK(session.insert(rows));
    }
    if (!batch.crossings.empty()) {
      db::BulkInsert rows("crossings", {"camera_id", "line_id", "track_id", "direction",
                                        "vehicle_type", "crossed_at", "x", "y", "frame"});
      rows.on_conflict("ON CONFLICT (camera_id, line_id, track_id) DO NOTHING");
      for (const CrossingRow& crossing : batch.crossings) {
        rows.add(camera_id_, crossing.line_id, first_track + crossing.track, crossing.direction,
                 crossing.type, crossing.at, crossing.x, crossing.y, crossing.frame);
      }
      VEDETTE_CHECK(session.insert(rows));
    }
    if (!has_ended_outages_ && !batch.watched.empty()) {
      VEDETTE_CHECK(end_outages(session, camera_id_));
    }
    for (const QualityNote& note : batch.notes) {
      VEDETTE_CHECK(note_quality(session, camera_id_, note));
    }
    for (const auto& [from, to] : batch.watched) {
      if (span_id != 0 && from <= span_end) {
        if (to <= span_end) continue;
        VEDETTE_TRY(changed, session.execute("UPDATE watch_span SET to_t = $2 WHERE id = $1",
                                             {span_id, to}));
        if (changed == 1) {
          span_end = to;
          continue;
        }
      }
      VEDETTE_TRY(inserted,
                  session.query(
                      "INSERT INTO watch_span (camera_id, run_id, from_t, to_t, rolled_to) VALUES "
                      "($1, $2, $3, $4, $3) RETURNING id",
                      {camera_id_, run_.id, from, to}));
      span_id = inserted.scalar<std::int64_t>();
      span_end = to;
    }
    const std::string now = db::now_sql(session.dialect());
    VEDETTE_CHECK(session.execute(
        fmt::format("UPDATE camera_run SET frames = $2, media_us = $3{} WHERE id = $1",
                    batch.is_finished ? fmt::format(", finished_at = {}", now) : std::string()),
        {run_.id, batch.frames, batch.media_time.count()}));
    // A batch without figures, the first of a run, leaves the last ones. The last batch of a camera
    // that was removed meanwhile brings nothing back.
    VEDETTE_CHECK(session.execute(
        fmt::format(
            "INSERT INTO camera_status (camera_id, updated_at, sampled_at, status) SELECT id, {}, "
            "$2::timestamptz, $3::text FROM camera WHERE id = $1 ON "
            "CONFLICT (camera_id) DO UPDATE SET updated_at = excluded.updated_at, sampled_at = "
            "coalesce(excluded.sampled_at, camera_status.sampled_at), status = CASE "
            "excluded.status WHEN '' "
            "THEN camera_status.status ELSE excluded.status END",
            now),
        {camera_id_, batch.sampled_at, batch.status_json}));
    session.notify(kTrafficChannel, camera_id_);
    return {};
  }));
  span_id_ = span_id;
  span_end_ = span_end;
  has_ended_outages_ |= !batch.watched.empty();
  run_.frames = batch.frames;
  run_.media_time = batch.media_time;
  run_.is_finished = batch.is_finished;
  return {};
}

}  // namespace vedette::traffic
