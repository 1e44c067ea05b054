// From a model's output tensors to boxes in the picture, before suppression. One decoder a layout;
// pure: nothing is kept between calls, and whatever the numbers are (NaN, infinite, huge) the boxes
// are inside the picture and their scores between 0 and 1. Only inside src/media.
#pragma once

#include <span>
#include <vector>

#include "base/error.hpp"
#include "media/detection.hpp"
#include "media/model_info.hpp"
#include "media/tensor.hpp"

namespace vedette::media {

/// What a decoder reports, out of what the model says.
struct Selection {
  float score_threshold = 0.1F;
  /// By class id: 1 = report. Classes beyond its end are not reported.
  std::vector<std::uint8_t> wanted;

  bool wants(std::size_t class_id) const { return class_id < wanted.size() && wanted[class_id]; }
};

/// YOLOX (Ge et al. 2021, arXiv 2107.08430): output [1, cells, 5 + classes], cells of the strides
/// 8, 16 and 32 in that order, rows first. Centre = (o + grid) * stride, size = exp(o) * stride, in
/// input pixels; score = objectness * class, both already sigmoid. The best class of all counts,
/// and the box is reported when that class is wanted. Appends to `into`. kCorrupt when the shape
/// does not fit the input.
Result<> decode_yolox(const Tensor& output, int input_width, int input_height,
                      const Selection& selection, const Placement& placement,
                      std::vector<Detection>& into);

/// SSD with suppression inside: [1, 1, N, 7] or [N, 7] of (image, class, score, x1, y1, x2, y2),
/// corners relative to the input, an image of -1 ends the list. Class ids are the model's own.
Result<> decode_ssd_detections(const Tensor& output, int input_width, int input_height,
                               const Selection& selection, const Placement& placement,
                               std::vector<Detection>& into);

/// SSD without suppression: boxes of N x 4 relative corners and scores of N x classes, sigmoid
/// done; leading and middle dimensions of 1 are ignored. The best wanted class of each box counts.
Result<> decode_ssd_raw(const Tensor& boxes, const Tensor& scores, bool boxes_y_first,
                        int input_width, int input_height, const Selection& selection,
                        const Placement& placement, std::vector<Detection>& into);

/// Whether an output's numbers can be boxes of its layout, and whether there is a name for each
/// class: kUnsupported with cause and remedy when most cannot. Looks at boxes of any score, so that
/// a model that was exported in another way is told from an empty road. What has another shape is
/// left to the decoders.
Result<> check_yolox(const Tensor& output, int input_width, int input_height, std::size_t names);
Result<> check_ssd_detections(const Tensor& output);
Result<> check_ssd_raw(const Tensor& boxes);

}  // namespace vedette::media
