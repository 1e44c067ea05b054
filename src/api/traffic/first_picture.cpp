#include "api/traffic/first_picture.hpp"

#include <chrono>
#include <utility>

#include "media/frame_source.hpp"
#include "traffic/live_view.hpp"

namespace vedette::api {
namespace {

constexpr Micros kOpenTimeout = std::chrono::seconds{5};
constexpr Micros kReadTimeout = std::chrono::seconds{4};
constexpr int kWidth = 960;

}  // namespace

Result<std::string> first_picture(const std::string& source, const TrafficServices& services) {
  media::SourceOptions options;
  options.url = source;
  options.open_timeout = kOpenTimeout;
  options.read_timeout = kReadTimeout;
  options.file_folders = services.file_folders;
  options.any_certificate = services.any_certificate;
  VEDETTE_TRY(opened, media::open_source(options));
  auto frame = opened->next({});
  // Of a record, files that cannot be read are told one by one; the next one may do.
  for (int told = 1; told < opened->info().files; ++told) {
    if (frame || frame.error().code != ErrorCode::kCorrupt) break;
    frame = opened->next({});
  }
  if (!frame) return fail(std::move(frame.error()));
  if (!*frame) return fail(ErrorCode::kInvalid, "The file holds no picture. Choose another one.");
  traffic::LiveOptions picture;
  picture.max_width = kWidth;
  return traffic::render_picture(**frame, {}, traffic::Variant::kClean, picture);
}

}  // namespace vedette::api
