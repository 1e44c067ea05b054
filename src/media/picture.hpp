// The decoder's picture behind a Frame, and its way to BGR. Only inside src/media. A Picture never
// changes once it is made; a Converter is shared by the pictures of one source and locks itself.
#pragma once

#include <memory>
#include <mutex>

#include "media/av.hpp"
#include "media/frame.hpp"

namespace vedette::media {

/// Keeps the scaler between pictures of the same kind, since making one costs more than using it.
class Converter {
 public:
  /// Writes `frame` as BGR of `width` x `height` to `into`.
  Result<> to_bgr(const AVFrame& frame, int width, int height, Image& into);

 private:
  std::mutex scaler_mutex_;
  SwsPtr scaler_;  // guarded by scaler_mutex_, as are the next ones
  int format_ = AV_PIX_FMT_NONE;
  int from_width_ = 0;
  int from_height_ = 0;
  int to_width_ = 0;
  int to_height_ = 0;
  int range_ = 0;
  int matrix_ = 0;
};

class Picture {
 public:
  Picture(AvFramePtr frame, std::shared_ptr<Converter> converter)
      : frame_(std::move(frame)), converter_(std::move(converter)) {}

  const AVFrame& frame() const { return *frame_; }
  int width() const { return frame_->width; }
  int height() const { return frame_->height; }

  Result<> to_bgr(int width, int height, Image& into) const {
    return converter_->to_bgr(*frame_, width, height, into);
  }

 private:
  AvFramePtr frame_;
  std::shared_ptr<Converter> converter_;
};

/// How this picture's luma and colour differences become red, green, blue.
struct ColourCoding {
  bool is_full_range = false;
  /// One of SWS_CS_*.
  int matrix = SWS_CS_DEFAULT;
};

ColourCoding colour_coding(const AVFrame& frame);

}  // namespace vedette::media
