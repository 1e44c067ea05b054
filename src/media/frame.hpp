// One decoded picture with its place in time. Frames are made by frame sources and read by
// detectors, the live view and snapshots. A Frame is a cheap handle: copies share the decoder's
// picture, which never changes, so frames may be passed between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/error.hpp"
#include "base/time.hpp"
#include "media/image.hpp"

namespace vedette::media {

/// The decoder's picture behind a Frame; known to this folder alone (media/picture.hpp).
class Picture;

struct Frame {
  /// Counts every decoded frame of a source from 0, dropped ones too; goes on over laps.
  std::int64_t number = 0;
  /// Time in the source: since the file's first frame or the camera's first picture. Strictly
  /// increasing; goes on over laps.
  Micros media_time{0};
  /// When it was decoded, by the machine's clock.
  Instant captured_at{};
  /// The lap of a looped file, from 0; of a record, rises behind each gap. Tracks and crossings
  /// never go from one period to the next.
  int period = 0;
  /// The file of a record, from 0.
  int part = 0;
  /// The file's own time of it, as it stands there; by it the frame is found again.
  std::optional<Micros> stamp;
  /// Of a frame whose picture is not at hand (media/detection_log.hpp).
  int known_width = 0;
  int known_height = 0;
  std::shared_ptr<const Picture> picture;

  int width() const;
  int height() const;

  /// The picture as BGR in `into`, which is reused. With `max_width` > 0 a wider picture is scaled
  /// down to that width, keeping its shape. Fails when the decoder's pixel format cannot be
  /// converted.
  Result<> to_bgr(Image& into, int max_width = 0) const;
};

/// A frame made of an image (copied), for drawn test clips.
Result<Frame> make_frame(const Image& image, std::int64_t number, Micros media_time);

}  // namespace vedette::media
