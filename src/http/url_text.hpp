// Reads the two halves of a request target: path and query. Pure functions over foreign bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vedette::http {

/// Replaces %XX. nullopt for a broken escape, or a result that is not clean UTF-8.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// "a=1&b=%20" to decoded pairs, in order. nullopt for broken escapes or more than 256 pairs.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view text);

/// The decoded path: begins with "/", repeated slashes become one, a slash at the end is dropped.
/// nullopt for what no honest client sends: "." and ".." segments, encoded slashes, backslashes,
/// control characters, broken escapes, bytes that are not UTF-8.
std::optional<std::string> normalise_path(std::string_view raw);

}  // namespace vedette::http
