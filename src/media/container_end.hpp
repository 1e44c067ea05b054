// Whether a file is as long as its own structure says: MP4 boxes, AVI's RIFF chunks, Matroska's
// elements. Counts of frames are no promise (AVI counts pictures that were never stored). Only
// inside src/media.
#pragma once

#include <string>
#include <string_view>

namespace vedette::media {

/// True when something the file says it holds lies past its end. False for containers that promise
/// nothing, and for what cannot be read. Reads a few bytes for each top-level part.
bool is_cut_off(const std::string& path, std::string_view format);

}  // namespace vedette::media
