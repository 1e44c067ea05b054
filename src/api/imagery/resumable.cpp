// Uploads that may be interrupted for days: tus 1.0, core with creation and termination.
#include "api/imagery/resumable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <utility>
#include <vector>

#include "api/imagery/gps_field.hpp"
#include "api/imagery/routes.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "blob/store.hpp"
#include "db/database.hpp"
#include "http/body_stream.hpp"
#include "http/field_text.hpp"
#include "imagery/image_store.hpp"
#include "imagery/intake.hpp"
#include "imagery/local_object.hpp"
#include "imagery/missions.hpp"
#include "imagery/upload_store.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;

constexpr std::string_view kVersion = "1.0.0";
constexpr std::size_t kMostMetadata = 8192;
constexpr std::size_t kPiece = std::size_t{1} << 20;

int digit_of(char c) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto place = kDigits.find(c);
  return place == std::string_view::npos ? -1 : static_cast<int>(place);
}

std::unexpected<Error> wrong(std::string_view field, std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message), std::string(field));
}

Result<std::int64_t> number_field(const http::Request& request, std::string_view name) {
  const auto text = request.header(name);
  const auto value =
      text ? whole_number(*text, 0, std::numeric_limits<std::int64_t>::max()) : std::nullopt;
  if (!value)
    return wrong(name, fmt::format("The header field '{}' must be a whole number.", name));
  return *value;
}

Result<imagery::PartialUpload> stored_upload(const ImageryServices& services,
                                             const http::Request& request) {
  const std::string_view id = request.param("upload");
  VEDETTE_TRY(upload, services.core->database.read(
                          [&](db::Session& session) { return imagery::find_upload(session, id); }));
  if (upload) return std::move(*upload);
  return fail(ErrorCode::kNotFound,
              fmt::format("There is no upload '{}': it was never begun, ended long ago, or was "
                          "given up. Begin it anew with POST /api/uploads.",
                          id.substr(0, 64)));
}

Result<imagery::PartialUpload> upload_of(const http::Request& request) {
  imagery::PartialUpload upload;
  upload.id = new_uuid();
  const auto field = request.header("upload-metadata").value_or("");
  auto metadata = field.size() <= kMostMetadata ? read_upload_metadata(field) : std::nullopt;
  if (!metadata) {
    return wrong("upload-metadata",
                 "The header field 'Upload-Metadata' must be names with values in base64, by "
                 "commas, at most 8 KiB.");
  }
  const auto take = [&](std::string_view name) {
    const auto found = metadata->find(name);
    return found == metadata->end() ? std::string() : found->second;
  };
  upload.name =
      imagery::clean_file_name(take("filename").empty() ? take("name") : take("filename"));
  upload.gps = take("gps");
  VEDETTE_CHECK(read_gps(upload.gps));
  if (const std::string mission = take("mission"); !mission.empty()) upload.mission = mission;
  return upload;
}

// POST /api/uploads
Answer begin(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(size, number_field(request, "upload-length"));
  if (size > services.limits.image) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("The image is larger than {} MiB, the most that is taken "
                            "(imagery.max_image).",
                            services.limits.image >> 20));
  }
  if (size == 0) return wrong("upload-length", "An empty file is no image.");
  VEDETTE_TRY(upload, upload_of(request));
  upload.size = size;
  VEDETTE_CHECK(services.core->database.write([&](db::Session& session) -> Result<void> {
    if (upload.mission) {
      VEDETTE_TRY(mission, imagery::find_mission(session, *upload.mission));
      if (!mission) {
        return fail(ErrorCode::kNotFound,
                    fmt::format("There is no mission '{}'. GET /api/missions lists them.",
                                upload.mission->substr(0, 64)));
      }
    }
    return imagery::add_upload(session, upload, services.core->clock.now());
  }));
  http::Response response = http::empty(201);
  response.set("location", "/api/uploads/" + upload.id);
  response.set("upload-offset", "0");
  return response;
}

// GET and HEAD /api/uploads/{upload}
Answer show(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(upload, stored_upload(services, request));
  http::Response response = answer(200, json::object{{"id", upload.id},
                                                     {"name", upload.name},
                                                     {"size", upload.size},
                                                     {"offset", upload.received},
                                                     {"image", or_null(upload.image)}});
  response.set("upload-offset", fmt::to_string(upload.received));
  response.set("upload-length", fmt::to_string(upload.size));
  response.set("cache-control", "no-store");
  return response;
}

/// What a client sends before it ends, or goes away: what has come is kept.
class Arriving {
 public:
  Arriving(const http::Request& request, std::int64_t most) : request_(request), most_(most) {}

  Result<std::size_t> read(std::span<char> room) {
    if (rest_.empty() && !is_over_) VEDETTE_CHECK(take_next());
    const auto piece = rest_.substr(0, room.size());
    rest_.remove_prefix(piece.size());
    size_ += static_cast<std::int64_t>(piece.size());
    if (size_ > most_) {
      return fail(ErrorCode::kTooLarge, "More bytes came than the upload's length says.");
    }
    std::ranges::copy(piece, room.begin());
    return piece.size();
  }

  std::int64_t size() const { return size_; }

 private:
  Result<void> take_next() {
    if (!request_.stream) {
      rest_ = request_.body;
      is_over_ = true;
      return {};
    }
    auto piece = request_.stream->read();
    const bool is_gone = !piece && piece.error().code != ErrorCode::kTooLarge && size_ > 0;
    if (!piece && !is_gone) return fail(std::move(piece.error()));
    rest_ = is_gone ? std::string_view() : *piece;
    is_over_ = rest_.empty();
    return {};
  }

  const http::Request& request_;
  const std::int64_t most_;
  std::string_view rest_;
  std::int64_t size_ = 0;
  bool is_over_ = false;
};

/// The bytes of an upload, part after part.
class Parts {
 public:
  Parts(const ImageryServices& services, std::vector<imagery::UploadPart> parts)
      : services_(services), parts_(std::move(parts)), piece_(kPiece) {}

  Result<std::string_view> next() {
    while (true) {
      if (in_.is_open()) {
        in_.read(piece_.data(), static_cast<std::streamsize>(piece_.size()));
        const auto got = static_cast<std::size_t>(in_.gcount());
        if (got > 0) return std::string_view(piece_.data(), got);
        if (!in_.eof()) {
          return fail(ErrorCode::kUnavailable, "A part of the upload cannot be read back.");
        }
        in_.close();
        ++at_;
      }
      if (at_ == parts_.size()) return std::string_view();
      VEDETTE_TRY(local, imagery::LocalObject::fetch(services_.blobs, parts_[at_].blob_key,
                                                     services_.scratch));
      in_.clear();
      in_.open(local.path(), std::ios::binary);
      if (!in_.is_open()) {
        return fail(ErrorCode::kUnavailable, "A part of the upload cannot be read back.");
      }
    }
  }

 private:
  const ImageryServices& services_;
  const std::vector<imagery::UploadPart> parts_;
  std::vector<char> piece_;
  std::size_t at_ = 0;
  std::ifstream in_;
};

// All is here: it becomes an image. Done again where it was interrupted.
Result<std::string> finish(const ImageryServices& services, const imagery::PartialUpload& upload) {
  db::Database& database = services.core->database;
  VEDETTE_TRY(stored,
              database.read([&](db::Session& s) { return imagery::upload_parts(s, upload.id); }));
  Parts parts(services, std::move(stored));
  auto taken = imagery::take_image(
      services.blobs, upload.name, [&parts] { return parts.next(); }, services.limits.image,
      services.core->clock.now());
  if (!taken) {
    // What is no image will not become one.
    if (taken.error().code == ErrorCode::kUnsupported) {
      auto keys = database.write(
          [&](db::Session& session) { return imagery::remove_upload(session, upload.id); });
      if (keys) {
        for (const std::string& key : *keys) (void)services.blobs.remove(key);
      }
    }
    return fail(std::move(taken.error()));
  }
  VEDETTE_TRY(position, read_gps(upload.gps));
  struct Ended {
    imagery::AddedImage image;
    std::vector<std::string> keys;
  };
  auto ended = database.write([&](db::Session& session) -> Result<Ended> {
    imagery::NewImage image{.id = taken->id,
                            .filename = taken->filename,
                            .original_name = upload.name,
                            .mime_type = taken->mime_type,
                            .file_size = taken->size,
                            .sha256 = taken->sha256,
                            .blob_key = taken->blob_key,
                            .mission = upload.mission,
                            .position = position};
    if (!services.s3_base.empty()) image.s3_url = services.s3_base + taken->blob_key;
    VEDETTE_TRY(added, imagery::add_image(session, image, services.core->clock.now()));
    VEDETTE_TRY(keys, imagery::end_upload(session, upload.id, added.id));
    return Ended{added, std::move(keys)};
  });
  if (!ended) {
    // With the connection lost at the commit nobody knows whose the object is; the sweep will.
    if (ended.error().code != ErrorCode::kUnavailable) {
      (void)services.blobs.remove(taken->blob_key);
    }
    return fail(std::move(ended.error()));
  }
  if (!ended->image.is_new) (void)services.blobs.remove(taken->blob_key);
  for (const std::string& key : ended->keys) (void)services.blobs.remove(key);
  return std::move(ended->image.id);
}

// Stores what comes as the next part.
Result<void> take_part(const ImageryServices& services, const http::Request& request,
                       imagery::PartialUpload& upload) {
  Arriving arriving(request, upload.size - upload.received);
  const std::string key =
      fmt::format("fields/uploads/{}/{:015}-{}", upload.id, upload.received, random_hex(4));
  blob::Source source{.size = {},
                      .read = [&arriving](std::span<char> room) { return arriving.read(room); },
                      .file = {}};
  VEDETTE_CHECK(services.blobs.put(key, std::move(source), {}));
  const imagery::UploadPart part{upload.received, arriving.size(), key};
  if (part.size == 0) {
    (void)services.blobs.remove(key);
    return {};
  }
  auto added = services.core->database.write([&](db::Session& session) {
    return imagery::add_part(session, upload.id, part, services.core->clock.now());
  });
  if (!added) {
    if (added.error().code != ErrorCode::kUnavailable) (void)services.blobs.remove(key);
    return added;
  }
  upload.received += part.size;
  return {};
}

// PATCH /api/uploads/{upload}
Answer go_on(const ImageryServices& services, const http::Request& request) {
  if (!equals_ignoring_case(http::media_type(request.header("content-type").value_or("")),
                            "application/offset+octet-stream")) {
    return fail(ErrorCode::kUnsupported,
                "A part of an upload is sent as application/offset+octet-stream.");
  }
  VEDETTE_TRY(offset, number_field(request, "upload-offset"));
  VEDETTE_TRY(upload, stored_upload(services, request));
  if (offset != upload.received) {
    return fail(
        ErrorCode::kConflict,
        fmt::format("The upload is at {} bytes, not at {}: go on there.", upload.received, offset),
        "upload-offset");
  }
  if (upload.received < upload.size) VEDETTE_CHECK(take_part(services, request, upload));
  http::Response response = http::empty(204);
  response.set("upload-offset", fmt::to_string(upload.received));
  if (upload.received < upload.size) return response;
  if (!upload.image) {
    VEDETTE_TRY(image, finish(services, upload));
    upload.image = std::move(image);
  }
  response.set("vedette-image", *upload.image);
  return response;
}

// DELETE /api/uploads/{upload}
Answer give_up(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(keys, services.core->database.write([&](db::Session& session) {
    return imagery::remove_upload(session, request.param("upload"));
  }));
  for (const std::string& key : keys) (void)services.blobs.remove(key);
  return http::empty(204);
}

Answer other_version() {
  http::Response refusal = http::error(
      ErrorCode::kInvalid,
      "Resumable uploads are tus 1.0.0: send the header field 'Tus-Resumable: 1.0.0'. Without it "
      "POST /api/upload takes images too.");
  refusal.status = 412;
  refusal.set("tus-version", kVersion);
  return refusal;
}

/// handler() for those who speak the protocol; GET alone may be anybody's.
template <class F>
http::Handler spoken_handler(const std::shared_ptr<const ImageryServices>& services,
                             bool is_version_needed, F function) {
  http::Handler inner = handler(
      services, {},
      [is_version_needed, function](const ImageryServices& all,
                                    const http::Request& request) -> Answer {
        const bool is_other = is_version_needed && request.header("tus-resumable") != kVersion;
        return is_other ? other_version() : function(all, request);
      });
  return [inner = std::move(inner)](const http::Request& request) -> http::Response {
    http::Response response = inner(request);
    response.set("tus-resumable", kVersion);
    return response;
  };
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const int digit = digit_of(c);
    if (digit < 0) return std::nullopt;
    held = (held << 6U | static_cast<std::uint32_t>(digit)) & 0xffffU;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(held >> static_cast<unsigned>(bits) & 0xffU);
    }
  }
  return bytes;
}

std::optional<std::map<std::string, std::string, std::less<>>> read_upload_metadata(
    std::string_view field) {
  std::map<std::string, std::string, std::less<>> pairs;
  while (!field.empty()) {
    const std::string_view pair = trim(cut(field, ','));
    const auto blank = std::min(pair.find(' '), pair.size());
    const std::string_view name = pair.substr(0, blank);
    auto value = decode_base64(trim(pair.substr(blank)));
    if (name.empty() || !value || !is_clean_utf8(*value)) return std::nullopt;
    if (!pairs.emplace(name, std::move(*value)).second) return std::nullopt;
  }
  return pairs;
}

void mount_resumable(http::Router& router, const std::shared_ptr<const ImageryServices>& services) {
  const http::RouteOptions streamed{
      .body_limit = static_cast<std::uint64_t>(services->limits.image),
      .body = http::BodyKind::kStream,
      .pool = http::PoolKind::kSlow};
  router.post("/api/uploads", spoken_handler(services, true, begin),
              {.body_limit = 1024, .body = http::BodyKind::kAny});
  router.get("/api/uploads/{upload}", spoken_handler(services, false, show));
  router.patch("/api/uploads/{upload}", spoken_handler(services, true, go_on), streamed);
  router.del("/api/uploads/{upload}", spoken_handler(services, true, give_up),
             {.pool = http::PoolKind::kSlow});
}

}  // namespace vedette::api
