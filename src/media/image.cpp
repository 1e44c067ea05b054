#include "media/image.hpp"

#include <cstring>
#include <new>

namespace vedette::media {
namespace {

// Rows start on this boundary: swscale and libjpeg-turbo then use their fast paths.
constexpr std::size_t kAlignment = 64;
// The same code may read a little past the last pixel.
constexpr std::size_t kSlack = 64;

}  // namespace

void Image::Free::operator()(std::uint8_t* bytes) const {
  ::operator delete[](bytes, std::align_val_t{kAlignment});
}

void Image::reset(int width, int height) {
  if (width <= 0 || height <= 0) {
    width_ = height_ = 0;
    stride_ = 0;
    return;
  }
  const auto stride =
      (static_cast<std::size_t>(width) * 3 + kAlignment - 1) / kAlignment * kAlignment;
  const auto needed = stride * static_cast<std::size_t>(height) + kSlack;
  if (needed > capacity_) {
    bytes_.reset(
        static_cast<std::uint8_t*>(::operator new[](needed, std::align_val_t{kAlignment})));
    capacity_ = needed;
  }
  width_ = width;
  height_ = height;
  stride_ = static_cast<std::ptrdiff_t>(stride);
}

void Image::fill(std::uint8_t blue, std::uint8_t green, std::uint8_t red) {
  for (int y = 0; y < height_; ++y) {
    auto* pixel = row(y);
    for (int x = 0; x < width_; ++x, pixel += 3) {
      pixel[0] = blue;
      pixel[1] = green;
      pixel[2] = red;
    }
  }
}

void Image::copy_to(Image& into) const {
  into.reset(width_, height_);
  for (int y = 0; y < height_; ++y) {
    std::memcpy(into.row(y), row(y), static_cast<std::size_t>(width_) * 3);
  }
}

}  // namespace vedette::media
