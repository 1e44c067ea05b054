// GET /api/traffic/quality: what was not seen, and what was noticed.
#include "traffic/quality.hpp"

#include <utility>

#include "api/answers.hpp"
#include "api/handlers.hpp"
#include "api/query.hpp"
#include "api/traffic/filter_query.hpp"
#include "api/traffic/routes.hpp"
#include "db/database.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;

Answer quality(const TrafficServices& services, const http::Request& request) {
  VEDETTE_TRY(filter, filter_of(request));
  VEDETTE_TRY(limit, limit_of(request));
  VEDETTE_TRY(before, record_cursor(request));
  VEDETTE_TRY(
      page, traffic::quality(services.core->database, filter, limit, before.first, before.second));
  const Instant now = services.core->clock.now();
  json::array list;
  for (const traffic::QualityIssue& issue : page.issues) {
    const bool is_gap = issue.to != issue.from;
    json::value missing = nullptr;
    if (is_gap)
      missing = rounded(to_seconds(issue.to.value_or(std::max(now, issue.from)) - issue.from), 10);
    list.push_back(json::object{{"id", issue.id},
                                {"camera_id", issue.camera_id},
                                {"issue", issue.issue},
                                {"cause", or_null(issue.cause)},
                                {"from", to_rfc3339(issue.from)},
                                {"to", or_null(issue.to)},
                                {"missing_s", std::move(missing)}});
  }
  json::value next = nullptr;
  if (page.has_more)
    next =
        make_cursor({to_rfc3339(page.issues.back().from), std::to_string(page.issues.back().id)});
  return answer(200, json::object{{"issues", std::move(list)}, {"next", std::move(next)}});
}

}  // namespace

void mount_quality(http::Router& router, const std::shared_ptr<const TrafficServices>& services) {
  router.get("/api/traffic/quality",
             handler(services, {"camera", "from", "to", "limit", "cursor"}, quality));
}

}  // namespace vedette::api
