// The picture as people are meant to see it: turned and mirrored as the container says (a phone
// held upright), pixels made square. Once, in the reader, so that detector, lines, snapshot and
// live view all see the same. Ordinary pictures pass untouched. One a reader, on its thread. Only
// inside src/media.
#pragma once

#include <cstdint>
#include <optional>

#include "media/av.hpp"
#include "media/frame.hpp"

namespace vedette::media {

/// How a stored picture becomes the shown one: first transposed, then mirrored.
struct Orientation {
  bool is_transposed = false;
  bool is_mirrored_across = false;  // left and right
  bool is_mirrored_down = false;    // top and bottom
  bool operator==(const Orientation&) const = default;
};

/// Of a display matrix (libavutil/display.h, nine numbers): the nearest of the eight there are.
Orientation orientation_of(const std::int32_t* matrix);

struct PictureSize {
  int width = 0;
  int height = 0;
};

/// The size of a picture with these pixels once it is upright: the shorter side of a pixel is
/// stretched. Pixels that are square to within 2 % are square.
PictureSize upright_size(PictureSize stored, AVRational pixel, const Orientation& orientation);

class Upright {
 public:
  /// `frame` as it is shown: itself when there is nothing to do, else a new one.
  Result<AvFramePtr> make(AvFramePtr frame, AVRational pixel, const Orientation& orientation);

 private:
  Result<AvFramePtr> make_planar(const AVFrame& frame, PictureSize size);

  SwsPtr scaler_;
  int format_ = AV_PIX_FMT_NONE;
  PictureSize from_;
  PictureSize to_;
};

}  // namespace vedette::media
