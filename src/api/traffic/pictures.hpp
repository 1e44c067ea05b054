// The live picture of each camera on its way to the viewers' connections: from this process's
// drawing thread, or from the process that watches it. Thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/stream.hpp"
#include "traffic/live_view.hpp"

namespace vedette::api {

class PictureTopics {
 public:
  /// What people here look at, whoever watches the camera; made at the first call, and forgotten
  /// when nobody shows or sees it any more and another one is made.
  std::shared_ptr<http::FrameTopic> topic(std::string_view camera_id, traffic::Variant variant);
  /// What other processes take from here: only pictures made here, so that none goes in a circle.
  /// Its streams end when this process no longer watches the camera.
  std::shared_ptr<http::FrameTopic> own_topic(std::string_view camera_id, traffic::Variant variant);

  /// What traffic::LiveViews calls to reach the viewers of a camera. Must not outlive this object.
  traffic::PictureSink sink(std::string_view camera_id);

  /// Pictures that somebody here looks at now, not counting other processes.
  std::vector<std::pair<std::string, traffic::Variant>> looked_at() const;

  /// Viewers of all cameras now; another process is one.
  int viewers() const;

  /// Cameras that are kept; for tests.
  std::size_t size() const;

  /// Ends all streams.
  void close();

 private:
  struct Topics {
    std::shared_ptr<http::FrameTopic> shown = std::make_shared<http::FrameTopic>();
    std::shared_ptr<http::FrameTopic> own = std::make_shared<http::FrameTopic>();
  };
  using Variants = std::array<Topics, traffic::kVariants.size()>;
  Variants topics(std::string_view camera_id);
  void forget_unused();

  mutable std::mutex topics_mutex_;
  std::map<std::string, Variants, std::less<>> topics_;
};

}  // namespace vedette::api
