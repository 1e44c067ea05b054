// What must be known about a model file to feed it and to read its outputs: the sidecar. Looked for
// next to the model as FILE.toml (yolox_nano.onnx.toml) or with .toml in place of the ending, then
// among those that come with Vedette (models/*.toml), by file name. Values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace vedette::media {

/// How a model's outputs become boxes.
enum class OutputLayout {
  kYolox,          ///< "yolox": [1, cells, 5 + classes], cells of strides 8, 16, 32, not decoded
  kSsdDetections,  ///< "ssd-detections": [1, 1, N, 7], suppression done inside the model
  kSsdRaw,         ///< "ssd-raw": boxes [1, N, 4] and scores [1, N, classes], no suppression
  kMotion,         ///< no model: the motion detector
};

/// The sidecar's word for a layout.
std::string_view name(OutputLayout layout);

enum class ColourOrder { kBgr, kRgb };
enum class Fit {
  kLetterbox,  ///< shape kept, top left, the rest filled with `pad`
  kStretch,    ///< filled whole
};

struct ModelInput {
  int width = 0;
  int height = 0;
  /// The model wants [1, 3, H, W]; else [1, H, W, 3].
  bool channels_first = true;
  ColourOrder colours = ColourOrder::kBgr;
  /// Each value becomes (value - mean) / scale.
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> scale{1, 1, 1};
  Fit fit = Fit::kLetterbox;
  std::uint8_t pad = 114;
};

struct Label {
  /// As the model's makers call it, for example "motorbike".
  std::string name;
  /// The word under which it is reported, which those who use the detector choose ("car"); empty:
  /// not of interest, never reported.
  std::string type;
};

struct ModelInfo {
  std::string name;
  std::string licence;
  std::string source;
  OutputLayout layout = OutputLayout::kYolox;
  ModelInput input;
  /// By class id.
  std::vector<Label> labels;
  /// ssd-raw: names of the two outputs; empty: told apart by their shapes.
  std::string boxes_output;
  std::string scores_output;
  /// ssd-raw: boxes are y1, x1, y2, x2 (TensorFlow); else x1, y1, x2, y2. Both relative, 0 to 1.
  bool boxes_y_first = true;
};

/// Reads a sidecar's text (at most 64 KiB). Strict: an unknown key, a wrong type or a missing value
/// is an error that names `file`, the line, and what would be right.
Result<ModelInfo> parse_model_info(std::string_view text, std::string_view file);

/// The description of this model file by the rule above. kUnsupported with a remedy when there is
/// none.
Result<ModelInfo> find_model_info(const std::filesystem::path& model);

}  // namespace vedette::media
