#include "blob/key.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace vedette::blob {
namespace {

// For a message: short, and nothing that moves a terminal's cursor.
std::string shown(std::string_view text) {
  std::string clean;
  for (const char c : text.substr(0, 100)) {
    clean += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return clean;
}

std::unexpected<Error> refuse(std::string_view key, std::string_view why) {
  return fail(ErrorCode::kInvalid,
              fmt::format("\"{}\" cannot be the name of an object: {}", shown(key), why));
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// What holds for a whole key and for the beginning of one alike.
Result<void> check_text(std::string_view text) {
  if (text.size() > kMostKeyBytes) {
    return refuse(text, fmt::format("it is longer than {} bytes", kMostKeyBytes));
  }
  if (has_control(text)) return refuse(text, "it holds a control character");
  if (!is_clean_utf8(text)) return refuse(text, "it is not UTF-8");
  return {};
}

Result<void> check_name(std::string_view key, std::string_view name) {
  if (name.empty()) {
    return refuse(key, "it begins or ends with a slash, or has two in a row");
  }
  if (name == "." || name == "..") return refuse(key, "it holds the name . or ..");
  if (name.size() > kMostNameBytes) {
    return refuse(key, fmt::format("a name in it is longer than {} bytes", kMostNameBytes));
  }
  return {};
}

}  // namespace

Result<void> check_key(std::string_view key) {
  if (key.empty()) return refuse(key, "it is empty");
  VEDETTE_CHECK(check_text(key));
  if (key == kIncoming || key.starts_with(std::string(kIncoming) + '/')) {
    return refuse(key, fmt::format("{} is where a folder keeps what is being written", kIncoming));
  }
  for (std::size_t at = 0; at <= key.size();) {
    const auto end = std::min(key.find('/', at), key.size());
    VEDETTE_CHECK(check_name(key, key.substr(at, end - at)));
    at = end + 1;
  }
  return {};
}

Result<void> check_prefix(std::string_view prefix) {
  VEDETTE_CHECK(check_text(prefix));
  for (std::size_t at = 0; at < prefix.size();) {
    const auto end = prefix.find('/', at);
    if (end == std::string_view::npos) break;  // the beginning of a name
    VEDETTE_CHECK(check_name(prefix, prefix.substr(at, end - at)));
    at = end + 1;
  }
  return {};
}

std::string content_key(std::string_view folder, const Sha256& digest, std::string_view ending) {
  const auto hex = to_hex(digest);
  return fmt::format("{}/{}/{}{}{}", folder, std::string_view(hex).substr(0, 2), hex,
                     ending.empty() ? "" : ".", ending);
}

}  // namespace vedette::blob
