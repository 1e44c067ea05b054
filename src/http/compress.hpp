// gzip and brotli of whole buffers. Internal to http. Pure, CPU-bound.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vedette::http {

/// False for media that are compressed already (JPEG, PNG, video, archives).
bool is_compressible(std::string_view content_type);

/// nullopt when the result would not be smaller, or memory is short.
std::optional<std::string> gzip(std::string_view bytes, int level = 6);
std::optional<std::string> brotli(std::string_view bytes, int quality = 5);

}  // namespace vedette::http
