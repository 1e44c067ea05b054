// What clients of the original crop platform ask beside images: its Flask server's rows, its Node
// server's statistics.
#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "api/imagery/image_json.hpp"
#include "api/imagery/routes.hpp"
#include "db/database.hpp"
#include "imagery/image_list.hpp"
#include "imagery/image_statistics.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;

constexpr int kNewest = 100;

// A row of images joined with its position and its figures, as the Flask server gave it.
json::object data_row(const imagery::Image& image) {
  json::object row{{"id", image.id},
                   {"filename", image.filename},
                   {"original_name", image.original_name},
                   {"file_path", "/uploads/" + image.filename},
                   {"s3_url", or_null(image.s3_url)},
                   {"uploaded_at", to_rfc3339(image.uploaded_at)},
                   {"processed_at", or_null(image.processed_at)},
                   {"processing_status", imagery::name(image.status)},
                   {"latitude", nullptr},
                   {"longitude", nullptr},
                   {"altitude", nullptr},
                   {"ndvi_mean", nullptr},
                   {"savi_mean", nullptr},
                   {"gndvi_mean", nullptr},
                   {"health_score", nullptr},
                   {"health_status", nullptr},
                   {"summary", nullptr}};
  if (image.position) {
    row["latitude"] = image.position->latitude;
    row["longitude"] = image.position->longitude;
    row["altitude"] = or_null(image.position->altitude);
  }
  if (image.figures) {
    row["ndvi_mean"] = or_null(image.figures->ndvi.mean);
    row["savi_mean"] = or_null(image.figures->savi.mean);
    row["gndvi_mean"] = or_null(image.figures->gndvi.mean);
    row["health_score"] = or_null(image.figures->health_score);
    row["health_status"] = text_or_null(image.figures->health_status);
    row["summary"] = text_or_null(image.figures->summary);
  }
  return row;
}

// GET /api/data
Answer data(const ImageryServices& services, const http::Request& request) {
  json::array rows;
  if (const auto id = request.query("image_id")) {
    VEDETTE_TRY(image, services.core->database.read([&](db::Session& session) {
      return imagery::find_image(session, *id);
    }));
    if (!image) {
      return fail(ErrorCode::kNotFound, fmt::format("There is no image '{}'.", id->substr(0, 64)));
    }
    rows.push_back(data_row(*image));
  } else {
    VEDETTE_TRY(images, services.core->database.read([](db::Session& session) {
      return imagery::images_at(session, {}, {}, kNewest, 0);
    }));
    for (const imagery::Image& image : images) rows.push_back(data_row(image));
  }
  return answer(200, rows);
}

// GET /api/health, which clients of both its servers ask before they send anything.
Answer health(const ImageryServices& services, const http::Request&) {
  const bool is_reachable = services.core->database.state().reachable;
  return answer(200, json::object{{"status", "ok"},
                                  {"service", "vedette"},
                                  {"database", is_reachable ? "connected" : "disconnected"},
                                  {"gndviColumns", true}});
}

// GET /api/ml/status: there is no model, and nothing is posed as one.
Answer model_status(const ImageryServices& services, const http::Request&) {
  return answer(200, json::object{{"model_available", false},
                                  {"model_type", nullptr},
                                  {"model_path", nullptr},
                                  {"model_version", nullptr},
                                  {"is_demo", false},
                                  {"channels", nullptr},
                                  {"last_check", to_rfc3339(services.core->clock.now())},
                                  {"worker_config", json::object{}}});
}

// GET /api/ml/recent
Answer model_recent(const ImageryServices&, const http::Request&) {
  return answer(
      200, json::object{
               {"predictions", json::array{}}, {"count", 0}, {"available_fields", json::array{}}});
}

// GET /api/statistics
Answer statistics(const ImageryServices& services, const http::Request&) {
  const Instant now = services.core->clock.now();
  VEDETTE_TRY(all, services.core->database.read([&](db::Session& session) {
    return imagery::image_statistics(session, now - std::chrono::hours(24));
  }));
  json::object health;
  for (const auto& [status, count] : all.by_health) health[status] = count;
  return answer(200, json::object{{"totalImages", all.counts.total()},
                                  {"analyzed", all.analyzed},
                                  {"byStatus",
                                   {{"uploaded", all.counts.uploaded},
                                    {"processing", all.counts.processing},
                                    {"completed", all.counts.completed},
                                    {"failed", all.counts.failed}}},
                                  {"averageMetrics",
                                   {{"ndvi", or_null(all.ndvi)},
                                    {"savi", or_null(all.savi)},
                                    {"gndvi", or_null(all.gndvi)},
                                    {"healthScore", or_null(all.health_score)},
                                    {"confidence", or_null(all.confidence)}}},
                                  {"healthStatusDistribution", std::move(health)},
                                  {"recentActivity", all.recent},
                                  {"withGps", all.with_position},
                                  {"timestamp", to_rfc3339(now)}});
}

}  // namespace

void mount_originals(http::Router& router, const std::shared_ptr<const ImageryServices>& services) {
  router.get("/api/data", original_handler(services, {"image_id"}, data));
  router.get("/api/health", original_handler(services, {}, health));
  router.get("/api/ml/status", original_handler(services, {}, model_status));
  router.get("/api/ml/recent", original_handler(services, {"limit"}, model_recent));
  router.get("/api/statistics", original_handler(services, {}, statistics));
}

}  // namespace vedette::api
