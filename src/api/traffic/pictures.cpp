#include "api/traffic/pictures.hpp"

#include <algorithm>
#include <utility>

namespace vedette::api {
namespace {

std::size_t index_of(traffic::Variant variant) {
  return variant == traffic::Variant::kClean ? 0 : 1;
}

}  // namespace

PictureTopics::Variants PictureTopics::topics(std::string_view camera_id) {
  const std::lock_guard lock(topics_mutex_);
  const auto known = topics_.find(camera_id);
  if (known != topics_.end()) return known->second;
  forget_unused();
  return topics_.emplace(camera_id, Variants{}).first->second;
}

// Of cameras that were removed, or are watched elsewhere. With topics_mutex_ held: nobody can take
// a topic up meanwhile.
void PictureTopics::forget_unused() {
  std::erase_if(topics_, [](const auto& each) {
    return std::ranges::all_of(each.second, [](const Topics& to) {
      return to.shown.use_count() == 1 && to.own.use_count() == 1;
    });
  });
}

std::size_t PictureTopics::size() const {
  const std::lock_guard lock(topics_mutex_);
  return topics_.size();
}

std::shared_ptr<http::FrameTopic> PictureTopics::topic(std::string_view camera_id,
                                                       traffic::Variant variant) {
  return topics(camera_id)[index_of(variant)].shown;
}

std::shared_ptr<http::FrameTopic> PictureTopics::own_topic(std::string_view camera_id,
                                                           traffic::Variant variant) {
  return topics(camera_id)[index_of(variant)].own;
}

traffic::PictureSink PictureTopics::sink(std::string_view camera_id) {
  const Variants variants = topics(camera_id);
  return {[variants](traffic::Variant variant) {
            const Topics& to = variants[index_of(variant)];
            return to.shown->viewers() + to.own->viewers();
          },
          [variants](traffic::Variant variant, const std::shared_ptr<const std::string>& jpeg) {
            const Topics& to = variants[index_of(variant)];
            for (const auto& topic : {to.shown, to.own}) {
              if (topic->viewers() > 0) topic->publish(jpeg);
            }
          },
          [variants] {
            for (const Topics& to : variants) {
              to.shown->clear();
              to.own->clear();
              to.own->close();
            }
          }};
}

std::vector<std::pair<std::string, traffic::Variant>> PictureTopics::looked_at() const {
  const std::lock_guard lock(topics_mutex_);
  std::vector<std::pair<std::string, traffic::Variant>> pictures;
  for (const auto& [id, variants] : topics_) {
    for (const traffic::Variant variant : traffic::kVariants) {
      if (variants[index_of(variant)].shown->viewers() > 0) pictures.emplace_back(id, variant);
    }
  }
  return pictures;
}

int PictureTopics::viewers() const {
  const std::lock_guard lock(topics_mutex_);
  int total = 0;
  for (const auto& [id, variants] : topics_) {
    for (const Topics& to : variants) total += to.shown->viewers() + to.own->viewers();
  }
  return total;
}

void PictureTopics::close() {
  const std::lock_guard lock(topics_mutex_);
  for (const auto& [id, variants] : topics_) {
    for (const Topics& to : variants) {
      to.shown->close();
      to.own->close();
    }
  }
}

}  // namespace vedette::api
