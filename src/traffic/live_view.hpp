// The live pictures of the cameras this process watches, encoded once for all viewers, and not at
// all without any. A picture is clean and carries what was seen in it as JSON in a comment segment
// (docs/decisions/0020), so that marks stay in step with it through every relay; a second variant
// has boxes and lines burned in, for viewers that can only show pictures. Camera loops offer
// frames; the API looks; the process's CpuPool encodes, at most `fps` pictures a second and camera,
// each camera with its even share. Thread-safe.
#pragma once

#include <array>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"
#include "media/frame.hpp"
#include "traffic/road_user.hpp"
#include "traffic/scene.hpp"

namespace vedette::work {
class CpuPool;
}

namespace vedette::traffic {

/// A road user to be marked.
struct MarkedBox {
  Box box;
  std::int64_t track = 0;
  std::string type;
  bool is_parked = false;
};

/// What was seen in a frame, in pixels of the source's picture.
struct Marks {
  Instant at{};
  std::vector<MarkedBox> boxes;
  std::vector<CountingLine> lines;  // burned in only: who draws them otherwise knows them
};

/// The boxes as the comment of a picture of a source of this size: cut to the picture, those
/// outside left out. {"v":1,"t":"...","w":640,"h":352,"boxes":[{"x":..,"y":..,"w":..,"h":..,
/// "id":7,"type":"car","parked":false}]}
std::string marks_json(const Marks& marks, int width, int height);

enum class Variant { kClean, kAnnotated };
inline constexpr std::array kVariants{Variant::kClean, Variant::kAnnotated};

/// Where pictures go: made by the API for each camera.
struct PictureSink {
  std::function<int(Variant)> viewers;
  std::function<void(Variant, std::shared_ptr<const std::string> jpeg)> publish;
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
  LiveView(std::string camera_id, PictureSink sink, work::CpuPool& cpu)
      : camera_id_(std::move(camera_id)), sink_(std::move(sink)), cpu_(cpu) {}

  /// Takes the newest frame and what was seen in it; an older one that was not encoded yet is
  /// dropped. Does not block.
  void offer(const media::Frame& frame, const Marks& marks);

  /// The camera's loop or job has ended: the frame is let go and viewers get no more.
  void end();

  /// The newest picture in full size, or nullopt when there is none. Waits for its turn at the
  /// processor; kTooMany when too many wait already.
  Result<std::optional<std::string>> snapshot(Variant variant) const;

 private:
  friend class LiveViews;
  bool is_looked_at() const;

  const std::string camera_id_;
  PictureSink sink_;
  work::CpuPool& cpu_;
  std::function<void()> wake_;
  mutable Mutex newest_mutex_;
  std::optional<media::Frame> newest_ VEDETTE_GUARDED_BY(newest_mutex_);
  Marks marks_ VEDETTE_GUARDED_BY(newest_mutex_);
  bool is_fresh_ VEDETTE_GUARDED_BY(newest_mutex_) = false;  // not encoded yet
  std::chrono::steady_clock::time_point drawn_at_;           // of the encoding thread
};

class LiveViews {
 public:
  /// `cpu` outlives this and its views.
  LiveViews(LiveOptions options, work::CpuPool& cpu,
            std::function<PictureSink(std::string_view camera_id)> make_sink);
  /// Stops the encoding thread.
  ~LiveViews();

  /// The camera's view, made at the first call.
  std::shared_ptr<LiveView> view(std::string_view camera_id);
  /// nullptr when no loop of this process has the camera.
  std::shared_ptr<LiveView> find(std::string_view camera_id) const;
  /// Ends the view and forgets it: the camera is no longer this process's.
  void close(std::string_view camera_id);

 private:
  void encode_until(const std::stop_token& stop);
  Result<void> encode(const LiveView& view, const media::Frame& frame, const Marks& marks) const;

  const LiveOptions options_;
  work::CpuPool& cpu_;
  std::function<PictureSink(std::string_view)> make_sink_;
  mutable Mutex views_mutex_;
  std::map<std::string, std::shared_ptr<LiveView>, std::less<>> views_
      VEDETTE_GUARDED_BY(views_mutex_);
  Mutex wake_mutex_;
  std::condition_variable_any wake_;
  bool is_woken_ VEDETTE_GUARDED_BY(wake_mutex_) = false;
  std::jthread encoder_;  // last: stops before what it uses goes
};

/// The camera's place among the live pictures, for as long as its loop or job is this process's.
class LiveSeat {
 public:
  /// `live` outlives it; nullptr: there are no live pictures.
  LiveSeat(LiveViews* live, std::string camera) : live_(live), camera_(std::move(camera)) {}
  ~LiveSeat() {
    if (live_ != nullptr) live_->close(camera_);
  }
  LiveSeat(const LiveSeat&) = delete;
  LiveSeat& operator=(const LiveSeat&) = delete;

 private:
  LiveViews* live_;
  std::string camera_;
};

/// A frame as JPEG that carries its marks, with them burned in too when that is the variant.
Result<std::string> render_picture(const media::Frame& frame, const Marks& marks, Variant variant,
                                   const LiveOptions& options);

}  // namespace vedette::traffic
