#include "http/response.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "base/text.hpp"
#include "http/field_text.hpp"

namespace vedette::http {

Response& Response::set(std::string_view name, std::string_view value) {
  constexpr std::string_view kForbidden("\r\n\0", 3);
  if (name.find_first_of(kForbidden) != std::string_view::npos ||
      value.find_first_of(kForbidden) != std::string_view::npos) {
    throw std::invalid_argument("a response field with a line break");
  }
  headers.emplace_back(name, value);
  return *this;
}

std::optional<std::string_view> Response::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return std::nullopt;
}

std::string_view Response::text() const {
  const auto* owned = std::get_if<std::string>(&body);
  return owned ? std::string_view(*owned) : std::string_view();
}

Response json(int status, std::string body) {
  return text(status, std::move(body), "application/json");
}

Response text(int status, std::string body, std::string_view content_type) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.set("Content-Type", content_type);
  return response;
}

Response empty(int status) {
  Response response;
  response.status = status;
  return response;
}

Response error(const Error& error, std::string_view detail) {
  std::string body = R"({"error":{"code":)";
  append_json_string(body, vedette::name(error.code));
  body += R"(,"message":)";
  append_json_string(body, error.message);
  if (!detail.empty()) {
    body += R"(,"detail":)";
    append_json_string(body, detail);
  }
  body += "}}";
  auto response = json(http_status(error.code), std::move(body));
  response.set("Cache-Control", "no-store");
  if (response.status == 503) response.set("Retry-After", "1");
  return response;
}

Response error(ErrorCode code, std::string message) {
  return error(Error{code, std::move(message), false, {}});
}

Response cached(std::shared_ptr<const CachedBody> body) {
  Response response;
  response.body = std::move(body);
  return response;
}

Response file(std::shared_ptr<const FileBody> body, std::string_view content_type,
              std::string_view cache_control) {
  Response response;
  response.set("Content-Type", content_type);
  response.set("Cache-Control", cache_control);
  response.body = std::move(body);
  return response;
}

Response stream(std::shared_ptr<Stream> stream, std::string_view content_type) {
  Response response;
  response.set("Content-Type", content_type);
  // Proxies must neither keep nor gather a stream.
  response.set("Cache-Control", "no-store");
  response.set("X-Accel-Buffering", "no");
  response.body = std::move(stream);
  return response;
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  out += '"';
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    if (c >= 0x80) {
      std::size_t length = 2;
      while (length <= 4 && length <= text.size() && !is_clean_utf8(text.substr(0, length))) {
        ++length;
      }
      const bool valid = length <= 4 && length <= text.size();
      out += valid ? text.substr(0, length) : kReplacement;
      text.remove_prefix(valid ? length : 1);
      continue;
    }
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (c < 0x20 || c == 0x7f) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
        } else {
          out += static_cast<char>(c);
        }
    }
    text.remove_prefix(1);
  }
  out += '"';
}

}  // namespace vedette::http
