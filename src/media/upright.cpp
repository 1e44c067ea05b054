#include "media/upright.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "media/picture.hpp"

namespace vedette::media {
namespace {

constexpr double kSquareEnough = 0.02;
constexpr int kLargestRatio = 8;

// The destination's rows are written one after the other; the source is read along a row or a
// column.
void turn_plane(const std::uint8_t* from, std::ptrdiff_t from_stride, std::uint8_t* to,
                std::ptrdiff_t to_stride, PictureSize size, const Orientation& orientation) {
  const std::ptrdiff_t across = orientation.is_transposed ? from_stride : 1;
  const std::ptrdiff_t down = orientation.is_transposed ? 1 : from_stride;
  for (int y = 0; y < size.height; ++y) {
    const int row = orientation.is_mirrored_down ? size.height - 1 - y : y;
    const auto* source = from + row * down;
    std::ptrdiff_t step = across;
    if (orientation.is_mirrored_across) {
      source += (size.width - 1) * across;
      step = -across;
    }
    auto* target = to + y * to_stride;
    for (int x = 0; x < size.width; ++x, source += step) target[x] = *source;
  }
}

bool is_planar_420(int format) {
  return format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P;
}

Result<AvFramePtr> new_frame(const AVFrame& like, PictureSize size) {
  AvFramePtr made(av_frame_alloc());
  if (made) {
    av_frame_copy_props(made.get(), &like);
    av_frame_remove_side_data(made.get(), AV_FRAME_DATA_DISPLAYMATRIX);
    made->format = AV_PIX_FMT_YUV420P;
    made->width = size.width;
    made->height = size.height;
    made->sample_aspect_ratio = {1, 1};
    if (colour_coding(like).is_full_range) made->color_range = AVCOL_RANGE_JPEG;
  }
  if (!made || av_frame_get_buffer(made.get(), 0) < 0) {
    return fail(ErrorCode::kInternal, "There is no memory for a picture.");
  }
  return made;
}

}  // namespace

Orientation orientation_of(const std::int32_t* matrix) {
  const auto a = static_cast<double>(matrix[0]);
  const auto b = static_cast<double>(matrix[1]);
  const auto c = static_cast<double>(matrix[3]);
  const auto d = static_cast<double>(matrix[4]);
  Orientation orientation;
  orientation.is_transposed = std::abs(b) + std::abs(c) > std::abs(a) + std::abs(d);
  // Where a stored x (or y) runs against the shown one.
  orientation.is_mirrored_across = orientation.is_transposed ? c < 0 : a < 0;
  orientation.is_mirrored_down = orientation.is_transposed ? b < 0 : d < 0;
  return orientation;
}

PictureSize upright_size(PictureSize stored, AVRational pixel, const Orientation& orientation) {
  PictureSize size = stored;
  const double ratio = pixel.num > 0 && pixel.den > 0 ? av_q2d(pixel) : 1;
  const bool is_told =
      ratio <= kLargestRatio && ratio * kLargestRatio >= 1 && std::abs(ratio - 1) > kSquareEnough;
  if (is_told && ratio > 1) size.width = static_cast<int>(std::lround(size.width * ratio));
  if (is_told && ratio < 1) size.height = static_cast<int>(std::lround(size.height / ratio));
  if (orientation.is_transposed) std::swap(size.width, size.height);
  return size;
}

Result<AvFramePtr> Upright::make(AvFramePtr frame, AVRational pixel,
                                 const Orientation& orientation) {
  const PictureSize stored{frame->width, frame->height};
  const auto stretched = upright_size(stored, pixel, {});
  const bool is_stretched = stretched.width != stored.width || stretched.height != stored.height;
  const bool is_turned = orientation != Orientation{};
  if (!is_stretched && !is_turned) return frame;
  if (is_stretched || !is_planar_420(frame->format)) {
    VEDETTE_TRY(planar, make_planar(*frame, stretched));
    frame = std::move(planar);
  }
  if (!is_turned) return frame;
  auto size = stretched;
  if (orientation.is_transposed) std::swap(size.width, size.height);
  VEDETTE_TRY(turned, new_frame(*frame, size));
  for (int plane = 0; plane < 3; ++plane) {
    const auto half = [&](int length) { return plane == 0 ? length : (length + 1) / 2; };
    turn_plane(frame->data[plane], frame->linesize[plane], turned->data[plane],
               turned->linesize[plane], {half(size.width), half(size.height)}, orientation);
  }
  return std::move(turned);
}

Result<AvFramePtr> Upright::make_planar(const AVFrame& frame, PictureSize size) {
  const bool is_same = scaler_ && frame.format == format_ && frame.width == from_.width &&
                       frame.height == from_.height && size.width == to_.width &&
                       size.height == to_.height;
  if (!is_same) {
    scaler_.reset(sws_getContext(frame.width, frame.height,
                                 static_cast<AVPixelFormat>(frame.format), size.width, size.height,
                                 AV_PIX_FMT_YUV420P, SWS_BILINEAR, nullptr, nullptr, nullptr));
    if (!scaler_) {
      return fail(ErrorCode::kUnsupported,
                  "The decoder gives pictures that cannot be turned upright; record the video as "
                  "H.264 with 8 bits.");
    }
    // The range of brightness stays what it is.
    const auto coding = colour_coding(frame);
    const int* coefficients = sws_getCoefficients(coding.matrix);
    const int range = coding.is_full_range ? 1 : 0;
    sws_setColorspaceDetails(scaler_.get(), coefficients, range, coefficients, range, 0, 1 << 16,
                             1 << 16);
    format_ = frame.format;
    from_ = {frame.width, frame.height};
    to_ = size;
  }
  VEDETTE_TRY(made, new_frame(frame, size));
  if (sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, made->data,
                made->linesize) <= 0) {
    return fail(ErrorCode::kInternal, "A picture could not be turned upright.");
  }
  return std::move(made);
}

}  // namespace vedette::media
