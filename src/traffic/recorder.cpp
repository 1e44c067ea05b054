#include "traffic/recorder.hpp"

#include <fmt/format.h>

#include "db/database.hpp"
#include "traffic/camera_status.hpp"
#include "traffic/quality.hpp"

namespace vedette::traffic {

void Batch::clear() {
  samples.clear();
  crossings.clear();
  watched.clear();
  notes.clear();
  sampled_at.reset();
}

Result<Recorder> Recorder::begin(db::Database& database, work::Fence fence, std::string camera_id,
                                 std::int64_t revision, std::string detector) {
  VEDETTE_TRY(run, database.write([&](db::Session& session) -> Result<std::int64_t> {
    VEDETTE_CHECK(fence.check(session));
    const std::string now = db::now_sql(session.dialect());
    VEDETTE_TRY(before,
                session.query("SELECT detector FROM camera_run WHERE camera_id = $1 ORDER BY "
                              "id DESC LIMIT 1",
                              {camera_id}));
    if (!before.empty() && before.scalar<std::string>() != detector) {
      VEDETTE_CHECK(
          session.execute(fmt::format("INSERT INTO quality_log (camera_id, issue, cause, ts, "
                                      "ended_at) VALUES ($1, 'detector changed', "
                                      "$2, {}, {})",
                                      now, now),
                          {camera_id, fmt::format("{} to {}; counts before and after may differ",
                                                  before.scalar<std::string>(), detector)}));
    }
    VEDETTE_TRY(rows, session.query(fmt::format("INSERT INTO camera_run (camera_id, revision, "
                                                "detector, started_at, base_time, frames, "
                                                "media_us) VALUES ($1, $2, $3, {}, {}, 0, 0) "
                                                "RETURNING id",
                                                now, now),
                                    {camera_id, revision, detector}));
    return rows.scalar<std::int64_t>();
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

    const std::int64_t first_track = run_ * kTracksPerRun;
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
                      {camera_id_, run_, from, to}));
      span_id = inserted.scalar<std::int64_t>();
      span_end = to;
    }
    VEDETTE_CHECK(session.execute("UPDATE camera_run SET frames = $2, media_us = $3 WHERE id = $1",
                                  {run_, batch.frames, batch.media_time.count()}));
    VEDETTE_CHECK(put_status(session, camera_id_, batch.sampled_at, batch.status_json));
    session.notify(kTrafficChannel, camera_id_);
    return {};
  }));
  span_id_ = span_id;
  span_end_ = span_end;
  has_ended_outages_ |= !batch.watched.empty();
  return {};
}

}  // namespace vedette::traffic
