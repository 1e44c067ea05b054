// GET /api/traffic/current: who is in view.
#include "traffic/current.hpp"

#include <utility>

#include "api/answers.hpp"
#include "api/handlers.hpp"
#include "api/query.hpp"
#include "api/traffic/camera_json.hpp"
#include "api/traffic/filter_query.hpp"
#include "api/traffic/routes.hpp"
#include "db/database.hpp"
#include "traffic/kpi.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;

Answer current(const TrafficServices& services, const http::Request& request) {
  VEDETTE_TRY(filter, filter_of(request));
  VEDETTE_TRY(cameras, services.core->database.read([&](db::Session& session) {
    return traffic::current(session, filter);
  }));
  json::array list;
  for (const traffic::CurrentCamera& camera : cameras) list.push_back(current_json(camera));
  return answer(
      200, json::object{{"cameras", std::move(list)}, {"speed_reason", traffic::kNoSpeedReason}});
}

}  // namespace

void mount_current(http::Router& router, const std::shared_ptr<const TrafficServices>& services) {
  router.get("/api/traffic/current", handler(services, {"camera", "types"}, current));
}

}  // namespace vedette::api
