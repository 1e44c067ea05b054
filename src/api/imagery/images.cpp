// Images as they are shown, tried again, cancelled and removed.
#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/imagery/image_json.hpp"
#include "api/imagery/routes.hpp"
#include "api/job_json.hpp"
#include "blob/store.hpp"
#include "db/database.hpp"
#include "imagery/analysis_store.hpp"
#include "imagery/bands.hpp"
#include "imagery/indices.hpp"
#include "work/job_queue.hpp"
#include "work/worker.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;

struct Whole {
  imagery::Image image;
  std::vector<imagery::StoredProduct> products;
  std::string analysis;
  std::optional<work::JobStatus> job;
};

Result<Whole> read_whole(db::Session& session, std::string_view id) {
  VEDETTE_TRY(image, imagery::find_image(session, id));
  if (!image) {
    return fail(
        ErrorCode::kNotFound,
        fmt::format("There is no image '{}'. GET /api/images lists them.", id.substr(0, 64)));
  }
  Whole whole{.image = std::move(*image), .products = {}, .analysis = {}, .job = {}};
  VEDETTE_TRY(made, imagery::products(session, id));
  whole.products = std::move(made);
  VEDETTE_TRY(analysis, imagery::analysis_json(session, id));
  whole.analysis = std::move(analysis);
  if (whole.image.job) {
    VEDETTE_TRY(job, work::job(session, *whole.image.job));
    whole.job = std::move(job);
  }
  return whole;
}

json::array products_json(const Whole& whole) {
  json::array all;
  for (const imagery::StoredProduct& one : whole.products) {
    all.push_back(json::object{
        {"name", one.name},
        {"kind", one.kind},
        {"index", text_or_null(one.index)},
        {"content_type", one.content_type},
        {"size", one.size},
        {"href", fmt::format("/api/images/{}/products/{}", whole.image.id, one.name)}});
  }
  return all;
}

json::object detail_json(const Whole& whole, const ImageryServices& services) {
  json::object body = image_record(whole.image);
  boost::system::error_code failed;
  json::value result = nullptr;
  if (!whole.analysis.empty()) result = json::parse(whole.analysis, failed);
  body["result"] = failed ? json::value(nullptr) : std::move(result);
  body["products"] = products_json(whole);
  body["band_choice"] = text_or_null(whole.image.band_choice);
  body["original"] = fmt::format("/api/images/{}/original", whole.image.id);
  body["job_status"] = nullptr;
  if (whole.job)
    body["job_status"] = job_json(*whole.job, services.core->jobs, *services.core->pace);
  return body;
}

// GET /api/images/{id}
Answer show(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(whole, services.core->database.read([&](db::Session& session) {
    return read_whole(session, request.param("id"));
  }));
  return answer(200, detail_json(whole, services));
}

/// A change of one image, and the image after it.
Answer change(const ImageryServices& services, const http::Request& request,
              const std::function<Result<void>(db::Session&, std::string_view)>& apply) {
  VEDETTE_TRY(whole, services.core->database.write([&](db::Session& session) -> Result<Whole> {
    VEDETTE_CHECK(apply(session, request.param("id")));
    return read_whole(session, request.param("id"));
  }));
  return answer(202, detail_json(whole, services));
}

Result<void> no_body(const http::Request& request) {
  if (request.body.empty()) return {};
  VEDETTE_TRY(object, object_of(request));
  return Fields(std::move(object)).nothing_left();
}

// POST /api/images/{id}/retry
Answer retry(const ImageryServices& services, const http::Request& request) {
  VEDETTE_CHECK(no_body(request));
  return change(services, request, imagery::retry_image);
}

// POST /api/images/{id}/process, as the original's page asks for an analysis: of one that waits or
// is worked on it is no second one. (The original stored invented figures here.)
Answer process(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(whole, services.core->database.write([&](db::Session& session) -> Result<Whole> {
    const std::string_view id = request.param("id");
    auto retried = imagery::retry_image(session, id);
    if (!retried && retried.error().code != ErrorCode::kConflict) {
      return fail(std::move(retried.error()));
    }
    return read_whole(session, id);
  }));
  return answer(200, detail_json(whole, services));
}

// POST /api/images/{id}/cancel
Answer cancel(const ImageryServices& services, const http::Request& request) {
  VEDETTE_CHECK(no_body(request));
  return change(services, request, imagery::cancel_image);
}

// PUT /api/images/{id}/mission
Answer move(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(object, object_of(request));
  Fields fields(std::move(object));
  VEDETTE_TRY(mission, fields.text("mission"));
  VEDETTE_CHECK(fields.nothing_left());
  return change(services, request, [&](db::Session& session, std::string_view id) {
    return imagery::move_image(session, id, mission);
  });
}

// {"sensor": "rededge"} or {"bands": ["red", "-", "nir"]}, as parse_band_choice() reads it; empty:
// what was said is taken back.
Result<std::string> band_choice_of(Fields& fields) {
  VEDETTE_TRY(sensor, fields.text("sensor"));
  VEDETTE_TRY(bands, fields.list("bands"));
  if (sensor && bands) {
    return fail(ErrorCode::kInvalid, "Either 'sensor' or 'bands', not both.", "bands");
  }
  std::string text = sensor.value_or("");
  if (bands) {
    for (const json::value& one : *bands) {
      if (!one.is_string()) {
        return fail(ErrorCode::kInvalid, "'bands' must be a list of names, '-' for none.", "bands");
      }
      text += (text.empty() ? "" : ",") + std::string(one.get_string());
    }
  }
  if (text.empty()) return text;
  auto read = imagery::parse_band_choice(text);
  if (!read) {
    return fail(ErrorCode::kInvalid, std::move(read.error().message), bands ? "bands" : "sensor");
  }
  return text;
}

// PUT /api/images/{id}/bands
Answer set_bands(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(object, object_of(request));
  Fields fields(std::move(object));
  VEDETTE_TRY(choice, band_choice_of(fields));
  VEDETTE_TRY(remember, fields.boolean("remember"));
  VEDETTE_CHECK(fields.nothing_left());
  return change(services, request, [&](db::Session& session, std::string_view id) -> Result<void> {
    VEDETTE_TRY(image, imagery::find_image(session, id));
    if (image && remember.value_or(false)) {
      if (image->camera.empty()) {
        return fail(ErrorCode::kConflict,
                    "It is not known yet which camera took this image: wait until it was analysed "
                    "once, or set its bands for itself alone.",
                    "remember");
      }
      VEDETTE_CHECK(
          imagery::set_camera_bands(session, image->camera, choice, services.core->clock.now()));
    }
    if (image) VEDETTE_CHECK(imagery::set_image_bands(session, id, choice));
    return imagery::retry_image(session, id);
  });
}

// DELETE /api/images/{id}
Answer remove(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(keys, services.core->database.write([&](db::Session& session) {
    return imagery::remove_image(session, request.param("id"));
  }));
  // Nobody names them any more; what cannot be removed now is swept.
  for (const std::string& key : keys) (void)services.blobs.remove(key);
  return http::empty(204);
}

std::string_view word(imagery::Needs needs) {
  switch (needs) {
    case imagery::Needs::kSameScale:
      return "same_scale";
    case imagery::Needs::kReflectance:
      return "reflectance";
    case imagery::Needs::kScaled:
      break;
  }
  return "scaled";
}

// GET /api/imagery
Answer about(const ImageryServices& services, const http::Request&) {
  json::array sensors;
  for (const imagery::Sensor& sensor : imagery::sensors()) {
    json::array bands;
    for (const std::string_view band : sensor.bands) {
      bands.push_back(text_or_null(band));
    }
    sensors.push_back(
        json::object{{"name", sensor.name}, {"title", sensor.title}, {"bands", std::move(bands)}});
  }
  json::array indices;
  const auto add = [&indices](const imagery::IndexDefinition& index, bool is_own) {
    indices.push_back(json::object{{"name", index.name},
                                   {"title", index.title},
                                   {"formula", index.formula},
                                   {"needs", word(index.needs)},
                                   {"low", or_null(index.low)},
                                   {"high", or_null(index.high)},
                                   {"source", text_or_null(index.source)},
                                   {"is_default", is_own || index.is_default},
                                   {"is_own", is_own}});
  };
  for (const imagery::IndexDefinition& index : imagery::index_table()) add(index, false);
  for (const imagery::IndexDefinition& index : services.indices) add(index, true);
  return answer(200, json::object{{"max_image_bytes", services.limits.image},
                                  {"max_request_bytes", services.limits.request},
                                  {"max_files", services.limits.files},
                                  {"sensors", std::move(sensors)},
                                  {"indices", std::move(indices)}});
}

}  // namespace

http::Response refuse_both(const Error& error, const http::Request& request, const Clock& clock) {
  http::Response response = refuse(error);
  boost::system::error_code failed;
  json::value body = json::parse(std::string(response.text()), failed);
  json::object* object = failed ? nullptr : body.if_object();
  if (object == nullptr) return response;
  (*object)["message"] = error.message;
  (*object)["details"] = nullptr;
  (*object)["timestamp"] = to_rfc3339(clock.now());
  (*object)["path"] = request.path;
  response.body = to_text(body);
  return response;
}

Result<imagery::Image> stored_image(const ImageryServices& services, const http::Request& request) {
  const std::string_view id = request.param("id");
  VEDETTE_TRY(image, services.core->database.read(
                         [&](db::Session& session) { return imagery::find_image(session, id); }));
  if (image) return std::move(*image);
  return fail(ErrorCode::kNotFound,
              fmt::format("There is no image '{}'. GET /api/images lists them.", id.substr(0, 64)));
}

void mount_images(http::Router& router, const std::shared_ptr<const ImageryServices>& services) {
  mount_image_list(router, services);
  router.get("/api/images/{id}", original_handler(services, {}, show));
  router.del("/api/images/{id}", original_handler(services, {}, remove),
             {.pool = http::PoolKind::kSlow});
  router.post("/api/images/{id}/retry", handler(services, {}, retry));
  router.post("/api/images/{id}/process", original_handler(services, {}, process));
  router.post("/api/images/{id}/cancel", handler(services, {}, cancel));
  router.put("/api/images/{id}/mission", handler(services, {}, move));
  router.put("/api/images/{id}/bands", handler(services, {}, set_bands));
  router.get("/api/imagery", handler(services, {}, about));
}

void mount_imagery(http::Router& router, const std::shared_ptr<const ImageryServices>& services) {
  mount_uploads(router, services);
  mount_images(router, services);
  mount_products(router, services);
  mount_tiles(router, services);
  mount_missions(router, services);
  mount_panels(router, services);
  mount_originals(router, services);
  mount_drone(router, services);
  mount_resumable(router, services);
}

}  // namespace vedette::api
