#include "traffic/part_counts.hpp"

#include <fmt/format.h>

#include "db/database.hpp"
#include "traffic/filter.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

Result<db::Rows> of_crossings(db::Session& session, const PartQuestion& question,
                              std::string_view what, std::string_view groups) {
  db::Where where;
  add_filter(where, {{question.camera}, question.types, question.from, question.to}, "crossed_at",
             "camera_id", "vehicle_type");
  return session.query(fmt::format("SELECT {} FROM crossings{}{}", what, where.text(), groups),
                       where.values());
}

}  // namespace

Result<bool> is_part(db::Session& session, const PartQuestion& question, Instant since,
                     Instant now) {
  PartQuestion whole = question;
  whole.types.clear();
  whole.from = floor_to(question.from, 5min);
  whole.to = floor_to(question.to + 5min - 1us, 5min);
  const bool begins_within = question.from > since && whole.from != question.from;
  const bool ends_within = question.to < now && whole.to != question.to;
  if (!begins_within && !ends_within) return false;
  db::Where where;
  add_filter(where, {{whole.camera}, {}, whole.from, whole.to}, "bucket", "camera_id", "");
  VEDETTE_TRY(summed, session.query(fmt::format("SELECT CAST(coalesce(sum(crossings), 0) AS "
                                                "bigint) FROM traffic_line_5min{}",
                                                where.text()),
                                    where.values()));
  VEDETTE_TRY(kept, of_crossings(session, whole, "count(*)", ""));
  return kept.scalar<std::int64_t>() >= summed.scalar<std::int64_t>();
}

Result<db::Rows> part_by_type(db::Session& session, const PartQuestion& question) {
  return of_crossings(session, question, "vehicle_type, count(DISTINCT track_id)", " GROUP BY 1");
}

Result<db::Rows> part_by_line(db::Session& session, const PartQuestion& question) {
  return of_crossings(session, question, "line_id, direction, 0 AS period, count(*)",
                      " GROUP BY 1, 2");
}

}  // namespace vedette::traffic
