// Single JPEGs out of what MJPEG cameras send: multipart with or without boundaries, lengths (right
// or wrong) and line ends, or pictures in a row. Goes by the pictures' own markers alone. Only
// inside src/media.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "media/upright.hpp"

namespace vedette::media {

class JpegSplitter {
 public:
  void push(std::string_view bytes) { waiting_ += bytes; }
  /// The next whole picture: valid until the next call. nullopt: more bytes are needed. A picture
  /// that breaks off before the next begins is left out.
  std::optional<std::string_view> next();
  /// Bytes kept: a picture larger than a camera's grows without end.
  std::size_t waiting() const { return waiting_.size() - begin_; }

 private:
  enum class Scan { kWhole, kMore, kBroken };
  Scan scan();

  std::string waiting_;
  std::size_t begin_ = 0;    // of what is left
  std::size_t scanned_ = 0;  // within the picture at begin_
  bool is_in_picture_ = false;
  bool is_in_scan_ = false;  // the coded part, where markers are found by looking
};

/// The size in a JPEG's frame header; zeros when there is none.
PictureSize jpeg_size(std::string_view jpeg);

}  // namespace vedette::media
