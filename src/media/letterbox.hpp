// Puts a picture into a network's input: scaled, top left, the rest filled. One a session; keeps
// its tables. Only inside src/media.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "media/model_info.hpp"
#include "media/picture.hpp"
#include "media/tensor.hpp"
#include "media/yuv_scaler.hpp"

namespace vedette::media {

class Letterbox {
 public:
  explicit Letterbox(const ModelInput& input) : input_(input) {}

  /// Writes the picture to `canvas` (height x width x 3 bytes, BGR) and says how it lies there.
  Result<Placement> place(const Picture& picture, std::span<std::uint8_t> canvas);

 private:
  ModelInput input_;
  YuvScaler yuv_;
  Image bgr_;  // for kinds of pictures that yuv_ does not take
};

}  // namespace vedette::media
