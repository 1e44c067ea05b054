#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "media/output_decoder.hpp"
#include "media/suppression.hpp"

namespace vedette::media {
namespace {

constexpr std::array kStrides{8, 16, 32};
constexpr std::size_t kBoxValues = 5;
// exp() of more would make boxes larger than any picture.
constexpr float kMaxExponent = 12;

}  // namespace

Result<> decode_yolox(const Tensor& output, int input_width, int input_height,
                      const Selection& selection, const Placement& placement,
                      std::vector<Detection>& into) {
  std::size_t cells = 0;
  for (const int stride : kStrides) {
    cells += static_cast<std::size_t>(input_width / stride) *
             static_cast<std::size_t>(input_height / stride);
  }
  const auto& shape = output.shape;
  const bool is_right = output.is_consistent() && shape.size() == 3 && shape[0] == 1 &&
                        shape[1] == cells && shape[2] > kBoxValues;
  if (!is_right) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("The model's output has the shape [{}], but the layout yolox with an "
                            "input of {}x{} gives [1, {}, 5 + classes]; correct layout or input in "
                            "the sidecar. Known layouts: yolox, ssd-detections, ssd-raw. YOLOv5 to "
                            "YOLO11 (boxes decoded inside, often turned round) and NanoDet are "
                            "none of them.",
                            fmt::join(shape, ", "), input_width, input_height, cells));
  }

  const std::size_t width = shape[2];
  const float* row = output.values.data();
  for (const int stride : kStrides) {
    const int columns = input_width / stride;
    const int rows = input_height / stride;
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x, row += width) {
        // Score = objectness * class cannot exceed objectness: most cells end here. Not <, so that
        // NaN ends here too.
        const float objectness = row[4];
        if (!(objectness >= selection.score_threshold)) continue;
        const float* classes = row + kBoxValues;
        const float* best = std::max_element(classes, row + width);
        const float score = objectness * *best;
        const auto class_id = static_cast<std::size_t>(best - classes);
        if (!(score >= selection.score_threshold) || !selection.wants(class_id)) continue;
        const auto step = static_cast<float>(stride);
        const float centre_x = (row[0] + static_cast<float>(x)) * step;
        const float centre_y = (row[1] + static_cast<float>(y)) * step;
        const float half_width = std::exp(std::min(row[2], kMaxExponent)) * step / 2;
        const float half_height = std::exp(std::min(row[3], kMaxExponent)) * step / 2;
        Detection box{.x1 = (centre_x - half_width) * placement.per_input_x,
                      .y1 = (centre_y - half_height) * placement.per_input_y,
                      .x2 = (centre_x + half_width) * placement.per_input_x,
                      .y2 = (centre_y + half_height) * placement.per_input_y,
                      .score = std::min(score, 1.0F),
                      .class_id = static_cast<int>(class_id)};
        if (cut_to_picture(box, placement.picture_width, placement.picture_height)) {
          into.push_back(box);
        }
      }
    }
  }
  return {};
}

}  // namespace vedette::media
