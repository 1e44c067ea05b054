// What the handlers of the traffic room work with, and the functions that put them on a router.
// Made once by app/; everything in it outlives the server.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/core_services.hpp"

namespace vedette::blob {
class Store;
}
namespace vedette::traffic {
class LiveViews;
}

namespace vedette::api {

class ResponseCache;
class PictureTopics;
class RemotePictures;

/// A detector as the owner may choose it.
struct DetectorChoice {
  std::string name;
  bool is_motion = false;
  std::string licence;
  std::vector<std::string> labels;
  std::string problem;  // why it cannot be used; empty: it can
};

struct TrafficServices {
  std::shared_ptr<const CoreServices> core;
  traffic::LiveViews& live;
  blob::Store& blobs;
  PictureTopics& pictures;
  RemotePictures& remote_pictures;
  ResponseCache& history_cache;
  // As media::SourceOptions has them.
  std::vector<std::string> file_folders = {};
  bool any_certificate = false;
  std::function<std::vector<DetectorChoice>(std::vector<std::string>& notes)> detectors;
};

/// Everything of the room that people ask for: cameras, figures, detectors.
void mount_traffic(http::Router& router, const std::shared_ptr<const TrafficServices>& services);
/// The live picture and the snapshot of each camera, which other processes ask for too.
void mount_pictures(http::Router& router, const std::shared_ptr<const TrafficServices>& services);
/// The cameras' part of /metrics. Blocks on the database.
void measure_cameras(Families& all, db::Database& database);
/// The cameras' part of the notes of /api/status. Blocks on the database.
void note_cameras(std::vector<Note>& notes, db::Database& database);

}  // namespace vedette::api
