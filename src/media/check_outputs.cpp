#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "media/output_decoder.hpp"

namespace vedette::media {
namespace {

constexpr std::array kStrides{8, 16, 32};
constexpr std::size_t kBoxValues = 5;
constexpr std::size_t kSsdRow = 7;
// exp() of more, times a stride, is larger than any picture.
constexpr float kMostExponent = 8;
// Relative corners may lie a little outside of the picture, and no model's lie far outside.
constexpr float kMostShare = 2;
// Of the boxes looked at, so many must make sense.
constexpr double kLeastShare = 0.5;

struct Tally {
  std::size_t all = 0;
  std::size_t finite = 0;
  std::size_t near = 0;  // finite, and not far outside of the picture

  void count(bool is_finite, bool is_near) {
    ++all;
    finite += is_finite ? 1 : 0;
    near += is_finite && is_near ? 1 : 0;
  }
  bool lacks(std::size_t good) const {
    return static_cast<double>(good) < kLeastShare * static_cast<double>(all);
  }
};

Result<> judge(const Tally& tally, std::string_view far_outside) {
  if (tally.all == 0) return {};
  if (tally.lacks(tally.finite)) {
    return fail(ErrorCode::kUnsupported,
                "The model gives no numbers (NaN or infinite) where boxes should be; export it "
                "again, in f32, or set watch.precision = \"f32\".");
  }
  if (tally.lacks(tally.near)) return fail(ErrorCode::kUnsupported, std::string(far_outside));
  return {};
}

}  // namespace

Result<> check_yolox(const Tensor& output, int input_width, int input_height, std::size_t names) {
  if (!output.is_consistent() || output.shape.size() != 3 || output.shape[2] <= kBoxValues) {
    return {};  // said by the decoder
  }
  const std::size_t width = output.shape[2];
  if (width != names + kBoxValues) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("The model tells {} classes apart, but its sidecar names {} labels; "
                            "each class needs its own, in the model's order.",
                            width - kBoxValues, names));
  }
  Tally tally;
  const float* row = output.values.data();
  const float* const end = row + output.values.size();
  for (const int stride : kStrides) {
    for (int y = 0; y < input_height / stride; ++y) {
      for (int x = 0; x < input_width / stride && row != end; ++x, row += width) {
        const bool is_finite =
            std::all_of(row, row + kBoxValues, [](float value) { return std::isfinite(value); });
        const float centre_x = (row[0] + static_cast<float>(x)) * static_cast<float>(stride);
        const float centre_y = (row[1] + static_cast<float>(y)) * static_cast<float>(stride);
        const bool is_near = row[2] <= kMostExponent && row[3] <= kMostExponent &&
                             std::abs(centre_x) <= kMostShare * static_cast<float>(input_width) &&
                             std::abs(centre_y) <= kMostShare * static_cast<float>(input_height);
        tally.count(is_finite, is_near);
      }
    }
  }
  return judge(tally,
               "The model's boxes lie far outside of any picture: it seems to decode them itself. "
               "Export it without that (YOLOX: without --decode_in_inference).");
}

Result<> check_ssd_detections(const Tensor& output) {
  if (!output.is_consistent() || output.shape.empty() || output.shape.back() != kSsdRow) return {};
  Tally tally;
  for (std::size_t i = 0; i + kSsdRow <= output.values.size(); i += kSsdRow) {
    const auto row = output.values.subspan(i, kSsdRow);
    if (row[0] < 0) break;
    if (row[2] == 0) continue;  // filling
    const bool is_finite =
        std::ranges::all_of(row, [](float value) { return std::isfinite(value); });
    const bool is_near = std::ranges::all_of(
        row.subspan(3), [](float value) { return std::abs(value) <= kMostShare; });
    tally.count(is_finite, is_near);
  }
  return judge(tally,
               "The model's boxes lie far outside of any picture: the layout ssd-detections has "
               "corners as shares of the picture, from 0 to 1, and not in pixels.");
}

Result<> check_ssd_raw(const Tensor& boxes) {
  if (!boxes.is_consistent() || boxes.shape.empty() || boxes.shape.back() != 4) return {};
  Tally tally;
  for (std::size_t i = 0; i + 4 <= boxes.values.size(); i += 4) {
    const auto row = boxes.values.subspan(i, 4);
    tally.count(
        std::ranges::all_of(row, [](float value) { return std::isfinite(value); }),
        std::ranges::all_of(row, [](float value) { return std::abs(value) <= kMostShare; }));
  }
  return judge(tally,
               "The model's boxes lie far outside of any picture: the layout ssd-raw has decoded "
               "corners as shares of the picture, from 0 to 1; neither pixels nor offsets to "
               "anchors.");
}

}  // namespace vedette::media
