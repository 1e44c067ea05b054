#include "api/pictures.hpp"

#include <utility>

namespace vedette::api {

std::shared_ptr<http::FrameTopic> PictureTopics::topic(std::string_view camera_id) {
  const std::lock_guard lock(topics_mutex_);
  const auto known = topics_.find(camera_id);
  if (known != topics_.end()) return known->second;
  return topics_.emplace(camera_id, std::make_shared<http::FrameTopic>()).first->second;
}

traffic::PictureSink PictureTopics::sink(std::string_view camera_id) {
  const auto pictures = topic(camera_id);
  return {
      [pictures] { return pictures->viewers(); },
      [pictures](std::shared_ptr<const std::string> jpeg) { pictures->publish(std::move(jpeg)); },
      [pictures] { pictures->clear(); }};
}

int PictureTopics::viewers() const {
  const std::lock_guard lock(topics_mutex_);
  int total = 0;
  for (const auto& [id, topic] : topics_) total += topic->viewers();
  return total;
}

void PictureTopics::close() {
  const std::lock_guard lock(topics_mutex_);
  for (const auto& [id, topic] : topics_) topic->close();
}

}  // namespace vedette::api
