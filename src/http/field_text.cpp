#include "http/field_text.hpp"

#include <algorithm>

namespace vedette::http {
namespace {

/// "1", "0.5", "0.125" in thousandths; nullopt for anything else.
std::optional<int> parse_quality(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int quality = (text[0] - '0') * 1000;
  text.remove_prefix(1);
  if (text.empty()) return quality;
  if (text[0] != '.' || text.size() > 4) return std::nullopt;
  text.remove_prefix(1);
  for (int scale = 100; !text.empty(); scale /= 10, text.remove_prefix(1)) {
    if (text[0] < '0' || text[0] > '9') return std::nullopt;
    quality += (text[0] - '0') * scale;
  }
  return quality > 1000 ? std::nullopt : std::optional(quality);
}

}  // namespace

AcceptedEncodings parse_accept_encoding(std::string_view value) {
  constexpr int kUnsaid = -1;
  int identity = kUnsaid;
  int gzip = kUnsaid;
  int brotli = kUnsaid;
  int any = kUnsaid;
  while (!value.empty()) {
    auto element = cut(value, ',');
    const auto coding = trim(cut(element, ';'));
    int quality = 1000;
    const auto parameter = trim(element);
    if (!parameter.empty()) {
      if (parameter.size() < 3 || to_lower(parameter[0]) != 'q' || parameter[1] != '=') continue;
      const auto parsed = parse_quality(parameter.substr(2));
      if (!parsed) continue;
      quality = *parsed;
    }
    if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip")) {
      gzip = quality;
    } else if (equals_ignoring_case(coding, "br")) {
      brotli = quality;
    } else if (equals_ignoring_case(coding, "identity")) {
      identity = quality;
    } else if (coding == "*") {
      any = quality;
    }
  }
  AcceptedEncodings accepted;
  accepted.gzip = gzip != kUnsaid ? gzip : std::max(any, 0);
  accepted.brotli = brotli != kUnsaid ? brotli : std::max(any, 0);
  // Identity is taken unless it is refused by name or by "*;q=0"; unsaid it loses to what is said.
  accepted.identity = identity != kUnsaid ? identity : (any == 0 ? 0 : 1);
  return accepted;
}

std::optional<std::string_view> find_cookie(std::string_view field, std::string_view name) {
  while (!field.empty()) {
    auto pair = cut(field, ';');
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    if (trim(pair.substr(0, equals)) != name) continue;
    auto value = trim(pair.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return value;
  }
  return std::nullopt;
}

bool etag_matches(std::string_view list, std::string_view etag) {
  if (trim(list) == "*") return true;
  while (!list.empty()) {
    const auto open = list.find('"');
    if (open == std::string_view::npos) return false;
    const auto close = list.find('"', open + 1);
    if (close == std::string_view::npos) return false;
    if (list.substr(open, close - open + 1) == etag) return true;
    list.remove_prefix(close + 1);
  }
  return false;
}

std::string_view media_type(std::string_view content_type) {
  return trim(content_type.substr(0, content_type.find(';')));
}

std::optional<std::string_view> field_parameter(std::string_view value, std::string_view name) {
  auto at = value.find(';');
  while (at != std::string_view::npos) {
    value.remove_prefix(at + 1);
    // A quoted value may hold semicolons.
    bool quoted = false;
    std::size_t end = 0;
    for (; end < value.size(); ++end) {
      if (quoted && value[end] == '\\') {
        ++end;
      } else if (value[end] == '"') {
        quoted = !quoted;
      } else if (value[end] == ';' && !quoted) {
        break;
      }
    }
    const auto parameter = value.substr(0, std::min(end, value.size()));
    at = end < value.size() ? end : std::string_view::npos;
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos) continue;
    if (!equals_ignoring_case(trim(parameter.substr(0, equals)), name)) continue;
    auto text = trim(parameter.substr(equals + 1));
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
      text = text.substr(1, text.size() - 2);
    }
    return text;
  }
  return std::nullopt;
}

}  // namespace vedette::http
