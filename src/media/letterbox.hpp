// Puts a picture into a network's input: scaled, top left, the rest filled. One a session; keeps
// its tables. Only inside src/media.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "media/model_info.hpp"
#include "media/picture.hpp"
#include "media/tensor.hpp"

namespace vedette::media {

class Letterbox {
 public:
  explicit Letterbox(const ModelInput& input) : input_(input) {}

  /// Writes the picture to `canvas` (height x width x 3 bytes, BGR) and says how it lies there.
  /// The canvas must be the same at every call for the same kind of picture, or new each time.
  Result<Placement> place(const Picture& picture, std::span<std::uint8_t> canvas);

 private:
  ModelInput input_;
  Image bgr_;
};

}  // namespace vedette::media
