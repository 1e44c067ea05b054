#include "work/share_store.hpp"

#include <fmt/format.h>

#include "db/where.hpp"
#include "work/lease_store.hpp"
#include "work/loop.hpp"

namespace vedette::work {

Result<void> write_shares(db::Session& session, std::string_view process_id,
                          const std::map<std::string, int>& most_held) {
  VEDETTE_CHECK(session.execute("delete from loop_share where process_id = $1", {process_id}));
  db::BulkInsert rows("loop_share", {"process_id", "group_name", "most_held"});
  for (const auto& [group, most] : most_held) rows.add(process_id, group, std::int64_t{most});
  VEDETTE_CHECK(session.insert(rows));
  session.notify(kLeaseChannel, {});
  return {};
}

Result<std::vector<Member>> read_members(db::Session& session, Micros life) {
  const std::string silence =
      db::elapsed_sql(session.dialect(), "p.heartbeat_at", db::now_sql(session.dialect()));
  VEDETTE_TRY(rows,
              session.query(fmt::format("select s.process_id, s.group_name, s.most_held, {0} as "
                                        "silence_us from loop_share s join process p "
                                        "on p.id = s.process_id where p.stopped_at is null "
                                        "and {0} <= $1 order by s.process_id",
                                        silence),
                            {life.count()}));
  std::vector<Member> members;
  members.reserve(rows.size());
  for (const db::Row row : rows) {
    members.push_back({.process_id = row.get<std::string>("process_id"),
                       .group = row.get<std::string>("group_name"),
                       .most_held = static_cast<int>(row.get<std::int64_t>("most_held")),
                       .silence = Micros(row.get<std::int64_t>("silence_us"))});
  }
  return members;
}

Result<std::vector<std::string>> read_standbys(db::Session& session,
                                               std::span<const std::string> processes) {
  db::Where where;
  where.any_of("process_id", processes);
  where.add("state = " + where.param(std::string(name(LoopState::kStandby))));
  VEDETTE_TRY(rows, session.query("select name from loop_state" + where.text(), where.values()));
  std::vector<std::string> names;
  names.reserve(rows.size());
  for (const db::Row row : rows) names.push_back(row.get<std::string>(0));
  return names;
}

}  // namespace vedette::work
