// The time of each picture, made of stamps that are not believed: recorders jump by hours, send
// single strays, the same stamp again and again, or none. One a reader, on its thread. Only inside
// src/media.
#pragma once

#include <optional>

#include "base/time.hpp"

namespace vedette::media {

/// Gives each picture a time since the first one, strictly increasing. A step of the stamps is
/// taken as it is when it is like those before it. Any other must be confirmed by the stamp after
/// it, so that a stray moves nothing; until then the picture comes one usual step after the last.
/// Then
///  - a file's gap of up to 10 s is a gap, and a longer or a backward jump is joined;
///  - a camera's gap is one only when no picture arrived for as long.
/// A missing or repeated stamp: a file's picture comes one stated frame later, a camera's when it
/// arrives. A camera whose stamps run at half or twice the speed of arrival, or worse, has made
/// them up: from then on arrival counts.
class MediaClock {
 public:
  /// `frame_time`: the stated duration of a frame.
  explicit MediaClock(Micros frame_time) : frame_time_(frame_time), usual_(frame_time) {}

  /// `arrival` by a clock that only goes forward: given for cameras, not for files.
  Micros next(std::optional<Micros> stamp, std::optional<Micros> arrival = {});
  Micros frame_time() const { return frame_time_; }

 private:
  struct Point {
    Micros stamp{0};
    Micros time{0};
  };

  Micros first(std::optional<Micros> stamp, std::optional<Micros> arrival);
  Micros propose(std::optional<Micros> stamp, std::optional<Micros> waited);
  Micros without_stamp(std::optional<Micros> waited) const;
  Micros judge(Micros stamp, Micros mapped, std::optional<Micros> waited);
  void accept(Micros stamp, Micros time);
  void watch_the_pace(Micros arrival);

  Micros frame_time_;
  Micros usual_;  // step of late
  std::optional<Micros> last_;
  std::optional<Micros> last_stamp_;
  std::optional<Point> good_;     // the last stamp that was believed
  std::optional<Point> suspect_;  // the first of those that may begin another line of time
  int suspects_ = 0;
  int repeats_ = 0;
  Micros repeats_from_{0};
  std::optional<Micros> last_arrival_;
  Point pace_;  // since when it is compared: arrival and time
  bool is_by_arrival_ = false;
};

}  // namespace vedette::media
