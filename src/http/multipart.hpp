// Reads a multipart/form-data body (RFC 7578) that lies in memory. Nothing is copied: names and
// contents are views into the body. Pure; all bounds are the caller's.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace vedette::http {

struct FormPart {
  std::string_view name;
  /// As the client wrote it: may hold anything, never use it as a path. Present for files.
  std::optional<std::string_view> file_name;
  std::string_view content_type;  // empty: none given
  std::string_view content;
};

struct MultipartLimits {
  std::size_t parts = 32;
  std::size_t header_bytes = 4096;  // of one part
};

/// `content_type` is the request's field with its boundary. kUnsupported when it is not
/// multipart/form-data, kCorrupt for a broken body, kTooLarge when a limit is passed. The views
/// live as long as `body`.
Result<std::vector<FormPart>> parse_multipart(std::string_view content_type, std::string_view body,
                                              const MultipartLimits& limits = {});

}  // namespace vedette::http
