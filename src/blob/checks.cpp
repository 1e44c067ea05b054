#include "blob/checks.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vedette::blob {

std::unexpected<Error> stopped() {
  return fail(ErrorCode::kCancelled, "asked to stop");
}

Result<void> check_range(std::string_view key, const ByteRange& range, std::uint64_t size) {
  if (range.last && *range.last < range.first) {
    return fail(ErrorCode::kInvalid,
                fmt::format("bytes {} to {} are no range", range.first, *range.last));
  }
  if (range.first >= size) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} has {} bytes; there is none from {} on", key, size, range.first));
  }
  return {};
}

std::uint64_t end_of(const ByteRange& range, std::uint64_t size) {
  // Bounded before one is added: the last may be the largest number there is.
  return std::min(size - 1, range.last.value_or(UINT64_MAX)) + 1;
}

Result<void> check_digest(std::string_view key, const Sha256& wanted, std::string_view found,
                          std::string_view place) {
  if (found == as_bytes(wanted)) return {};
  return fail(ErrorCode::kCorrupt,
              fmt::format("{} in {} is damaged: its content is not what was stored (SHA-256 {} "
                          "in place of {}); store it again",
                          key, place, to_hex(found), to_hex(wanted)));
}

Result<void> check_content_type(std::string_view type) {
  const bool is_plain = std::ranges::all_of(type, [](char c) { return c >= ' ' && c < 0x7f; });
  if (type.empty() || type.size() > 255 || !is_plain) {
    return fail(ErrorCode::kInvalid, "a content type is a word like image/jpeg");
  }
  return {};
}

}  // namespace vedette::blob
