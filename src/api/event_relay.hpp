// Brings changes, whoever made them, to this process's event streams: hears the database's notices
// and the supervisor's, and has those who know the tables read what changed and publish it. One
// thread of its own, which also calls the sources. Made by app/.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"
#include "db/database.hpp"
#include "http/router.hpp"
#include "http/sse.hpp"

namespace vedette::api {

/// What a source's channels said since it was last told.
struct Heard {
  bool is_anything = false;  // something changed, or may have; it is not known what
  std::set<std::string> payloads;

  bool any() const { return is_anything || !payloads.empty(); }
};

/// How a source reaches the streams.
class EventPublisher {
 public:
  explicit EventPublisher(http::SseHub& hub) : hub_(hub) {}
  void publish(std::string_view topic, std::string_view json) { hub_.publish(topic, json); }
  bool has_listeners() const { return hub_.clients() > 0; }
  /// Something is left untold: whoever comes back from before it must fetch anew.
  void skip() { hub_.skip(); }

 private:
  http::SseHub& hub_;
};

struct EventTopic {
  std::string name;
  /// The query parameter that narrows it to `name/value`; empty: none does.
  std::string narrowed_by = {};
};

/// One kind of change, and who reads it.
struct EventSource {
  std::vector<EventTopic> topics;
  std::vector<std::string> channels;  // of the database, or kLoopsChannel
  /// Reads and publishes what was heard of; blocks on the database. After an error it is called
  /// again a second later with the same and what came in between. The first call of all, with
  /// is_anything, tells where things stand at the start.
  std::function<Result<void>(const Heard&, EventPublisher&)> tell;
  /// From one call to the next at least; what is heard in between is told together.
  Micros every{0};
};

class EventRelay {
 public:
  /// The channel of EventRelay::loops_changed().
  static constexpr std::string_view kLoopsChannel = "loops of this process";

  /// Both outlive the relay. It tells topic `loops` by itself.
  EventRelay(db::Database& database, http::SseHub& hub);
  ~EventRelay();
  EventRelay(const EventRelay&) = delete;
  EventRelay& operator=(const EventRelay&) = delete;

  /// Sources are told in the order in which they were added; all before start().
  void add(EventSource source);
  void start();

  /// Of all sources, each once.
  std::vector<EventTopic> topics() const;

  /// The state of a loop of this process changed. From any thread; does not block.
  void loops_changed();

 private:
  using Moment = std::chrono::steady_clock::time_point;

  void hear(std::string_view channel, std::string_view payload);
  std::vector<Heard> wait_for_news(const std::stop_token& stop, std::span<const Moment> due);
  void relay_until(const std::stop_token& stop);

  db::Database& database_;
  EventPublisher publisher_;
  std::vector<EventSource> sources_;  // not changed after start()
  Mutex heard_mutex_;
  std::condition_variable_any heard_something_;
  std::vector<Heard> heard_ VEDETTE_GUARDED_BY(heard_mutex_);  // by source
  std::vector<db::Subscription> subscriptions_;
  std::jthread thread_;  // last: it uses the rest
};

/// GET /api/events, of all topics that `relay` has by now.
void mount_events(http::Router& router, const EventRelay& relay, http::SseHub& hub);

}  // namespace vedette::api
