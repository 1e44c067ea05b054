#include "work/job_sql.hpp"

#include <fmt/format.h>

#include <iterator>

#include "base/text.hpp"

namespace vedette::work {

std::string clean_text(std::string_view text, std::size_t most) {
  std::string clean(text);
  if (!is_clean_utf8(clean)) {
    for (char& c : clean) {
      if (c == '\0' || static_cast<unsigned char>(c) >= 0x80) c = '?';
    }
  }
  if (clean.size() <= most) return clean;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(clean[end]) & 0xc0U) == 0x80U) --end;
  clean.resize(end);
  return clean + "...";
}

void append_json_text(std::string& json, std::string_view text) {
  json += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(json), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      json += c;
    }
  }
  json += '"';
}

std::string json_rows_sql(db::Dialect dialect, std::string_view columns) {
  if (dialect == db::Dialect::kPostgres) {
    return fmt::format("json_to_recordset($1::json) as e({})", columns);
  }
  std::string list;
  for (const std::string_view column : split(columns, ',')) {
    const std::string_view name = column.substr(0, column.find(' '));
    fmt::format_to(std::back_inserter(list), "{}value ->> '$.{}' as {}", list.empty() ? "" : ", ",
                   name, name);
  }
  return fmt::format("(select {} from json_each($1)) as e", list);
}

std::string_view planner_sql(db::Dialect dialect) {
  if (dialect == db::Dialect::kSqlite) return "1";
  return "set_config('plan_cache_mode', 'force_generic_plan', true), "
         "set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true), "
         "set_config('enable_bitmapscan', 'off', true), "
         "set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)";
}

Result<void> tune_planner(db::Session& session) {
  if (session.dialect() == db::Dialect::kSqlite) return {};
  VEDETTE_CHECK(session.query(fmt::format("select {}", planner_sql(session.dialect()))));
  return {};
}

std::string indexed_by(db::Dialect dialect, std::string_view index) {
  return dialect == db::Dialect::kSqlite ? fmt::format(" indexed by {}", index) : std::string();
}

std::string id_among(db::Dialect dialect, std::string_view select) {
  return fmt::format(dialect == db::Dialect::kPostgres ? fmt::runtime("id = any(array({}))")
                                                       : fmt::runtime("id in ({})"),
                     select);
}

std::string runs_under_sql(db::Dialect dialect, std::string_view worker) {
  return dialect == db::Dialect::kPostgres
             ? fmt::format("job.worker is not distinct from {}", worker)
             : fmt::format("+job.worker = {}", worker);
}

std::string_view only_postgres(db::Dialect dialect, std::string_view clause) {
  return dialect == db::Dialect::kPostgres ? clause : std::string_view();
}

void EndedChildren::add(JobState state) {
  if (state == JobState::kCompleted) ++completed;
  if (state == JobState::kDiscarded) ++discarded;
  if (state == JobState::kCancelled) ++cancelled;
}

Result<void> settle_parents(db::Session& session, const std::map<std::int64_t, EndedChildren>& by) {
  const std::string woken =
      "waits_for = 'children' and open_children <= $2::bigint + $3::bigint + $4::bigint";
  for (const auto& [parent, ended] : by) {
    VEDETTE_TRY(rows, session.query(
                          fmt::format("update job set "
                                      "open_children = open_children - ($2::bigint + $3::bigint + "
                                      "$4::bigint), children_completed = children_completed + "
                                      "$2::bigint, children_discarded = children_discarded + "
                                      "$3::bigint, children_cancelled = children_cancelled + "
                                      "$4::bigint, "
                                      "run_at = case when {0} then {1} else run_at end, "
                                      "waits_for = case when {0} then 'worker' else waits_for end "
                                      "where id = $1 returning kind, waits_for",
                                      woken, db::now_sql(session.dialect())),
                          {parent, ended.completed, ended.discarded, ended.cancelled}));
    if (rows.empty()) continue;
    const auto kind = rows.front().get<std::string>("kind");
    if (rows.front().get<std::optional<std::string>>("waits_for") == "worker") {
      session.notify(kJobReadyChannel, kind);
    }
    session.notify(kJobChangeChannel, kind);
  }
  return {};
}

Result<void> add_children(db::Session& session, std::int64_t parent, std::int64_t count) {
  VEDETTE_TRY(changed,
              session.execute(fmt::format("update job set open_children = open_children + $2 "
                                          "where id = $1 and {}",
                                          kAliveSql),
                              {parent, count}));
  if (changed == 1) return {};
  return fail(
      ErrorCode::kConflict,
      fmt::format("Job {} has ended, or does not exist: it can have no further children.", parent));
}

}  // namespace vedette::work
