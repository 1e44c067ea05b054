// A model's output tensors: any numbers in any shape become boxes inside the picture, or an error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "media/output_decoder.hpp"
#include "media/suppression.hpp"

namespace {

using namespace vedette::media;

// Takes the input apart from its front.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  std::uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  std::vector<float> floats() {
    std::vector<float> values(left_ / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), data_, values.size() * sizeof(float));
    left_ = 0;
    return values;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

void check(const std::vector<Detection>& boxes, const Placement& placement, std::size_t classes) {
  for (const auto& box : boxes) {
    const bool is_sound = box.x1 >= 0 && box.y1 >= 0 && box.x1 < box.x2 && box.y1 < box.y2 &&
                          box.x2 <= static_cast<float>(placement.picture_width) &&
                          box.y2 <= static_cast<float>(placement.picture_height) && box.score > 0 &&
                          box.score <= 1 && box.class_id >= 0 &&
                          static_cast<std::size_t>(box.class_id) < classes;
    if (!is_sound) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const auto kind = bytes.byte();
  Selection selection{.score_threshold = static_cast<float>(bytes.byte() + 1) / 256, .wanted = {}};
  for (int i = bytes.byte() % 12; i > 0; --i) selection.wanted.push_back(bytes.byte() & 1);
  std::vector<std::size_t> shape;
  for (int i = bytes.byte() % 5; i > 0; --i) shape.push_back(bytes.byte());
  const bool is_free_shape = (kind & 0x40) != 0;
  const Placement placement{.per_input_x = static_cast<float>(bytes.byte()) / 16,
                            .per_input_y = static_cast<float>(bytes.byte()) / 16,
                            .picture_width = bytes.byte() + 1,
                            .picture_height = bytes.byte() + 1};
  auto values = bytes.floats();
  const std::size_t columns = kind % 3 == 0 ? 8 : kind % 3 == 1 ? 7 : 4;
  if (!is_free_shape) {
    // A right shape, so that the numbers are looked at; yolox at 32 x 32 has 16 + 4 + 1 cells.
    const std::size_t rows = kind % 3 == 0 ? 21 : values.size() / columns;
    values.resize(rows * columns);
    shape = {1, rows, columns};
  }
  const Tensor tensor{.values = values, .shape = shape};
  std::vector<Detection> boxes;
  switch (kind % 3) {
    case 0:
      (void)decode_yolox(tensor, 32, 32, selection, placement, boxes);
      break;
    case 1:
      (void)decode_ssd_detections(tensor, 300, 300, selection, placement, boxes);
      break;
    default:
      (void)decode_ssd_raw(tensor, tensor, (kind & 0x20) != 0, 300, 300, selection, placement,
                           boxes);
  }
  check(boxes, placement, selection.wanted.size());
  Suppressor({.iou = 0.45F, .covered = 0.85F, .per_class = (kind & 0x10) != 0}).apply(boxes);
  check(boxes, placement, selection.wanted.size());
  return 0;
}
