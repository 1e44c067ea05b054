// GET, POST /api/missions and GET, PUT, DELETE /api/missions/{id}.
#include "imagery/missions.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <string>
#include <utility>

#include "api/imagery/image_json.hpp"
#include "api/imagery/routes.hpp"
#include "db/database.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;

json::object mission_json(const imagery::Mission& mission) {
  boost::system::error_code failed;
  json::value panel = json::parse(mission.panel.empty() ? "null" : mission.panel, failed);
  return {{"id", mission.id},
          {"name", mission.name},
          {"description", mission.description},
          {"start_time", or_null(mission.start_time)},
          {"end_time", or_null(mission.end_time)},
          {"status", mission.status},
          {"created_at", or_null(mission.created_at)},
          {"sample", mission.is_sample},
          {"panel", std::move(panel)},
          {"images", counts_json(mission.images)}};
}

Result<std::optional<Instant>> time_field(Fields& fields, std::string_view name) {
  VEDETTE_TRY(text, fields.text(name));
  if (!text) return std::nullopt;
  const auto at = from_rfc3339(*text);
  if (!at) {
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' is no time; it must look like 2026-11-27T15:00:00Z.", name),
                std::string(name));
  }
  return at;
}

Result<imagery::Mission> mission_of(const http::Request& request) {
  VEDETTE_TRY(object, object_of(request));
  Fields fields(std::move(object));
  imagery::Mission mission;
  VEDETTE_TRY(name, fields.required_text("name"));
  mission.name = std::move(name);
  VEDETTE_TRY(description, fields.text("description"));
  mission.description = description.value_or("");
  VEDETTE_TRY(start, time_field(fields, "start_time"));
  mission.start_time = start;
  VEDETTE_TRY(end, time_field(fields, "end_time"));
  mission.end_time = end;
  VEDETTE_TRY(status, fields.text("status"));
  mission.status = status.value_or("active");
  VEDETTE_CHECK(fields.nothing_left());
  return mission;
}

Result<imagery::Mission> find(db::Session& session, std::string_view id) {
  VEDETTE_TRY(mission, imagery::find_mission(session, id));
  if (mission) return std::move(*mission);
  return fail(
      ErrorCode::kNotFound,
      fmt::format("There is no mission '{}'. GET /api/missions lists them.", id.substr(0, 64)));
}

Answer list(const ImageryServices& services, const http::Request&) {
  VEDETTE_TRY(all, services.core->database.read(imagery::missions));
  json::array missions;
  for (const imagery::Mission& one : all) missions.push_back(mission_json(one));
  return answer(200, json::object{{"missions", std::move(missions)}});
}

Answer add(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(mission, mission_of(request));
  VEDETTE_TRY(made, services.core->database.write([&](db::Session& session) {
    auto id = imagery::add_mission(session, mission, services.core->clock.now());
    return id ? find(session, *id) : Result<imagery::Mission>(fail(std::move(id.error())));
  }));
  return answer(201, mission_json(made));
}

Answer show(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(mission, services.core->database.read([&](db::Session& session) {
    return find(session, request.param("id"));
  }));
  return answer(200, mission_json(mission));
}

Answer replace(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(mission, mission_of(request));
  mission.id = request.param("id");
  VEDETTE_TRY(made,
              services.core->database.write([&](db::Session& session) -> Result<imagery::Mission> {
                VEDETTE_CHECK(imagery::replace_mission(session, mission));
                return find(session, mission.id);
              }));
  return answer(200, mission_json(made));
}

Answer remove(const ImageryServices& services, const http::Request& request) {
  VEDETTE_CHECK(services.core->database.write(
      [&](db::Session& session) { return imagery::remove_mission(session, request.param("id")); }));
  return http::empty(204);
}

}  // namespace

void mount_missions(http::Router& router, const std::shared_ptr<const ImageryServices>& services) {
  router.get("/api/missions", handler(services, {}, list));
  router.post("/api/missions", handler(services, {}, add));
  router.get("/api/missions/{id}", handler(services, {}, show));
  router.put("/api/missions/{id}", handler(services, {}, replace));
  router.del("/api/missions/{id}", handler(services, {}, remove));
}

}  // namespace vedette::api
