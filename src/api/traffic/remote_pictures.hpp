// Pictures of cameras that another process watches. For each such camera that somebody looks at
// here, one thread holds one connection to that process and publishes its pictures as they come,
// whatever the number of viewers; without viewers there is none. Made by app/; thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "api/traffic/pictures.hpp"
#include "base/error.hpp"
#include "base/mutex.hpp"
#include "net/http_client.hpp"
#include "work/loop.hpp"

namespace vedette::db {
class Database;
}
namespace vedette::traffic {
class LiveViews;
}
namespace vedette::work {
class Supervisor;
}

namespace vedette::api {

/// Where the pictures of a loop that another process holds can be asked for. kConflict with the
/// remedy when that process tells no address that can be used from this machine.
Result<net::HttpTarget> picture_target(const work::LoopStatus& loop);

class RemotePictures {
 public:
  /// `token` is sent to the other processes as bearer token; empty: none. The rest outlives this.
  RemotePictures(db::Database& database, const work::Supervisor& supervisor,
                 const traffic::LiveViews& live, PictureTopics& pictures, std::string token);
  /// Stops.
  ~RemotePictures();
  RemotePictures(const RemotePictures&) = delete;
  RemotePictures& operator=(const RemotePictures&) = delete;

  /// Has the camera's pictures of this variant come to their PictureTopics::topic() and go on
  /// coming while that has viewers, from whatever process watches it. Blocks until that process has
  /// answered, a second at most: its silence ends the topic's streams later, with the reason.
  /// kConflict, with the remedy, when its pictures cannot be had.
  Result<void> open(const std::string& camera_id, traffic::Variant variant);

  /// The other process's answer to GET snapshot.jpg; nullopt when no other process watches the
  /// camera. Blocks for some seconds at most; kConflict as open().
  Result<std::optional<net::HttpReply>> snapshot(const std::string& camera_id,
                                                 traffic::Variant variant);

  /// This process may have lost cameras that people look at here: has their pictures come from
  /// elsewhere. Does not block.
  void loops_changed();

  /// Ends all connections and lets nobody wait any more. Idempotent.
  void stop();

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Relay;
  struct Holder {
    std::string process;     // host:pid
    std::string process_id;  // of this start
    net::HttpTarget target;
  };
  struct Failure {
    Time at;
    std::string why;
  };

  bool is_here(const std::string& camera_id) const;
  Result<std::optional<Holder>> find_holder(const std::string& camera_id) const;
  std::shared_ptr<Relay> join(const std::string& camera_id, traffic::Variant variant)
      VEDETTE_REQUIRES(relays_mutex_);
  void relay_until(const std::stop_token& stop, Relay& relay);
  Result<bool> relay_once(const std::stop_token& stop, Relay& relay, bool& has_come);
  bool is_wanted(Relay& relay);
  bool end_viewers(Relay& relay, bool has_come);
  void note(Relay& relay, Result<void> answer, bool is_over = false);
  net::AskOptions get_options(const std::stop_token& stop) const;
  std::optional<std::string> recent_failure(const std::string& process_id);

  db::Database& database_;
  const work::Supervisor& supervisor_;
  const traffic::LiveViews& live_;
  PictureTopics& pictures_;
  const std::string token_;

  Mutex relays_mutex_;
  std::condition_variable_any answered_;
  using Relays = std::map<std::pair<std::string, traffic::Variant>, std::shared_ptr<Relay>>;
  Relays relays_ VEDETTE_GUARDED_BY(relays_mutex_);
  // Of snapshots, by process.
  std::map<std::string, Failure> failures_ VEDETTE_GUARDED_BY(relays_mutex_);
  bool is_stopping_ VEDETTE_GUARDED_BY(relays_mutex_) = false;
  std::stop_source stopping_;  // for snapshots
};

}  // namespace vedette::api
