// Brings changes, whoever made them, to this process's event streams: listens for the database's
// notices and the supervisor's, reads what changed once, and publishes it to all clients. One
// thread of its own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "api/traffic/traffic_services.hpp"
#include "db/database.hpp"

namespace vedette::api {

class EventRelay {
 public:
  explicit EventRelay(std::shared_ptr<const TrafficServices> services);
  ~EventRelay();
  EventRelay(const EventRelay&) = delete;
  EventRelay& operator=(const EventRelay&) = delete;

  /// The state of a loop of this process changed. From any thread; does not block.
  void loops_changed();

 private:
  struct Changes {
    bool is_all_cameras = false;    // some camera wrote; it is not known which
    std::set<std::string> cameras;  // these cameras wrote
    bool is_list = false;           // cameras or lines were changed
    bool is_list_doubtful = false;  // perhaps
    bool is_history = false;
    bool is_history_doubtful = false;
    bool is_loops = false;

    bool any() const {
      return is_all_cameras || !cameras.empty() || is_list || is_list_doubtful || is_history ||
             is_history_doubtful || is_loops;
    }
  };

  void note(const std::function<void(Changes&)>& change);
  void relay_until(const std::stop_token& stop);
  void relay(const Changes& changes);
  void relay_list(const Changes& changes);
  void relay_history(const Changes& changes);
  void relay_cameras(const Changes& changes);

  std::shared_ptr<const TrafficServices> services_;
  std::mutex changes_mutex_;
  std::condition_variable_any changed_;
  Changes changes_;

  // Of the relay's thread.
  std::string list_mark_;
  std::string history_mark_;
  // By camera; the last id that was told of, not before somebody listens.
  std::map<std::string, std::int64_t> last_crossing_;
  std::map<std::string, std::string> last_status_;
  std::map<std::string, Instant> last_sample_;

  std::vector<db::Subscription> subscriptions_;
  std::jthread thread_;
};

/// GET /api/events.
void mount_events(http::Router& router, const std::shared_ptr<const TrafficServices>& services);

}  // namespace vedette::api
