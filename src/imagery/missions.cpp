#include "imagery/missions.hpp"

#include <fmt/format.h>

#include <map>

#include "base/id.hpp"
#include "db/where.hpp"

namespace vedette::imagery {
namespace {

constexpr std::size_t kMostName = 200;
constexpr std::size_t kMostDescription = 4000;

std::unexpected<Error> wrong(std::string_view field, std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message), std::string(field));
}

std::unexpected<Error> no_mission(std::string_view id) {
  return fail(
      ErrorCode::kNotFound,
      fmt::format("There is no mission '{}'. GET /api/missions lists them.", id.substr(0, 64)));
}

Result<void> check(const Mission& mission) {
  if (mission.name.empty() || mission.name.size() > kMostName) {
    return wrong("name", fmt::format("A mission needs a name of 1 to {} bytes.", kMostName));
  }
  if (mission.description.size() > kMostDescription) {
    return wrong("description",
                 fmt::format("'description' has more than {} bytes.", kMostDescription));
  }
  if (mission.status != "active" && mission.status != "completed" && mission.status != "archived") {
    return wrong("status", "'status' must be active, completed or archived.");
  }
  if (mission.start_time && mission.end_time && *mission.end_time < *mission.start_time) {
    return wrong("end_time", "'end_time' is earlier than 'start_time'.");
  }
  return {};
}

Result<std::vector<Mission>> read(db::Session& session, const db::Where& where) {
  VEDETTE_TRY(
      rows,
      session.query(
          fmt::format("SELECT id, name, description, start_time, end_time, "
                      "status, created_at, is_sample, panel FROM missions{} ORDER BY created_at "
                      "DESC, id DESC LIMIT 1000",
                      where.text()),
          where.values()));
  std::vector<Mission> all;
  std::map<std::string, std::size_t> places;
  std::vector<std::string> ids;
  for (const db::Row row : rows) {
    Mission one;
    one.id = row.get<std::string>(0);
    one.name = row.get<std::optional<std::string>>(1).value_or(std::string());
    one.description = row.get<std::optional<std::string>>(2).value_or(std::string());
    one.start_time = row.get<std::optional<Instant>>(3);
    one.end_time = row.get<std::optional<Instant>>(4);
    one.status = row.get<std::optional<std::string>>(5).value_or("active");
    one.created_at = row.get<std::optional<Instant>>(6);
    one.is_sample = row.get<bool>(7);
    one.panel = row.get<std::optional<std::string>>(8).value_or(std::string());
    places.emplace(one.id, all.size());
    ids.push_back(one.id);
    all.push_back(std::move(one));
  }
  if (ids.empty()) return all;
  db::Where among;
  among.add("capture_of IS NULL");
  among.any_of("mission_id", ids);
  VEDETTE_TRY(counts,
              session.query(fmt::format("SELECT mission_id, processing_status, count(*) FROM "
                                        "images{} GROUP BY mission_id, processing_status",
                                        among.text()),
                            among.values()));
  for (const db::Row row : counts) {
    all[places.at(row.get<std::string>(0))].images.add(
        row.get<std::optional<std::string>>(1).value_or(std::string()), row.get<std::int64_t>(2));
  }
  return all;
}

}  // namespace

Result<std::vector<Mission>> missions(db::Session& session) {
  return read(session, {});
}

Result<std::optional<Mission>> find_mission(db::Session& session, std::string_view id) {
  if (!is_image_id(id)) return std::nullopt;
  db::Where where;
  where.add(fmt::format("id = {}", where.param(std::string(id))));
  VEDETTE_TRY(found, read(session, where));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

Result<std::string> add_mission(db::Session& session, const Mission& mission, Instant now) {
  VEDETTE_CHECK(check(mission));
  std::string id = new_uuid();
  VEDETTE_CHECK(session.execute(
      "INSERT INTO missions (id, name, description, start_time, end_time, status, created_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
      {id, mission.name, mission.description, mission.start_time, mission.end_time, mission.status,
       now}));
  session.notify(kImagesChannel);
  return id;
}

Result<void> replace_mission(db::Session& session, const Mission& mission) {
  VEDETTE_CHECK(check(mission));
  if (!is_image_id(mission.id)) return no_mission(mission.id);
  VEDETTE_TRY(changed, session.execute("UPDATE missions SET name = $2, description = $3, "
                                       "start_time = $4, end_time = $5, status = $6 WHERE id = $1",
                                       {mission.id, mission.name, mission.description,
                                        mission.start_time, mission.end_time, mission.status}));
  if (changed == 0) return no_mission(mission.id);
  session.notify(kImagesChannel);
  return {};
}

Result<void> remove_mission(db::Session& session, std::string_view id) {
  if (!is_image_id(id)) return no_mission(id);
  // Told to those who watch the list: their mission is another one now.
  VEDETTE_CHECK(
      session.execute(fmt::format("UPDATE images SET mission_id = NULL, updated_at = {}, "
                                  "revision = {} WHERE mission_id = $1",
                                  db::now_sql(session.dialect()), revision_sql(session.dialect())),
                      {id}));
  VEDETTE_TRY(removed, session.execute("DELETE FROM missions WHERE id = $1", {id}));
  if (removed == 0) return no_mission(id);
  session.notify(kImagesChannel);
  return {};
}

}  // namespace vedette::imagery
