// The live picture of each camera on its way from the drawing thread to the viewers' connections.
// Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "http/stream.hpp"
#include "traffic/live_view.hpp"

namespace vedette::api {

class PictureTopics {
 public:
  /// The topic of a camera, made at the first call.
  std::shared_ptr<http::FrameTopic> topic(std::string_view camera_id);

  /// What traffic::LiveViews calls to reach the viewers of a camera. Must not outlive this object.
  traffic::PictureSink sink(std::string_view camera_id);

  /// Viewers of all cameras now.
  int viewers() const;

  /// Ends all streams.
  void close();

 private:
  mutable std::mutex topics_mutex_;
  std::map<std::string, std::shared_ptr<http::FrameTopic>, std::less<>> topics_;
};

}  // namespace vedette::api
