// Answers without end. A Stream feeds many connections with shared buffers, each at its own pace;
// FrameTopic is the one for pictures (multipart/x-mixed-replace), sse.hpp has the one for events.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "http/response.hpp"

namespace vedette::http {

using SharedBytes = std::shared_ptr<const std::string>;

/// One io thread of the server, as streams see it.
class StreamLoop {
 public:
  virtual ~StreamLoop() = default;
  /// Runs `task` on that thread soon. From any thread; dropped when the server has stopped.
  virtual void post(std::move_only_function<void()> task) = 0;
  /// True on that thread.
  virtual bool is_current() const = 0;
};

/// One connection, as the stream that feeds it sees it. All calls on its own io thread.
class StreamConnection {
 public:
  virtual ~StreamConnection() = default;
  /// Sends now what the socket takes without waiting and keeps a reference to the rest.
  virtual void send(const SharedBytes& bytes) = 0;
  /// Bytes accepted by send() and not yet by the socket.
  virtual std::size_t backlog() const = 0;
  /// Ends the connection after the backlog is sent.
  virtual void finish() = 0;
  virtual const std::shared_ptr<StreamLoop>& loop() const = 0;
};

/// A source of bytes for many connections. The server calls these on the connection's io thread,
/// never after detached().
class Stream {
 public:
  virtual ~Stream() = default;
  /// The response head is on its way; whatever comes next is the stream's.
  virtual void attached(StreamConnection& connection) = 0;
  /// The backlog has become empty.
  virtual void drained(StreamConnection& connection) = 0;
  /// About once a second.
  virtual void tick(StreamConnection& connection) = 0;
  /// The connection is gone, for whatever reason; its reference dies with this call.
  virtual void detached(StreamConnection& connection) = 0;
};

/// The newest picture of one camera, for any number of viewers. Every viewer has at most one frame
/// in flight and always gets the newest one next: a slow viewer skips frames and delays nobody.
/// publish() and viewers() from any thread.
class FrameTopic {
 public:
  FrameTopic();
  ~FrameTopic();

  /// Makes this the newest frame. Costs one small task per io thread with viewers, nothing per
  /// viewer here; without viewers the frame is only kept.
  void publish(std::shared_ptr<const std::string> jpeg);
  /// Open streams now; with none the producer need not encode.
  int viewers() const;
  /// Forgets the held frame (the source has gone), so that no new viewer sees an old picture.
  void clear();
  /// Ends the streams of all viewers.
  void close();
  /// The same, after a last part that is no picture: application/json with what error() answers.
  void close(const Error& why);

 private:
  friend Response mjpeg(std::shared_ptr<FrameTopic> topic);
  class Feed;
  class Viewer;
  std::shared_ptr<Feed> feed_;
};

/// multipart/x-mixed-replace of that topic, which lives as long as it has viewers. A held frame is
/// sent at once.
Response mjpeg(std::shared_ptr<FrameTopic> topic);

}  // namespace vedette::http
