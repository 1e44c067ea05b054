#include "media/draw.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <string>

namespace vedette::media {
namespace {

// OpenCV draws with coordinates in units of 1/16 pixel, kept far from its integers' limits.
constexpr int kShift = 4;
constexpr float kFarthest = 30'000;

cv::Mat as_mat(Image& image) {
  return {image.height(), image.width(), CV_8UC3, image.row(0),
          static_cast<std::size_t>(image.stride())};
}

cv::Scalar as_scalar(Colour colour) {
  return {static_cast<double>(colour.blue), static_cast<double>(colour.green),
          static_cast<double>(colour.red)};
}

cv::Point fine(Point point) {
  const auto part = [](float value) {
    if (!std::isfinite(value)) value = 0;
    return static_cast<int>(
        std::lrint(std::clamp(value, -kFarthest, kFarthest) * static_cast<float>(1 << kShift)));
  };
  return {part(point.x), part(point.y)};
}

struct Font {
  int face = cv::FONT_HERSHEY_SIMPLEX;
  double scale = 0.4;
  int thickness = 1;
  int margin = 2;
};

Font font_for(const Image& image) {
  Font font;
  const int side = std::min(image.width(), image.height());
  font.scale = std::clamp(side / 900.0, 0.36, 1.6);
  font.thickness = font.scale >= 0.75 ? 2 : 1;
  font.margin = std::max(2, static_cast<int>(font.scale * 6));
  return font;
}

// The font knows ASCII only: a character of several bytes becomes one question mark.
std::string ascii(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      out += c;
    } else if ((byte & 0xC0) != 0x80) {
      out += '?';
    }
  }
  return out;
}

}  // namespace

int line_width(const Image& image) {
  return std::clamp((std::min(image.width(), image.height()) + 180) / 360, 1, 6);
}

void draw_box(Image& image, Point top_left, Point bottom_right, Colour colour) {
  if (image.is_empty()) return;
  auto mat = as_mat(image);
  cv::rectangle(mat, fine(top_left), fine(bottom_right), as_scalar(colour), line_width(image),
                cv::LINE_8, kShift);
}

void draw_polyline(Image& image, std::span<const Point> points, Colour colour, bool is_closed) {
  if (image.is_empty() || points.empty()) return;
  auto mat = as_mat(image);
  for (std::size_t i = 1; i < points.size() + (is_closed ? 1 : 0); ++i) {
    cv::line(mat, fine(points[i - 1]), fine(points[i % points.size()]), as_scalar(colour),
             line_width(image), cv::LINE_AA, kShift);
  }
}

void draw_dot(Image& image, Point centre, Colour colour) {
  if (image.is_empty()) return;
  auto mat = as_mat(image);
  cv::circle(mat, fine(centre), (line_width(image) + 2) << kShift, as_scalar(colour), cv::FILLED,
             cv::LINE_AA, kShift);
}

void draw_arrow(Image& image, Point from, Point to, Colour colour) {
  const float dx = to.x - from.x;
  const float dy = to.y - from.y;
  const float length = std::hypot(dx, dy);
  if (!(length > 0) || !std::isfinite(length)) return;
  const float head = std::min(length / 2, 5.0F * static_cast<float>(line_width(image)) + 2);
  const float ux = dx / length * head;
  const float uy = dy / length * head;
  const Point left{to.x - ux - uy * 0.6F, to.y - uy + ux * 0.6F};
  const Point right{to.x - ux + uy * 0.6F, to.y - uy - ux * 0.6F};
  const Point shaft[] = {from, to};
  const Point tip[] = {left, to, right};
  draw_polyline(image, shaft, colour);
  draw_polyline(image, tip, colour);
}

void draw_label(Image& image, Point anchor, std::string_view text, Colour fill, Colour ink) {
  if (image.is_empty() || text.empty()) return;
  auto mat = as_mat(image);
  const auto font = font_for(image);
  const auto shown = ascii(text.substr(0, 200));
  int below = 0;
  const auto size = cv::getTextSize(shown, font.face, font.scale, font.thickness, &below);
  const int width = size.width + 2 * font.margin;
  const int height = size.height + below + 2 * font.margin;
  const auto whole = [](float value, int highest) {
    if (!std::isfinite(value)) return 0;
    return static_cast<int>(std::clamp(value, 0.0F, static_cast<float>(std::max(0, highest))));
  };
  const int x = whole(anchor.x, image.width() - width);
  const int y = whole(anchor.y - static_cast<float>(height), image.height() - height);
  cv::rectangle(mat, cv::Rect(x, y, width, height), as_scalar(fill), cv::FILLED);
  cv::putText(mat, shown, {x + font.margin, y + font.margin + size.height}, font.face, font.scale,
              as_scalar(ink), font.thickness, cv::LINE_AA);
}

}  // namespace vedette::media
