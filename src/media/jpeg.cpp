#include "media/jpeg.hpp"

#include <fmt/format.h>
#include <turbojpeg.h>

#include <algorithm>

#include "media/picture.hpp"

namespace vedette::media {
namespace {

struct TurboFree {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using TurboPtr = std::unique_ptr<void, TurboFree>;

struct BufferFree {
  void operator()(unsigned char* bytes) const { tjFree(bytes); }
};

// JPEG cannot be larger on a side.
constexpr int kMaxSide = 65'500;

// JPEG's colours are BT.601 over the full range: only such planes may be taken as they are.
bool is_jpeg_like(const AVFrame& frame) {
  const bool is_420 = frame.format == AV_PIX_FMT_YUVJ420P || frame.format == AV_PIX_FMT_YUV420P;
  const auto coding = colour_coding(frame);
  return is_420 && coding.is_full_range && coding.matrix == SWS_CS_ITU601 &&
         frame.linesize[0] > 0 && frame.linesize[1] > 0 && frame.linesize[2] > 0;
}

}  // namespace

struct JpegEncoder::State {
  TurboPtr handle{tjInitCompress()};
  std::unique_ptr<unsigned char, BufferFree> buffer;
  unsigned long capacity = 0;
  Image bgr;

  Result<> reserve(int width, int height) {
    if (!handle) return fail(ErrorCode::kInternal, "There is no memory for a JPEG encoder.");
    if (width <= 0 || height <= 0 || width > kMaxSide || height > kMaxSide) {
      return fail(ErrorCode::kTooLarge,
                  fmt::format("A picture of {}x{} cannot be written as JPEG.", width, height));
    }
    const auto needed = tjBufSize(width, height, TJSAMP_420);
    if (needed <= capacity) return {};
    buffer.reset(tjAlloc(static_cast<int>(needed)));
    capacity = buffer ? needed : 0;
    if (!buffer) return fail(ErrorCode::kInternal, "There is no memory for a JPEG picture.");
    return {};
  }

  Result<std::span<const std::uint8_t>> finish(int status, unsigned long size) const {
    if (status != 0) {
      return fail(ErrorCode::kInternal, "A picture could not be written as JPEG.",
                  tjGetErrorStr2(handle.get()));
    }
    return std::span<const std::uint8_t>(buffer.get(), size);
  }
};

JpegEncoder::JpegEncoder() : state_(std::make_unique<State>()) {}
JpegEncoder::~JpegEncoder() = default;

Result<std::span<const std::uint8_t>> JpegEncoder::encode(const Image& image, int quality) {
  auto& state = *state_;
  VEDETTE_CHECK(state.reserve(image.width(), image.height()));
  auto* bytes = state.buffer.get();
  auto size = state.capacity;
  const int status = tjCompress2(state.handle.get(), image.row(0), image.width(),
                                 static_cast<int>(image.stride()), image.height(), TJPF_BGR, &bytes,
                                 &size, TJSAMP_420, std::clamp(quality, 1, 100), TJFLAG_NOREALLOC);
  return state.finish(status, size);
}

Result<std::span<const std::uint8_t>> JpegEncoder::encode(const Frame& frame, int quality) {
  auto& state = *state_;
  if (!frame.picture || !is_jpeg_like(frame.picture->frame())) {
    VEDETTE_CHECK(frame.to_bgr(state.bgr));
    return encode(state.bgr, quality);
  }
  const auto& picture = frame.picture->frame();
  VEDETTE_CHECK(state.reserve(picture.width, picture.height));
  const unsigned char* planes[3] = {picture.data[0], picture.data[1], picture.data[2]};
  auto* bytes = state.buffer.get();
  auto size = state.capacity;
  const int status = tjCompressFromYUVPlanes(state.handle.get(), planes, picture.width,
                                             picture.linesize, picture.height, TJSAMP_420, &bytes,
                                             &size, std::clamp(quality, 1, 100), TJFLAG_NOREALLOC);
  return state.finish(status, size);
}

std::string with_jpeg_comment(std::span<const std::uint8_t> jpeg, std::string_view comment) {
  std::string text(reinterpret_cast<const char*>(jpeg.data()), jpeg.size());
  const auto at = [&](std::size_t i) { return i < jpeg.size() ? jpeg[i] : 0; };
  if (at(0) != 0xff || at(1) != 0xd8 || comment.size() > kMostJpegComment) return text;
  // JFIF wants its own segment (APP0) to be the first.
  const std::size_t app0 = at(2) == 0xff && at(3) == 0xe0 ? 2U + at(4) * 256U + at(5) : 0U;
  const std::size_t length = comment.size() + 2;
  std::string segment{'\xff', '\xfe', static_cast<char>(length >> 8),
                      static_cast<char>(length & 0xff)};
  segment += comment;
  return text.insert(std::min(2 + app0, text.size()), segment);
}

Result<> decode_jpeg(std::span<const std::uint8_t> bytes, Image& into, std::int64_t max_pixels) {
  const TurboPtr handle(tjInitDecompress());
  int width = 0;
  int height = 0;
  int subsampling = 0;
  int colours = 0;
  if (!handle || tjDecompressHeader3(handle.get(), bytes.data(), bytes.size(), &width, &height,
                                     &subsampling, &colours) != 0) {
    return fail(ErrorCode::kCorrupt, "This is not a JPEG picture.");
  }
  if (static_cast<std::int64_t>(width) * height > max_pixels) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("The JPEG is {}x{}, more than the allowed {} pixels.", width, height,
                            max_pixels));
  }
  into.reset(width, height);
  if (tjDecompress2(handle.get(), bytes.data(), bytes.size(), into.row(0), width,
                    static_cast<int>(into.stride()), height, TJPF_BGR, 0) != 0) {
    return fail(ErrorCode::kCorrupt, "The JPEG picture is damaged.", tjGetErrorStr2(handle.get()));
  }
  return {};
}

}  // namespace vedette::media
