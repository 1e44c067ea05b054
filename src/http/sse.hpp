// Server-sent events: one hub, many browsers. Every event is encoded once and the same buffer is
// written to all; ids let a client continue after a break without loss, or tell it to fetch anew.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/request.hpp"
#include "http/response.hpp"

namespace vedette::http {

/// What a client sees besides the published events:
/// - `event: reset` `{"reason": ...}`: its Last-Event-ID is of another process or too old; whatever
///   it shows must be fetched anew. Live events follow.
/// - `event: resync` `{"reason": "slow"}`: it took so little that events it had not had yet left
///   the replay ring, or something was left untold; same duty. Until then a slow client just gets
///   them later: each client has at most one event of its own in flight, the ring is the queue of
///   all.
/// - a comment line every `heartbeat` when nothing else was sent.
/// Ids are "<epoch>-<n>": the epoch is random per hub, n counts up by one for each event.
struct SseOptions {
  std::size_t replay_events = 1024;
  std::size_t replay_bytes = 1 << 20;
  std::chrono::seconds heartbeat{15};
  std::chrono::milliseconds retry{2000};  // the browser's pause before it comes back
};

class SseHub {
 public:
  explicit SseHub(SseOptions options = {});
  /// Ends all streams.
  ~SseHub();
  SseHub(const SseHub&) = delete;
  SseHub& operator=(const SseHub&) = delete;

  /// Sends one event to everybody who wants its topic. `topic` is "name" or "name/part"; the
  /// event's name is the part before the slash, so `traffic/cam-1` arrives as `event: traffic`.
  /// `json` is one line of JSON. From any thread, does not block on clients, never fails.
  void publish(std::string_view topic, std::string_view json);

  /// Something is left untold: clients that come back from before it get `reset`, those that are
  /// there `resync`. As publish().
  void skip();

  /// The answer to GET /api/events. `?topics=traffic/cam-1,loops` (also repeated) chooses; a topic
  /// "traffic" includes "traffic/...". Without it: all. `Last-Event-ID` (header, or `last_event_id`
  /// in the query for a first connection made from a fetched state) continues. 400 for more than 32
  /// topics or a name over 100 characters.
  Response subscribe(const Request& request);

  /// The id of the newest event, "<epoch>-<n>": put it beside a fetched state, and a stream opened
  /// with it misses nothing in between.
  std::string last_id() const;
  int clients() const;
  /// Clients that were told to resync because they were too slow, since start.
  std::uint64_t resyncs() const;
  /// Ends all streams; later subscribers get 503.
  void close();

 private:
  class Feed;
  std::shared_ptr<Feed> feed_;
};

}  // namespace vedette::http
