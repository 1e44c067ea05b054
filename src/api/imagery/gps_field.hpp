// The `gps` field of an upload, JSON as phones, drones' apps and the original's scripts write it.
// Pure, over foreign bytes. Private to src/api/imagery.
#pragma once

#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "imagery/image_store.hpp"

namespace vedette::api {

/// `latitude`, `longitude` (or `lat`, `lng`, `lon`), `altitude`, `accuracy`, `heading` or
/// `bearing`, `speed`, `timestamp` (milliseconds, or RFC 3339). Nothing for empty text, null, and
/// an object without either coordinate. kInvalid, with the field "gps": what is no position. Zero
/// is a position like any other.
Result<std::optional<imagery::ImagePosition>> read_gps(std::string_view text);

}  // namespace vedette::api
