#include "traffic/count_objects.hpp"

#include <utility>

#include "traffic/live_view.hpp"
#include "traffic/objects.hpp"

namespace vedette::traffic {
namespace {

constexpr int kStillWidth = 960;
constexpr int kThumbnailWidth = 240;

Result<std::string> picture(const media::Frame& frame, int width) {
  LiveOptions options;
  options.max_width = width;
  return render_picture(frame, {}, Variant::kClean, options);
}

}  // namespace

Result<std::string> thumbnail(const media::Frame& frame) {
  return picture(frame, kThumbnailWidth);
}

Result<void> store_objects(const Counted& counted, blob::Store& blobs, const std::stop_token& stop,
                           const std::function<void()>& alive, ResultFacts& facts) {
  Result<void> drawn;  // a picture that cannot be drawn keeps nothing else back
  if (counted.last_frame) {
    auto jpeg = picture(*counted.last_frame, kStillWidth);
    if (!jpeg) drawn = fail(std::move(jpeg.error()));
    if (jpeg) {
      VEDETTE_TRY(key, put_object(blobs, ObjectKind::kStill, std::move(*jpeg), stop));
      facts.still = std::move(key);
      alive();
    }
  }
  auto thumbnails = counted.thumbnails.store(blobs, stop);
  for (StoredThumbnail& one : counted.thumbnails.stored())
    facts.objects.push_back({ObjectKind::kThumbnail, one.media_time, std::move(one.key)});
  if (!thumbnails) return thumbnails;
  alive();
  std::string text = export_csv(counted.camera, counted.result, counted.told);
  VEDETTE_TRY(csv, put_object(blobs, ObjectKind::kCsv, std::move(text), stop));
  alive();
  text = export_json(counted.camera, counted.result, counted.told);
  VEDETTE_TRY(json, put_object(blobs, ObjectKind::kJson, std::move(text), stop));
  alive();
  // One of the two alone would be half of what is promised.
  facts.objects.push_back({ObjectKind::kCsv, Micros{0}, std::move(csv)});
  facts.objects.push_back({ObjectKind::kJson, Micros{0}, std::move(json)});
  return drawn;
}

}  // namespace vedette::traffic
