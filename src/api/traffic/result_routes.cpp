// What a counted recording left behind: GET /api/cameras/{id}/thumbnails and each of them, and its
// result as a document, export.csv and export.json.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/answers.hpp"
#include "api/handlers.hpp"
#include "api/object_body.hpp"
#include "api/traffic/camera_request.hpp"
#include "api/traffic/routes.hpp"
#include "blob/store.hpp"
#include "db/database.hpp"
#include "traffic/camera.hpp"
#include "traffic/objects.hpp"

namespace vedette::api {
namespace {

// Content that never changes under its address, for those who may see it.
constexpr std::string_view kForEver = "private, max-age=31536000, immutable";

// The digest of its content, as its key has it: thumbnails/9f/9f86d0....jpg.
std::string_view digest_in(std::string_view key) {
  key = key.substr(key.rfind('/') + 1);
  return key.substr(0, key.rfind('.'));
}

std::unexpected<Error> not_in_store(const TrafficServices& services, const traffic::Camera& camera,
                                    std::string_view what) {
  return fail(
      ErrorCode::kNotFound,
      fmt::format("The {} of '{}' is not in {}: it was deleted, or another machine keeps it "
                  "in a folder of its own (blob.bucket is one for all). Count it again.",
                  what, camera.name, services.blobs.place()));
}

Result<traffic::ResultObjects> thumbnails_of(const TrafficServices& services,
                                             std::string_view camera) {
  return services.core->database.read([&](db::Session& session) {
    return traffic::result_objects(session, camera, traffic::ObjectKind::kThumbnail);
  });
}

Result<http::Response> list(const TrafficServices& services, const http::Request& request) {
  VEDETTE_TRY(camera, stored_camera(services, request));
  VEDETTE_TRY(found, thumbnails_of(services, camera.id));
  json::array thumbnails;
  for (const traffic::ResultObject& one : found.objects) {
    thumbnails.push_back(json::object{
        {"t", to_rfc3339(found.base_time + one.media_time)},
        {"media_s", to_seconds(one.media_time)},
        {"url", fmt::format("/api/cameras/{}/thumbnails/{}", camera.id, digest_in(one.key))}});
  }
  return answer(200, json::object{{"thumbnails", std::move(thumbnails)}});
}

Result<http::Response> show(const TrafficServices& services, const http::Request& request) {
  VEDETTE_TRY(camera, stored_camera(services, request));
  VEDETTE_TRY(found, thumbnails_of(services, camera.id));
  const auto wanted = request.param("picture");
  const auto one = std::ranges::find_if(
      found.objects, [&](const auto& object) { return digest_in(object.key) == wanted; });
  if (one == found.objects.end()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("'{}' has no such thumbnail. Read the list again: a new result has "
                            "pictures of its own.",
                            camera.name));
  }
  VEDETTE_TRY(jpeg, traffic::read_picture(services.blobs, one->key));
  if (!jpeg) return not_in_store(services, camera, "thumbnail");
  return http::cached(http::CachedBody::make("image/jpeg", *std::move(jpeg), std::string(kForEver),
                                             http::CachedBody::Compress::kNever));
}

template <traffic::ObjectKind kKind>
Result<http::Response> export_as(const TrafficServices& services, const http::Request& request) {
  VEDETTE_TRY(camera, stored_camera(services, request));
  VEDETTE_TRY(key, services.core->database.read([&](db::Session& session) {
    return traffic::result_document(session, camera.id, kKind);
  }));
  if (!key) {
    return fail(ErrorCode::kNotFound,
                fmt::format("There is no export of '{}': it is written when a count of a recording "
                            "completes. Count it, or count it again.",
                            camera.name));
  }
  const std::string_view ending = std::string_view(*key).substr(key->rfind('.'));
  auto response = object_response(services.blobs, *key,
                                  {.content_type = traffic::content_type(kKind),
                                   .file_name = fmt::format("{}{}", camera.id, ending)});
  if (response || response.error().code != ErrorCode::kNotFound) return response;
  return not_in_store(services, camera, "export");
}

}  // namespace

void mount_results(http::Router& router, const std::shared_ptr<const TrafficServices>& services) {
  router.get("/api/cameras/{id}/thumbnails", handler(services, {}, list));
  router.get("/api/cameras/{id}/thumbnails/{picture}", handler(services, {}, show),
             {.pool = http::PoolKind::kSlow});
  router.get("/api/cameras/{id}/export.csv",
             handler(services, {}, export_as<traffic::ObjectKind::kCsv>),
             {.pool = http::PoolKind::kSlow});
  router.get("/api/cameras/{id}/export.json",
             handler(services, {}, export_as<traffic::ObjectKind::kJson>),
             {.pool = http::PoolKind::kSlow});
}

}  // namespace vedette::api
