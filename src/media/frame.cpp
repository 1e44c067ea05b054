#include "media/frame.hpp"

#include <algorithm>
#include <cstring>

#include "media/picture.hpp"

namespace vedette::media {

ColourCoding colour_coding(const AVFrame& frame) {
  ColourCoding coding;
  switch (frame.format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUVJ411P:
      coding.is_full_range = true;
      break;
    default:
      coding.is_full_range = frame.color_range == AVCOL_RANGE_JPEG;
  }
  switch (frame.colorspace) {
    case AVCOL_SPC_BT709:
      coding.matrix = SWS_CS_ITU709;
      break;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      coding.matrix = SWS_CS_BT2020;
      break;
    case AVCOL_SPC_SMPTE240M:
      coding.matrix = SWS_CS_SMPTE240M;
      break;
    default:
      coding.matrix = SWS_CS_ITU601;
  }
  return coding;
}

Result<> Converter::to_bgr(const AVFrame& frame, int width, int height, Image& into) {
  const auto coding = colour_coding(frame);
  const std::lock_guard lock(scaler_mutex_);
  if (!scaler_ || frame.format != format_ || frame.width != from_width_ ||
      frame.height != from_height_ || width != to_width_ || height != to_height_ ||
      coding.is_full_range != (range_ != 0) || coding.matrix != matrix_) {
    const auto format = static_cast<AVPixelFormat>(frame.format);
    const int flags = width == frame.width && height == frame.height ? SWS_BICUBIC : SWS_AREA;
    scaler_.reset(sws_getContext(frame.width, frame.height, format, width, height, AV_PIX_FMT_BGR24,
                                 flags, nullptr, nullptr, nullptr));
    if (!scaler_) {
      const auto* format_name = av_get_pix_fmt_name(format);
      return fail(ErrorCode::kUnsupported,
                  std::string("The decoder gives pictures of the pixel format ") +
                      (format_name ? format_name : "unknown") +
                      ", which cannot be converted; record the video as H.264 with 8 bits.");
    }
    const int* coefficients = sws_getCoefficients(coding.matrix);
    sws_setColorspaceDetails(scaler_.get(), coefficients, coding.is_full_range ? 1 : 0,
                             sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
    format_ = frame.format;
    from_width_ = frame.width;
    from_height_ = frame.height;
    to_width_ = width;
    to_height_ = height;
    range_ = coding.is_full_range ? 1 : 0;
    matrix_ = coding.matrix;
  }
  into.reset(width, height);
  std::uint8_t* planes[4] = {into.row(0), nullptr, nullptr, nullptr};
  const int strides[4] = {static_cast<int>(into.stride()), 0, 0, 0};
  if (sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, planes, strides) <= 0) {
    return fail(ErrorCode::kInternal, "A picture could not be converted to BGR.");
  }
  return {};
}

int Frame::width() const {
  return picture ? picture->width() : known_width;
}

int Frame::height() const {
  return picture ? picture->height() : known_height;
}

Result<> Frame::to_bgr(Image& into, int max_width) const {
  if (!picture) return fail(ErrorCode::kInternal, "A frame without a picture was asked for it.");
  int to_width = picture->width();
  int to_height = picture->height();
  if (max_width > 0 && to_width > max_width) {
    to_height = std::max(1, static_cast<int>(static_cast<std::int64_t>(to_height) * max_width /
                                             std::max(1, to_width)));
    to_width = max_width;
  }
  return picture->to_bgr(to_width, to_height, into);
}

Result<Frame> make_frame(const Image& image, std::int64_t number, Micros media_time) {
  AvFramePtr made(av_frame_alloc());
  if (made) {
    made->format = AV_PIX_FMT_BGR24;
    made->width = image.width();
    made->height = image.height();
  }
  if (!made || av_frame_get_buffer(made.get(), 0) < 0) {
    return fail(ErrorCode::kInternal, "There is no memory for a picture.");
  }
  for (int y = 0; y < image.height(); ++y) {
    std::memcpy(made->data[0] + static_cast<std::ptrdiff_t>(y) * made->linesize[0], image.row(y),
                static_cast<std::size_t>(image.width()) * 3);
  }
  Frame frame;
  frame.number = number;
  frame.media_time = media_time;
  frame.picture = std::make_shared<const Picture>(std::move(made), std::make_shared<Converter>());
  return frame;
}

}  // namespace vedette::media
