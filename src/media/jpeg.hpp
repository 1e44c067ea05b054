// JPEG out, for the live view and snapshots. An encoder keeps its buffers: one a thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "media/frame.hpp"
#include "media/image.hpp"

namespace vedette::media {

class JpegEncoder {
 public:
  JpegEncoder();
  ~JpegEncoder();
  JpegEncoder(const JpegEncoder&) = delete;
  JpegEncoder& operator=(const JpegEncoder&) = delete;

  /// The picture as JPEG (4:2:0), quality 1 to 100. The bytes are valid until the next call.
  Result<std::span<const std::uint8_t>> encode(const Image& image, int quality = 80);

  /// The same straight from the decoder's picture, without the way over BGR where its format
  /// allows.
  Result<std::span<const std::uint8_t>> encode(const Frame& frame, int quality = 80);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Bytes that a comment of a JPEG may have.
inline constexpr std::size_t kMostJpegComment = 65'533;

/// A JPEG with a comment segment (COM) near its beginning; a longer comment is left out. What is no
/// JPEG stays as it is.
std::string with_jpeg_comment(std::span<const std::uint8_t> jpeg, std::string_view comment);

/// Reads a JPEG of at most `max_pixels` into `into`; for tests and snapshots.
Result<> decode_jpeg(std::span<const std::uint8_t> bytes, Image& into,
                     std::int64_t max_pixels = 64'000'000);

}  // namespace vedette::media
