#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "media/output_decoder.hpp"
#include "media/suppression.hpp"

namespace vedette::media {
namespace {

constexpr std::size_t kDetectionValues = 7;

// The sizes of a shape without its ones.
struct Plain {
  std::size_t rows = 0;
  std::size_t columns = 0;
  bool is_right = false;
};

Plain as_table(const Tensor& tensor, std::size_t columns) {
  Plain plain;
  if (!tensor.is_consistent() || tensor.shape.back() == 0) return plain;
  plain.columns = tensor.shape.back();
  plain.rows = tensor.values.size() / plain.columns;
  std::size_t larger_than_one = 0;
  for (std::size_t i = 0; i + 1 < tensor.shape.size(); ++i) larger_than_one += tensor.shape[i] > 1;
  plain.is_right = larger_than_one <= 1 && (columns == 0 || plain.columns == columns);
  return plain;
}

// Relative corners to the picture's pixels.
Detection place(float x1, float y1, float x2, float y2, int input_width, int input_height,
                const Placement& placement) {
  const float scale_x = static_cast<float>(input_width) * placement.per_input_x;
  const float scale_y = static_cast<float>(input_height) * placement.per_input_y;
  return {.x1 = x1 * scale_x, .y1 = y1 * scale_y, .x2 = x2 * scale_x, .y2 = y2 * scale_y};
}

}  // namespace

Result<> decode_ssd_detections(const Tensor& output, int input_width, int input_height,
                               const Selection& selection, const Placement& placement,
                               std::vector<Detection>& into) {
  const auto table = as_table(output, kDetectionValues);
  if (!table.is_right) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("The model's output has the shape [{}], but the layout ssd-detections "
                            "gives [1, 1, N, 7]; correct the layout in the sidecar.",
                            fmt::join(output.shape, ", ")));
  }
  const float* row = output.values.data();
  for (std::size_t i = 0; i < table.rows; ++i, row += kDetectionValues) {
    if (!(row[0] >= 0)) break;
    const float score = row[2];
    const float class_value = row[1];
    if (!(score >= selection.score_threshold) || !(class_value >= 0) ||
        !(class_value < static_cast<float>(selection.wanted.size()))) {
      continue;
    }
    const auto class_id = static_cast<std::size_t>(class_value);
    if (!selection.wants(class_id)) continue;
    auto box = place(row[3], row[4], row[5], row[6], input_width, input_height, placement);
    box.score = std::min(score, 1.0F);
    box.class_id = static_cast<int>(class_id);
    if (cut_to_picture(box, placement.picture_width, placement.picture_height)) into.push_back(box);
  }
  return {};
}

Result<> decode_ssd_raw(const Tensor& boxes, const Tensor& scores, bool boxes_y_first,
                        int input_width, int input_height, const Selection& selection,
                        const Placement& placement, std::vector<Detection>& into) {
  const auto box_table = as_table(boxes, 4);
  const auto score_table = as_table(scores, 0);
  if (!box_table.is_right || !score_table.is_right || box_table.rows != score_table.rows) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("The model's outputs have the shapes [{}] and [{}], but the layout "
                            "ssd-raw gives boxes [1, N, 4] and scores [1, N, classes]; correct the "
                            "layout or the outputs' names in the sidecar.",
                            fmt::join(boxes.shape, ", "), fmt::join(scores.shape, ", ")));
  }
  const std::size_t classes = std::min(score_table.columns, selection.wanted.size());
  const float* score_row = scores.values.data();
  const float* corner = boxes.values.data();
  for (std::size_t i = 0; i < box_table.rows;
       ++i, score_row += score_table.columns, corner += box_table.columns) {
    float best = selection.score_threshold;
    std::size_t class_id = classes;
    for (std::size_t c = 0; c < classes; ++c) {
      if (score_row[c] >= best && selection.wanted[c] &&
          (class_id == classes || score_row[c] > best)) {
        best = score_row[c];
        class_id = c;
      }
    }
    if (class_id == classes) continue;
    auto box = boxes_y_first ? place(corner[1], corner[0], corner[3], corner[2], input_width,
                                     input_height, placement)
                             : place(corner[0], corner[1], corner[2], corner[3], input_width,
                                     input_height, placement);
    box.score = std::min(best, 1.0F);
    box.class_id = static_cast<int>(class_id);
    if (cut_to_picture(box, placement.picture_width, placement.picture_height)) into.push_back(box);
  }
  return {};
}

}  // namespace vedette::media
