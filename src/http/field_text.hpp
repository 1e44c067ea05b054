// Reads the values of header fields that need more than a comparison: Accept-Encoding, Cookie,
// If-None-Match, Content-Type. Pure functions over foreign bytes; views point into the argument.
#pragma once

#include <optional>
#include <string_view>

#include "base/text.hpp"

namespace vedette::http {

/// What a client takes, as qualities from 0 (refused) to 1000.
struct AcceptedEncodings {
  int identity = 1000;
  int gzip = 0;
  int brotli = 0;
};
/// RFC 9110 12.5.3. Elements that do not parse are skipped; an absent field is `{}` to the caller.
AcceptedEncodings parse_accept_encoding(std::string_view value);

/// The value of the first cookie of that name in a Cookie field; RFC 6265, quotes removed.
std::optional<std::string_view> find_cookie(std::string_view field, std::string_view name);

/// True when an If-None-Match list holds `etag` (quoted, strong) by weak comparison, or is "*".
bool etag_matches(std::string_view list, std::string_view etag);

/// "application/json; charset=utf-8" to "application/json", as written.
std::string_view media_type(std::string_view content_type);
/// A parameter of a Content-Type or Content-Disposition value, quotes removed; nullopt when absent.
/// Escapes inside quotes are not resolved.
std::optional<std::string_view> field_parameter(std::string_view value, std::string_view name);

}  // namespace vedette::http
