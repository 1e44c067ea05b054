// Marks on pictures: boxes, lines, labels, in colours the caller chose. Sizes follow the picture,
// so that marks read well at 320x240 and at 1920x1080. Anything outside the picture is cut off.
// Thread-safe for different images.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "media/image.hpp"

namespace vedette::media {

struct Colour {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};

struct Point {
  float x = 0;
  float y = 0;
};

/// Width in pixels that a mark's line has on a picture of this size (1 at 320x240, 3 at 1080p).
int line_width(const Image& image);

void draw_box(Image& image, Point top_left, Point bottom_right, Colour colour);

/// A line through the points, back to the first one when `is_closed`.
void draw_polyline(Image& image, std::span<const Point> points, Colour colour,
                   bool is_closed = false);

void draw_dot(Image& image, Point centre, Colour colour);

/// An arrow from one point to another, for a line's counting direction.
void draw_arrow(Image& image, Point from, Point to, Colour colour);

/// Text on a filled box whose bottom left corner is at `anchor`; moved inside the picture where it
/// would leave it. ASCII; other characters show as "?".
void draw_label(Image& image, Point anchor, std::string_view text, Colour fill, Colour ink);

}  // namespace vedette::media
