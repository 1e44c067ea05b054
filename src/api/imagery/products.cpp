// The bytes of images: the original as it was sent, its preview, and the files that the analysis
// made.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "api/imagery/routes.hpp"
#include "api/object_body.hpp"
#include "blob/store.hpp"
#include "db/database.hpp"
#include "imagery/image_store.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;

Answer object_answer(const ImageryServices& services, const std::string& key,
                     std::string_view content_type, std::string_view what) {
  auto response = object_response(
      services.blobs, key,
      {.content_type = content_type, .cache_control = "private, no-cache", .file_name = {}});
  if (response || response.error().code != ErrorCode::kNotFound) return response;
  return fail(ErrorCode::kNotFound,
              fmt::format("{} is gone from {}.", what, services.blobs.place()));
}

// RFC 6266: a plain name for old clients, and the whole one.
std::string disposition(std::string_view kind, std::string_view name) {
  std::string plain;
  std::string encoded;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '%';
    plain += is_plain ? c : '_';
    const bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                         (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
    encoded += is_word ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return fmt::format("{}; filename=\"{}\"; filename*=UTF-8''{}", kind, plain, encoded);
}

Answer original_of(const ImageryServices& services, const imagery::Image& image) {
  if (image.blob_key.empty()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("The file of '{}' is not here: its row was taken over from another "
                            "program without it.",
                            image.original_name));
  }
  VEDETTE_TRY(response, object_answer(services, image.blob_key, image.mime_type,
                                      fmt::format("The file of '{}'", image.original_name)));
  response.set("content-disposition", disposition("inline", image.original_name));
  return std::move(response);
}

// GET /api/images/{id}/original
Answer original(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(image, stored_image(services, request));
  return original_of(services, image);
}

// GET /uploads/{filename}, as the original program served it
Answer upload_file(const ImageryServices& services, const http::Request& request) {
  const std::string_view filename = request.param("filename");
  VEDETTE_TRY(image, services.core->database.read([&](db::Session& session) {
    return imagery::find_image_by_filename(session, filename);
  }));
  if (!image) {
    return fail(ErrorCode::kNotFound,
                fmt::format("There is no upload '{}'.", filename.substr(0, 64)));
  }
  return original_of(services, *image);
}

std::unexpected<Error> not_made(const imagery::Image& image, std::string_view what) {
  switch (image.status) {
    case imagery::ImageStatus::kUploaded:
    case imagery::ImageStatus::kProcessing:
      return fail(ErrorCode::kNotFound,
                  fmt::format("There is no {} of '{}' yet: it has not been analysed.", what,
                              image.original_name));
    case imagery::ImageStatus::kFailed:
      return fail(ErrorCode::kNotFound, fmt::format("There is no {} of '{}': {}", what,
                                                    image.original_name, image.error));
    case imagery::ImageStatus::kCompleted:
      break;
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("There is no {} of '{}'. GET /api/images/{} lists what there is.", what,
                          image.original_name, image.id));
}

Answer product_answer(const ImageryServices& services, const imagery::Image& image,
                      const imagery::StoredProduct& product, bool is_download) {
  VEDETTE_TRY(response,
              object_answer(services, product.blob_key, product.content_type,
                            fmt::format("{} of '{}'", product.name, image.original_name)));
  const auto stem = image.original_name.substr(0, image.original_name.rfind('.'));
  response.set("content-disposition", disposition(is_download ? "attachment" : "inline",
                                                  fmt::format("{}_{}", stem, product.name)));
  return std::move(response);
}

// GET /api/images/{id}/preview
Answer preview(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(image, stored_image(services, request));
  VEDETTE_TRY(all, services.core->database.read(
                       [&](db::Session& session) { return imagery::products(session, image.id); }));
  for (const imagery::StoredProduct& one : all) {
    if (one.kind == "preview") return product_answer(services, image, one, false);
  }
  return not_made(image, "preview");
}

// GET /api/images/{id}/products/{name}
Answer product(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(image, stored_image(services, request));
  const std::string_view name = request.param("name");
  if (name.size() > 200 || name.find('\0') != std::string_view::npos) {
    return not_made(image, "such product");
  }
  VEDETTE_TRY(found, services.core->database.read([&](db::Session& session) {
    return imagery::find_product(session, image.id, name);
  }));
  if (!found) return not_made(image, fmt::format("product '{}'", name));
  const bool is_picture =
      found->content_type.starts_with("image/p") || found->content_type == "image/jpeg";
  return product_answer(services, image, *found, !is_picture);
}

}  // namespace

void mount_products(http::Router& router, const std::shared_ptr<const ImageryServices>& services) {
  const http::RouteOptions slow{.pool = http::PoolKind::kSlow};
  router.get("/api/images/{id}/original", handler(services, {}, original), slow);
  router.get("/api/images/{id}/preview", handler(services, {}, preview), slow);
  router.get("/api/images/{id}/products/{name}", handler(services, {}, product), slow);
  router.get("/uploads/{filename}", handler(services, {}, upload_file), slow);
}

}  // namespace vedette::api
