// What the handlers of every room of the API work with: the parts of a process that belong to no
// pipeline, and the functions that put their routes on a router. Made once by app/; everything in
// it outlives the server. Handlers run on the server's pool and may block on the database.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/families.hpp"
#include "base/time.hpp"
#include "http/router.hpp"
#include "http/server.hpp"
#include "http/sse.hpp"
#include "work/role.hpp"

namespace vedette::db {
class Database;
}
namespace vedette::work {
class Supervisor;
class Worker;
}  // namespace vedette::work

namespace vedette::api {

class JobPace;
class Readiness;

/// The channel on which a loop's name asks its process to end the loop's wait.
inline constexpr std::string_view kWakeChannel = "wake";

/// What is true of the process as long as it runs.
struct ProcessFacts {
  std::string version;
  work::Roles roles;
  Instant started_at{};
  Micros lease_ttl{};
};

/// Something that is no failure, but that the owner should know.
struct Note {
  std::string title;
  std::string text;
};

struct CoreServices {
  db::Database& database;
  work::Supervisor& supervisor;
  work::Worker& jobs;
  http::SseHub& events;
  const Clock& clock;
  const Readiness& readiness;
  /// How quickly jobs go on, the same for all who ask.
  std::shared_ptr<JobPace> pace;
  ProcessFacts process;
  std::function<http::ServerStats()> server_stats;
  /// Viewers of live pictures now, of all pipelines.
  std::function<int()> live_streams;
  /// Adds what the pipelines have to say to /metrics.
  std::function<void(Families&)> measure;
  /// What the pipelines want the owner to know, for /api/status. May block on the database.
  std::function<std::vector<Note>()> notes;
};

/// /api/loops and /api/status.
void mount_operations(http::Router& router, const std::shared_ptr<const CoreServices>& services);
/// /healthz, /readyz and /metrics.
void mount_health(http::Router& router, const std::shared_ptr<const CoreServices>& services);

}  // namespace vedette::api
