#include "http/request.hpp"

#include <algorithm>

#include "http/field_text.hpp"
#include "http/url_text.hpp"

namespace vedette::http {

std::string_view name(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
    case Method::kOptions:
      return "OPTIONS";
    case Method::kOther:
      break;
  }
  return "?";
}

void Headers::add(std::string_view name, std::string_view value) {
  fields_.push_back({static_cast<std::uint32_t>(text_.size()),
                     static_cast<std::uint32_t>(name.size()),
                     static_cast<std::uint32_t>(value.size())});
  text_ += name;
  text_ += value;
}

void Headers::clear() {
  text_.clear();
  fields_.clear();
}

std::pair<std::string_view, std::string_view> Headers::at(std::size_t index) const {
  const auto& field = fields_[index];
  const std::string_view text = text_;
  return {text.substr(field.offset, field.name_size),
          text.substr(field.offset + field.name_size, field.value_size)};
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].name_size != name.size()) continue;
    const auto [key, value] = at(i);
    if (equals_ignoring_case(key, name)) return value;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
  std::size_t n = 0;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (equals_ignoring_case(at(i).first, name)) ++n;
  }
  return n;
}

std::string_view Request::param(std::string_view name) const {
  for (const auto& [key, value] : params) {
    if (key == name) return value;
  }
  return {};
}

std::optional<std::string_view> Request::query(std::string_view name) const {
  for (const auto& [key, value] : queries) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Request::query_all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : queries) {
    if (key == name) values.push_back(value);
  }
  return values;
}

std::optional<std::string_view> Request::cookie(std::string_view name) const {
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto [key, value] = headers.at(i);
    if (!equals_ignoring_case(key, "cookie")) continue;
    if (auto found = find_cookie(value, name)) return found;
  }
  return std::nullopt;
}

bool Request::set_target(std::string_view raw) {
  target.assign(raw);
  queries.clear();
  path.clear();
  authority.clear();
  // The absolute form, which proxies send: "http://host/path".
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!raw.starts_with(scheme)) continue;
    raw.remove_prefix(scheme.size());
    authority.assign(raw.substr(0, raw.find_first_of("/?")));
    if (authority.empty()) return false;
    raw.remove_prefix(authority.size());
    if (raw.empty()) raw = "/";
    break;
  }
  const auto mark = raw.find('?');
  auto decoded = normalise_path(raw.substr(0, mark));
  if (!decoded) return false;
  if (mark != std::string_view::npos) {
    auto pairs = parse_query(raw.substr(mark + 1));
    if (!pairs) return false;
    queries = std::move(*pairs);
  }
  path = std::move(*decoded);
  return true;
}

Request make_request(Method method, std::string_view target, std::string body) {
  Request request;
  request.method = method;
  request.set_target(target);
  request.body = std::move(body);
  request.remote = "127.0.0.1";
  request.identity = {Identity::Kind::kLocal, {}};
  return request;
}

}  // namespace vedette::http
