// Images come in: forms of one or many, raw bodies, and the question whether they are here already.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/imagery/gps_field.hpp"
#include "api/imagery/image_json.hpp"
#include "api/imagery/routes.hpp"
#include "api/imagery/upload_form.hpp"
#include "blob/store.hpp"
#include "db/database.hpp"
#include "http/body_stream.hpp"
#include "imagery/image_store.hpp"
#include "imagery/intake.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;

constexpr std::size_t kMostDigests = 1000;

/// One image of a request: stored, or refused.
struct Arrival {
  std::string name;
  imagery::TakenImage taken;
};
struct Refusal {
  std::string name;
  Error error;
};

/// What is stored and has no row yet: removed, unless the rows are written.
class Unnamed {
 public:
  explicit Unnamed(blob::Store& blobs) : blobs_(blobs) {}
  ~Unnamed() {
    // A try: what is left is swept.
    for (const std::string& key : keys_) (void)blobs_.remove(key);
  }
  Unnamed(const Unnamed&) = delete;
  Unnamed& operator=(const Unnamed&) = delete;

  void add(std::string key) { keys_.push_back(std::move(key)); }
  void keep(std::string_view key) { std::erase(keys_, key); }
  void keep_all() { keys_.clear(); }

 private:
  blob::Store& blobs_;
  std::vector<std::string> keys_;
};

/// What else came with the images.
struct Companion {
  std::optional<imagery::ImagePosition> position;
  std::optional<std::string> mission;
};

struct Accepted {
  imagery::Image image;
  bool is_new = false;
};

// Refused before anything is stored: without a database there would be no row.
Result<void> check_database(const ImageryServices& services) {
  return services.core->database.read([](db::Session& session) -> Result<void> {
    VEDETTE_CHECK(session.query("SELECT 1 FROM missions LIMIT 1"));
    return {};
  });
}

imagery::NewImage row_of(const ImageryServices& services, const Arrival& arrival,
                         const Companion& with) {
  imagery::NewImage image{.id = arrival.taken.id,
                          .filename = arrival.taken.filename,
                          .original_name = arrival.name,
                          .mime_type = arrival.taken.mime_type,
                          .file_size = arrival.taken.size,
                          .sha256 = arrival.taken.sha256,
                          .blob_key = arrival.taken.blob_key,
                          .mission = with.mission,
                          .position = with.position};
  if (!services.s3_base.empty()) image.s3_url = services.s3_base + arrival.taken.blob_key;
  return image;
}

// After a connection that was lost at the commit: the rows that are there.
Result<std::vector<Accepted>> look_for(const ImageryServices& services,
                                       const std::vector<Arrival>& arrivals) {
  return services.core->database.read([&](db::Session& session) -> Result<std::vector<Accepted>> {
    std::vector<Accepted> found;
    for (const Arrival& arrival : arrivals) {
      VEDETTE_TRY(image, imagery::find_image(session, arrival.taken.id));
      if (image) found.push_back({std::move(*image), true});
    }
    return found;
  });
}

/// All rows with their jobs, or none. `unnamed` is left with what nobody names.
Result<std::vector<Accepted>> add_rows(const ImageryServices& services,
                                       const std::vector<Arrival>& arrivals, const Companion& with,
                                       Unnamed& unnamed) {
  auto added =
      services.core->database.write([&](db::Session& session) -> Result<std::vector<Accepted>> {
        std::vector<Accepted> all;
        for (const Arrival& arrival : arrivals) {
          VEDETTE_TRY(one, imagery::add_image(session, row_of(services, arrival, with),
                                              services.core->clock.now()));
          VEDETTE_TRY(image, imagery::find_image(session, one.id));
          if (image) all.push_back({std::move(*image), one.is_new});
        }
        return all;
      });
  if (!added) {
    if (added.error().code != ErrorCode::kUnavailable) return fail(std::move(added.error()));
    auto found = look_for(services, arrivals);
    if (!found || found->empty()) {
      if (!found) unnamed.keep_all();  // nobody knows; the sweep will
      return fail(std::move(added.error()));
    }
    added = std::move(found);
  }
  for (const Accepted& one : *added) {
    if (one.is_new) unnamed.keep(one.image.blob_key);
  }
  return added;
}

json::object accepted_row(const Accepted& accepted) {
  json::object row = image_row(accepted.image);
  row["duplicate"] = !accepted.is_new;
  return row;
}

http::Response accepted_answer(int status, const std::vector<Accepted>& accepted,
                               const std::vector<Refusal>& refused) {
  json::object body = image_record(accepted.front().image);
  body["duplicate"] = !accepted.front().is_new;
  body["message"] = accepted.front().is_new
                        ? "Uploaded. The analysis begins as soon as a worker is free."
                        : "This image is here already; nothing was added.";
  json::array images;
  for (const Accepted& one : accepted) images.push_back(accepted_row(one));
  json::array refusals;
  for (const Refusal& one : refused) {
    refusals.push_back(json::object{
        {"name", one.name}, {"code", name(one.error.code)}, {"message", one.error.message}});
  }
  body["images"] = std::move(images);
  body["refused"] = std::move(refusals);
  return answer(status, body);
}

// Of one image: the others of the request may be good.
bool is_of_the_image(const Error& error) {
  return error.code == ErrorCode::kInvalid || error.code == ErrorCode::kUnsupported ||
         error.code == ErrorCode::kTooLarge;
}

Result<void> take_files(const ImageryServices& services, UploadForm& form, Unnamed& unnamed,
                        std::vector<Arrival>& arrivals, std::vector<Refusal>& refused) {
  for (;;) {
    VEDETTE_TRY(file, form.next_file());
    if (!file) return {};
    if (arrivals.size() + refused.size() >= static_cast<std::size_t>(services.limits.files)) {
      return fail(ErrorCode::kTooLarge, fmt::format("The form has more than {} files; send the "
                                                    "others in a request of their own.",
                                                    services.limits.files));
    }
    std::string shown = imagery::clean_file_name(file->file_name.value_or(""));
    auto taken = imagery::take_image(
        services.blobs, shown, [&form] { return form.read(); }, services.limits.image,
        services.core->clock.now());
    if (taken) {
      unnamed.add(taken->blob_key);
      arrivals.push_back({std::move(shown), std::move(*taken)});
    } else if (is_of_the_image(taken.error())) {
      refused.push_back({std::move(shown), std::move(taken.error())});
    } else {
      return fail(std::move(taken.error()));
    }
  }
}

Result<Companion> companion_of(const UploadForm& form) {
  Companion with;
  VEDETTE_TRY(position, read_gps(form.field("gps").value_or("")));
  with.position = std::move(position);
  auto mission = form.field("mission");
  if (!mission) mission = form.field("mission_id");
  if (mission && !mission->empty()) with.mission = std::string(*mission);
  return with;
}

// POST /api/upload, and POST /api/images as the original's page sends it
Answer upload(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(form, UploadForm::open(request, services.limits.files));
  VEDETTE_CHECK(check_database(services));
  Unnamed unnamed(services.blobs);
  std::vector<Arrival> arrivals;
  std::vector<Refusal> refused;
  VEDETTE_CHECK(take_files(services, form, unnamed, arrivals, refused));
  VEDETTE_TRY(with, companion_of(form));
  if (arrivals.empty()) {
    if (!refused.empty()) return fail(std::move(refused.front().error));
    return fail(ErrorCode::kInvalid,
                "No image file provided: send it as the form's field 'image', with a file name.",
                "image");
  }
  VEDETTE_TRY(accepted, add_rows(services, arrivals, with, unnamed));
  return accepted_answer(200, accepted, refused);
}

// PUT /api/images/{id}, where the id is the name of the file to be
Answer put(const ImageryServices& services, const http::Request& request) {
  Companion with;
  VEDETTE_TRY(position, read_gps(request.query("gps").value_or("")));
  with.position = std::move(position);
  if (const auto mission = request.query("mission"); mission && !mission->empty()) {
    with.mission = std::string(*mission);
  }
  VEDETTE_CHECK(check_database(services));
  bool is_given = false;
  const imagery::Pieces pieces = [&]() -> Result<std::string_view> {
    if (request.stream) return request.stream->read();
    return std::exchange(is_given, true) ? std::string_view() : std::string_view(request.body);
  };
  Arrival arrival{imagery::clean_file_name(request.param("id")), {}};
  VEDETTE_TRY(taken, imagery::take_image(services.blobs, arrival.name, pieces,
                                         services.limits.image, services.core->clock.now()));
  arrival.taken = std::move(taken);
  Unnamed unnamed(services.blobs);
  unnamed.add(arrival.taken.blob_key);
  VEDETTE_TRY(accepted, add_rows(services, {arrival}, with, unnamed));
  return accepted_answer(accepted.front().is_new ? 201 : 200, accepted, {});
}

bool is_digest(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// POST /api/images/check
Answer check(const ImageryServices& services, const http::Request& request) {
  VEDETTE_TRY(object, object_of(request));
  Fields fields(std::move(object));
  VEDETTE_TRY(list, fields.list("sha256"));
  VEDETTE_CHECK(fields.nothing_left());
  const auto wrong = [] {
    return fail(ErrorCode::kInvalid,
                fmt::format("'sha256' must be a list of 1 to {} digests, 64 small hexadecimal "
                            "digits each.",
                            kMostDigests),
                "sha256");
  };
  if (!list || list->empty() || list->size() > kMostDigests) return wrong();
  std::vector<std::string> digests;
  for (const json::value& one : *list) {
    if (!one.is_string() || !is_digest(std::string_view(one.get_string()))) return wrong();
    digests.emplace_back(one.get_string());
  }
  VEDETTE_TRY(known, services.core->database.read([&](db::Session& session) {
    return imagery::known_digests(session, digests);
  }));
  json::array here;
  for (const imagery::KnownDigest& one : known) {
    here.push_back(json::object{{"sha256", one.sha256}, {"id", one.id}});
  }
  return answer(200, json::object{{"known", std::move(here)}});
}

}  // namespace

void mount_uploads(http::Router& router, const std::shared_ptr<const ImageryServices>& services) {
  const http::RouteOptions streamed{
      .body_limit = static_cast<std::uint64_t>(services->limits.request),
      .body = http::BodyKind::kStream,
      .pool = http::PoolKind::kSlow};
  router.post("/api/upload", original_handler(services, {}, upload), streamed);
  router.post("/api/images", original_handler(services, {}, upload), streamed);
  router.put("/api/images/{id}", original_handler(services, {"gps", "mission"}, put), streamed);
  router.post("/api/images/check", handler(services, {}, check));
}

}  // namespace vedette::api
