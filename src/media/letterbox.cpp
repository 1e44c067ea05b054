#include "media/letterbox.hpp"

#include <algorithm>
#include <cstring>
#include <opencv2/imgproc.hpp>

namespace vedette::media {

Result<Placement> Letterbox::place(const Picture& picture, std::span<std::uint8_t> canvas) {
  const int width = picture.width();
  const int height = picture.height();
  int inner_width = input_.width;
  int inner_height = input_.height;
  Placement placement{.picture_width = width, .picture_height = height};
  if (input_.fit == Fit::kLetterbox) {
    const double scale = std::min(static_cast<double>(input_.width) / width,
                                  static_cast<double>(input_.height) / height);
    inner_width = std::clamp(static_cast<int>(width * scale), 1, input_.width);
    inner_height = std::clamp(static_cast<int>(height * scale), 1, input_.height);
    placement.per_input_x = placement.per_input_y = static_cast<float>(1 / scale);
  } else {
    placement.per_input_x = static_cast<float>(width) / static_cast<float>(input_.width);
    placement.per_input_y = static_cast<float>(height) / static_cast<float>(input_.height);
  }
  const auto row_bytes = static_cast<std::size_t>(input_.width) * 3;
  if (YuvScaler::takes(picture.frame())) {
    yuv_.scale(picture.frame(), inner_width, inner_height, canvas.data(),
               static_cast<std::ptrdiff_t>(row_bytes));
  } else {
    VEDETTE_CHECK(picture.to_bgr(width, height, bgr_));
    const cv::Mat from(height, width, CV_8UC3, bgr_.row(0),
                       static_cast<std::size_t>(bgr_.stride()));
    cv::Mat to(inner_height, inner_width, CV_8UC3, canvas.data(), row_bytes);
    cv::resize(from, to, to.size(), 0, 0, cv::INTER_LINEAR);
  }
  for (int y = 0; y < inner_height; ++y) {
    std::memset(canvas.data() + static_cast<std::size_t>(y) * row_bytes +
                    static_cast<std::size_t>(inner_width) * 3,
                input_.pad, static_cast<std::size_t>(input_.width - inner_width) * 3);
  }
  std::memset(canvas.data() + static_cast<std::size_t>(inner_height) * row_bytes, input_.pad,
              static_cast<std::size_t>(input_.height - inner_height) * row_bytes);
  return placement;
}

}  // namespace vedette::media
