// Names of objects: what a key may be in every store, and keys made from the content. Used by both
// stores and by whoever puts something in. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/error.hpp"

namespace vedette::blob {

/// Bytes of a key, and of one name between its slashes: what every file system and S3 take.
inline constexpr std::size_t kMostKeyBytes = 900;
inline constexpr std::size_t kMostNameBytes = 255;
/// Where a folder keeps what is being written; no key may begin with it.
inline constexpr std::string_view kIncoming = ".incoming";

/// A key is UTF-8 without control characters, "name/name/name": blanks, +, =, %, letters beyond
/// ASCII are fine; empty names, "." and ".." are not. kInvalid with what is wrong.
Result<void> check_key(std::string_view key);

/// What keys may begin with: as much of one as wanted, also in the middle of a name, also nothing.
Result<void> check_prefix(std::string_view prefix);

/// "stills/9f/9f86d0...0a08.jpg": the same content has the same key, so that storing it again is
/// harmless. `ending` is without its dot, and may be empty.
std::string content_key(std::string_view folder, const Sha256& digest, std::string_view ending);

}  // namespace vedette::blob
