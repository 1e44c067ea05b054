#include "traffic/thumbnails.hpp"

#include <algorithm>
#include <utility>

#include "traffic/objects.hpp"

namespace vedette::traffic {

Thumbnails::Thumbnails(std::vector<StoredThumbnail> stored) {
  for (StoredThumbnail& one : stored) {
    pictures_.emplace(one.frame,
                      Picture{.media_time = one.media_time, .jpeg = {}, .key = std::move(one.key)});
  }
  // As far apart as they were taken.
  const auto lie_apart = [&](std::int64_t step) {
    return std::ranges::all_of(pictures_, [&](const auto& one) { return one.first % step == 0; });
  };
  while (pictures_.size() > 1 && lie_apart(2 * step_)) step_ *= 2;
  thin();
}

bool Thumbnails::wants(std::int64_t frame) const {
  return frame % step_ == 0 && !pictures_.contains(frame);
}

void Thumbnails::add(std::int64_t frame, Micros media_time, std::string jpeg) {
  pictures_.emplace(frame, Picture{.media_time = media_time, .jpeg = std::move(jpeg), .key = {}});
  thin();
}

void Thumbnails::thin() {
  while (pictures_.size() > kMost) {
    step_ *= 2;
    std::erase_if(pictures_, [&](const auto& one) {
      if (one.first % step_ == 0) return false;
      has_changed_ = has_changed_ || !one.second.key.empty();
      return true;
    });
  }
}

Result<void> Thumbnails::store(blob::Store& blobs, const std::stop_token& stop) {
  for (auto& [frame, picture] : pictures_) {
    if (!picture.key.empty()) continue;
    VEDETTE_TRY(key, put_object(blobs, ObjectKind::kThumbnail, picture.jpeg, stop));
    picture.key = std::move(key);
    picture.jpeg.clear();
    has_changed_ = true;
  }
  return {};
}

std::vector<StoredThumbnail> Thumbnails::stored() const {
  std::vector<StoredThumbnail> all;
  for (const auto& [frame, picture] : pictures_) {
    if (!picture.key.empty()) all.push_back({frame, picture.media_time, picture.key});
  }
  return all;
}

}  // namespace vedette::traffic
