// A model's output as decoders see it: numbers and a shape, borrowed from the engine until its next
// run. Only inside src/media.
#pragma once

#include <cstddef>
#include <span>

namespace vedette::media {

struct Tensor {
  std::span<const float> values;
  std::span<const std::size_t> shape;

  /// Whether the shape names exactly as many numbers as there are.
  bool is_consistent() const {
    if (shape.empty()) return false;
    std::size_t count = 1;
    for (const auto size : shape) {
      if (size == 0 || size > values.size() || count > values.size() / size) return false;
      count *= size;
    }
    return count == values.size();
  }
};

/// How network input pixels lie in the picture: picture = input * per_input.
struct Placement {
  float per_input_x = 1;
  float per_input_y = 1;
  int picture_width = 0;
  int picture_height = 0;
};

}  // namespace vedette::media
