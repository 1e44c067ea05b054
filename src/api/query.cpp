#include "api/query.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "config/table.hpp"

namespace vedette::api {

std::unexpected<Error> bad_parameter(std::string_view name, std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message), std::string(name));
}

std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t least,
                                         std::int64_t most) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    return std::nullopt;
  return value;
}

namespace {

// "camera_id" for "camera", "type" for "types", "form" for "from".
std::optional<std::string> meant(std::string_view word, std::span<const std::string> known) {
  for (const std::string& name : known) {
    if (word.size() > 2 && (word.starts_with(name) || name.starts_with(word))) return name;
  }
  return config::nearest(word, known);
}

}  // namespace

Result<void> only_parameters(const http::Request& request, std::span<const std::string> known) {
  for (const auto& [name, value] : request.queries) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const std::string shown = name.substr(0, 64);
    if (known.empty()) {
      return bad_parameter(shown,
                           fmt::format("There is no parameter '{}'; this takes none.", shown));
    }
    const auto hint = meant(name, known);
    return bad_parameter(shown,
                         fmt::format("There is no parameter '{}'{}. Those there are: {}.", shown,
                                     hint ? fmt::format("; did you mean '{}'?", *hint) : "",
                                     fmt::join(known, ", ")));
  }
  return {};
}

Result<Micros> offset_of(const http::Request& request) {
  const auto text = request.query("offset");
  if (!text || *text == "Z") return Micros{0};
  // A '+' that was not written %2B has become a blank.
  const bool has_form = text->size() == 6 && (*text)[3] == ':' &&
                        std::string_view("+- ").find((*text)[0]) != std::string_view::npos;
  const auto hours = has_form ? whole_number(text->substr(1, 2), 0, 14) : std::nullopt;
  const auto minutes = has_form ? whole_number(text->substr(4, 2), 0, 59) : std::nullopt;
  if (!hours || !minutes || *minutes % 5 != 0) {
    return bad_parameter("offset",
                         "'offset' must be a zone's distance from UTC, for example %2B05:30 or "
                         "-03:00, in whole five minutes, at most 14 hours.");
  }
  const Micros distance = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return (*text)[0] == '-' ? -distance : distance;
}

Result<std::vector<std::string>> list_of(const http::Request& request, std::string_view name) {
  std::vector<std::string> parts;
  for (std::string_view text : request.query_all(name)) {
    while (!text.empty()) {
      const std::size_t comma = std::min(text.find(','), text.size());
      if (comma > 64)
        return bad_parameter(name,
                             fmt::format("'{}' holds a name of more than 64 characters.", name));
      if (comma > 0) parts.emplace_back(text.substr(0, comma));
      text.remove_prefix(std::min(comma + 1, text.size()));
    }
  }
  if (parts.size() > 100)
    return bad_parameter(name, fmt::format("'{}' holds more than 100 names.", name));
  for (const std::string& part : parts) {
    if (part.find('\0') != std::string::npos)
      return bad_parameter(name, fmt::format("'{}' holds a zero byte.", name));
  }
  return parts;
}

Result<std::optional<Instant>> instant_of(const http::Request& request, std::string_view name) {
  const auto text = request.query(name);
  if (!text) return std::nullopt;
  const auto instant = from_rfc3339(*text);
  if (!instant) {
    return bad_parameter(
        name,
        fmt::format("'{}' is no time. It must look like 2026-11-22T15:00:00Z (a '+' of a zone "
                    "is written %2B in an address).",
                    name));
  }
  return instant;
}

Result<int> limit_of(const http::Request& request) {
  const auto text = request.query("limit");
  if (!text) return 1000;
  const auto value = whole_number(*text, 1, 10'000);
  if (!value) return bad_parameter("limit", "'limit' must be a whole number from 1 to 10000.");
  return static_cast<int>(*value);
}

// Keys with their lengths in front ("5:abcde"), as hexadecimal text.
std::string make_cursor(const std::vector<std::string>& keys) {
  std::string joined;
  for (const std::string& key : keys) joined += fmt::format("{}:{}", key.size(), key);
  std::string text;
  for (const char c : joined) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

Result<std::vector<std::string>> cursor_of(const http::Request& request, std::size_t count) {
  const auto text = request.query("cursor");
  if (!text || text->empty()) return std::vector<std::string>{};
  const auto wrong = [] {
    return bad_parameter("cursor",
                         "'cursor' must be the `next` of an earlier answer to the same question.");
  };
  if (text->size() > 1000 || text->size() % 2 != 0) return wrong();
  std::string joined;
  for (std::size_t i = 0; i < text->size(); i += 2) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text->data() + i, text->data() + i + 2, value, 16);
    if (error != std::errc{} || end != text->data() + i + 2) return wrong();
    joined += static_cast<char>(value);
  }
  std::vector<std::string> keys;
  std::string_view rest = joined;
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos) return wrong();
    const auto size = whole_number(rest.substr(0, colon), 0, 1000);
    if (!size || rest.size() - colon - 1 < static_cast<std::size_t>(*size)) return wrong();
    keys.emplace_back(rest.substr(colon + 1, static_cast<std::size_t>(*size)));
    if (keys.back().find('\0') != std::string::npos) return wrong();
    rest.remove_prefix(colon + 1 + static_cast<std::size_t>(*size));
  }
  if (keys.size() != count) return wrong();
  return keys;
}

Result<std::pair<std::optional<Instant>, std::int64_t>> record_cursor(
    const http::Request& request) {
  VEDETTE_TRY(keys, cursor_of(request, 2));
  if (keys.empty()) return std::pair<std::optional<Instant>, std::int64_t>{};
  const auto time = from_rfc3339(keys[0]);
  // Gaps that are in no table have negative ids.
  constexpr std::int64_t kMost = std::int64_t{1} << 62;
  const auto id = whole_number(keys[1], -kMost, kMost);
  if (!time || !id)
    return bad_parameter("cursor", "'cursor' must be the `next` of an earlier answer.");
  return std::pair<std::optional<Instant>, std::int64_t>{time, *id};
}

}  // namespace vedette::api
