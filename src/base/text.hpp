// The few things everybody does with text that came from outside: whether it is UTF-8, blanks off
// its ends, comparing without regard to case, cutting at a character. Pure functions over bytes;
// views point into the argument. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vedette {

/// True for well-formed UTF-8 without NUL: no overlong forms, no surrogates, nothing past U+10FFFF.
bool is_clean_utf8(std::string_view text);

/// Without the spaces, tabs and line ends at both ends.
std::string_view trim(std::string_view text);

/// Letters from A to Z made small; every other byte stays what it is.
constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
std::string to_lower(std::string_view text);
/// Regardless of the case of A to Z.
bool equals_ignoring_case(std::string_view a, std::string_view b);

/// Takes the text up to `separator` off the front of `rest`, the separator with it; all of it when
/// there is none.
std::string_view cut(std::string_view& rest, char separator);

/// The words between separators, trimmed; empty ones are left out.
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace vedette
