#include "api/traffic/pictures.hpp"

#include <utility>

namespace vedette::api {

PictureTopics::Topics PictureTopics::topics(std::string_view camera_id) {
  const std::lock_guard lock(topics_mutex_);
  const auto known = topics_.find(camera_id);
  if (known != topics_.end()) return known->second;
  return topics_.emplace(camera_id, Topics{}).first->second;
}

std::shared_ptr<http::FrameTopic> PictureTopics::topic(std::string_view camera_id) {
  return topics(camera_id).shown;
}

std::shared_ptr<http::FrameTopic> PictureTopics::own_topic(std::string_view camera_id) {
  return topics(camera_id).own;
}

traffic::PictureSink PictureTopics::sink(std::string_view camera_id) {
  const Topics to = topics(camera_id);
  return {[to] { return to.shown->viewers() + to.own->viewers(); },
          [to](const std::shared_ptr<const std::string>& jpeg) {
            for (const auto& topic : {to.shown, to.own}) {
              if (topic->viewers() > 0) topic->publish(jpeg);
            }
          },
          [to] {
            to.shown->clear();
            to.own->clear();
            to.own->close();
          }};
}

std::vector<std::string> PictureTopics::looked_at() const {
  const std::lock_guard lock(topics_mutex_);
  std::vector<std::string> cameras;
  for (const auto& [id, topics] : topics_) {
    if (topics.shown->viewers() > 0) cameras.push_back(id);
  }
  return cameras;
}

int PictureTopics::viewers() const {
  const std::lock_guard lock(topics_mutex_);
  int total = 0;
  for (const auto& [id, topics] : topics_) total += topics.shown->viewers() + topics.own->viewers();
  return total;
}

void PictureTopics::close() {
  const std::lock_guard lock(topics_mutex_);
  for (const auto& [id, topics] : topics_) {
    topics.shown->close();
    topics.own->close();
  }
}

}  // namespace vedette::api
