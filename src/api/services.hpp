// What the API's handlers work with, and the functions that put them on a router, one per file.
// Made once by app/; everything in it outlives the server. Handlers run on the server's pool and
// may block on the database.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "http/router.hpp"
#include "http/server.hpp"
#include "http/sse.hpp"

namespace vedette::db {
class Database;
}
namespace vedette::work {
class Supervisor;
struct LeaseOptions;
}  // namespace vedette::work
namespace vedette::traffic {
class LiveViews;
}

namespace vedette::api {

class ResponseCache;
class PictureTopics;
class RemotePictures;

/// The channel on which a loop's name asks its process to end the loop's wait.
inline constexpr std::string_view kWakeChannel = "wake";

/// A detector as the owner may choose it.
struct DetectorChoice {
  std::string name;
  bool is_motion = false;
  std::string licence;
  std::vector<std::string> labels;
  std::string problem;  // why it cannot be used; empty: it can
};

struct Services {
  db::Database* database = nullptr;
  work::Supervisor* supervisor = nullptr;
  traffic::LiveViews* live = nullptr;
  PictureTopics* pictures = nullptr;
  RemotePictures* remote_pictures = nullptr;
  http::SseHub* events = nullptr;
  ResponseCache* history_cache = nullptr;
  const Clock* clock = nullptr;
  std::string version;
  std::string roles;
  Instant started_at{};
  Micros lease_ttl{};
  std::size_t max_body = std::size_t{1} << 20;  // of one request, bytes
  std::function<http::ServerStats()> server_stats;
  std::function<std::vector<DetectorChoice>(std::vector<std::string>& notes)> detectors;
};

void mount_cameras(http::Router& router, const std::shared_ptr<const Services>& services);
/// The live picture and the snapshot of each camera.
void mount_pictures(http::Router& router, const std::shared_ptr<const Services>& services);
void mount_traffic(http::Router& router, const std::shared_ptr<const Services>& services);
void mount_operations(http::Router& router, const std::shared_ptr<const Services>& services);
/// /healthz, /readyz and /metrics.
void mount_health(http::Router& router, const std::shared_ptr<const Services>& services);

}  // namespace vedette::api
