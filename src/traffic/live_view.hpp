// The live pictures of the cameras this process watches: marks drawn over the frame and encoded
// once for all viewers, and not at all without any. Camera loops offer frames; the API looks; one
// thread draws and encodes for all cameras, at most `fps` pictures a second each. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "media/frame.hpp"
#include "traffic/road_user.hpp"
#include "traffic/scene.hpp"

namespace vedette::traffic {

/// A road user to be marked.
struct MarkedBox {
  Box box;
  std::int64_t track = 0;
  std::string type;
  bool is_parked = false;
};

/// A counting line to be marked, with what it counted since the camera's loop started.
struct MarkedLine {
  CountingLine line;
  std::int64_t a_to_b = 0;
  std::int64_t b_to_a = 0;
};

struct Marks {
  std::vector<MarkedBox> boxes;
  std::vector<MarkedLine> lines;
};

/// Where pictures go: made by the API for each camera.
struct PictureSink {
  std::function<int()> viewers;
  std::function<void(std::shared_ptr<const std::string> jpeg)> publish;
  /// The source has gone: nobody who comes now should see the old picture.
  std::function<void()> clear;
};

struct LiveOptions {
  int fps = 10;
  int quality = 80;
  int max_width = 1280;  // wider pictures are shrunk; 0: never
};

/// One camera's place.
class LiveView {
 public:
  explicit LiveView(PictureSink sink) : sink_(std::move(sink)) {}

  /// Whether marks are worth making. Cheap.
  bool is_watched() const { return sink_.viewers() > 0; }

  /// Takes the newest frame; an older one that was not drawn yet is dropped. Does not block.
  void offer(const media::Frame& frame, const Marks* marks);

  /// The camera's loop has ended: the last frame stays for snapshots, viewers get no more.
  void end();

  /// The newest frame and the marks that were offered with the newest marked one.
  std::optional<media::Frame> latest() const;
  Marks latest_marks() const;

 private:
  friend class LiveViews;
  PictureSink sink_;
  std::function<void()> wake_;
  mutable std::mutex newest_mutex_;
  std::optional<media::Frame> newest_;
  Marks marks_;
  bool is_fresh_ = false;  // offered with marks and not drawn yet
  std::chrono::steady_clock::time_point drawn_at_;
};

class LiveViews {
 public:
  LiveViews(LiveOptions options, std::function<PictureSink(std::string_view camera_id)> make_sink);
  /// Stops the drawing thread.
  ~LiveViews();

  /// The camera's view, made at the first call; it lives as long as this object.
  std::shared_ptr<LiveView> view(std::string_view camera_id);
  /// nullptr when no loop of this process ever offered a frame of that camera.
  std::shared_ptr<LiveView> find(std::string_view camera_id) const;

 private:
  void draw_until(const std::stop_token& stop);

  LiveOptions options_;
  std::function<PictureSink(std::string_view)> make_sink_;
  mutable std::mutex views_mutex_;
  std::map<std::string, std::shared_ptr<LiveView>, std::less<>> views_;
  std::mutex wake_mutex_;
  std::condition_variable_any wake_;
  bool is_woken_ = false;
  std::jthread drawer_;
};

/// A frame as JPEG, with marks where they are given.
Result<std::string> render_picture(const media::Frame& frame, const Marks* marks,
                                   const LiveOptions& options);

}  // namespace vedette::traffic
