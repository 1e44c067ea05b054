// A picture in memory as every part of Vedette that draws, encodes or looks at pixels sees it: BGR,
// 8 bits a channel. A value: it owns its bytes and keeps them when it is reused for a picture of
// the same or a smaller size. Not thread-safe; different images are independent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace vedette::media {

class Image {
 public:
  Image() = default;
  Image(int width, int height) { reset(width, height); }
  Image(Image&&) noexcept = default;
  Image& operator=(Image&&) noexcept = default;
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  /// Makes this a picture of `width` x `height` pixels of undefined content. Allocates only when it
  /// never held one as large.
  void reset(int width, int height);

  /// Every pixel becomes this colour.
  void fill(std::uint8_t blue, std::uint8_t green, std::uint8_t red);

  /// A deep copy into `into`, which is reused.
  void copy_to(Image& into) const;

  bool is_empty() const { return width_ == 0; }
  int width() const { return width_; }
  int height() const { return height_; }

  /// Bytes from one row's start to the next one's, at least 3 * width().
  std::ptrdiff_t stride() const { return stride_; }
  std::uint8_t* row(int y) { return bytes_.get() + y * stride_; }
  const std::uint8_t* row(int y) const { return bytes_.get() + y * stride_; }

 private:
  struct Free {
    void operator()(std::uint8_t* bytes) const;
  };
  std::unique_ptr<std::uint8_t[], Free> bytes_;
  std::size_t capacity_ = 0;
  int width_ = 0;
  int height_ = 0;
  std::ptrdiff_t stride_ = 0;
};

}  // namespace vedette::media
