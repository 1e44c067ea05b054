// The model descriptions that come with Vedette: the text of models/*.toml, built in. Only inside
// src/media.
#pragma once

#include <span>
#include <string_view>

namespace vedette::media {

struct BuiltInSidecar {
  /// The file it is for, with ".toml" appended: "yolox_nano.onnx.toml".
  std::string_view file_name;
  std::string_view text;
};

std::span<const BuiltInSidecar> built_in_sidecars();

}  // namespace vedette::media
