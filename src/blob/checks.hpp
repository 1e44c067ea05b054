// What both stores check and say in the same words: ranges, digests, content types, stops. Private
// to src/blob. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "blob/store.hpp"

namespace vedette::blob {

/// kCancelled.
std::unexpected<Error> stopped();

/// kInvalid for a range that begins behind the end, or ends before it begins.
Result<void> check_range(std::string_view key, const ByteRange& range, std::uint64_t size);

/// The first byte behind the range in an object of `size` bytes, which has range.first.
std::uint64_t end_of(const ByteRange& range, std::uint64_t size);

/// kCorrupt when the content's SHA-256 (as bytes) is another.
Result<void> check_digest(std::string_view key, const Sha256& wanted, std::string_view found,
                          std::string_view place);

/// kInvalid for what cannot be a Content-Type.
Result<void> check_content_type(std::string_view type);

}  // namespace vedette::blob
