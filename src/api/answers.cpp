#include "api/answers.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <cmath>
#include <iterator>
#include <utility>

namespace vedette::api {
namespace {

std::unexpected<Error> wrong(std::string_view field, std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message), std::string(field));
}

// Boost.JSON writes 250.5 as 2.505E2, which is right and unreadable.
void append(std::string& out, const json::value& value) {
  if (const json::object* object = value.if_object()) {
    char before = '{';
    for (const auto& [key, member] : *object) {
      out += std::exchange(before, ',');
      http::append_json_string(out, key);
      out += ':';
      append(out, member);
    }
    out += before == '{' ? "{}" : "}";
  } else if (const json::array* array = value.if_array()) {
    char before = '[';
    for (const json::value& element : *array) {
      out += std::exchange(before, ',');
      append(out, element);
    }
    out += before == '[' ? "[]" : "]";
  } else if (const json::string* text = value.if_string()) {
    http::append_json_string(out, *text);
  } else if (const double* number = value.if_double()) {
    // JSON has no word for infinity or "not a number".
    if (std::isfinite(*number)) {
      fmt::format_to(std::back_inserter(out), "{}", *number);
    } else {
      out += "null";
    }
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

double rounded(double value, double steps) {
  return std::round(value * steps) / steps;
}

json::value rounded_or_null(const std::optional<double>& value, double steps) {
  if (!value) return nullptr;
  return rounded(*value, steps);
}

std::string to_text(const json::value& value) {
  std::string text;
  append(text, value);
  return text;
}

http::Response answer(int status, const json::value& value) {
  return http::json(status, to_text(value));
}

http::Response refuse(const Error& error) {
  const bool is_input = error.code == ErrorCode::kInvalid || error.code == ErrorCode::kConflict;
  if (!is_input || error.detail.empty()) return http::error(error);
  const json::object body{
      {"error", {{"code", name(error.code)}, {"message", error.message}, {"field", error.detail}}}};
  return answer(http_status(error.code), body);
}

Result<json::object> object_of(const http::Request& request) {
  boost::system::error_code code;
  json::parse_options options;
  options.max_depth = 32;
  json::value value = json::parse(request.body, code, {}, options);
  if (code) return fail(ErrorCode::kInvalid, "The body is not JSON: " + code.message() + ".");
  if (!value.is_object()) return fail(ErrorCode::kInvalid, "The body must be a JSON object.");
  return std::move(value.as_object());
}

std::optional<json::value> Fields::take(std::string_view name) {
  const auto found = object_.find(name);
  if (found == object_.end()) return std::nullopt;
  json::value value = std::move(found->value());
  object_.erase(found);
  if (value.is_null()) return std::nullopt;
  return value;
}

Result<std::optional<std::string>> Fields::text(std::string_view name) {
  auto value = take(name);
  if (!value) return std::nullopt;
  if (!value->is_string()) return wrong(name, fmt::format("'{}' must be text.", name));
  std::string text(value->as_string());
  if (text.find('\0') != std::string::npos)
    return wrong(name, fmt::format("'{}' holds a zero byte.", name));
  return text;
}

Result<std::string> Fields::required_text(std::string_view name) {
  VEDETTE_TRY(value, text(name));
  if (!value) return wrong(name, fmt::format("'{}' is missing.", name));
  return std::move(*value);
}

Result<std::optional<double>> Fields::number(std::string_view name) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  if (!value->is_number()) return wrong(name, fmt::format("'{}' must be a number.", name));
  return value->to_number<double>();
}

Result<double> Fields::required_number(std::string_view name) {
  VEDETTE_TRY(value, number(name));
  if (!value) return wrong(name, fmt::format("'{}' is missing.", name));
  return *value;
}

Result<std::optional<bool>> Fields::boolean(std::string_view name) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  if (!value->is_bool()) return wrong(name, fmt::format("'{}' must be true or false.", name));
  return value->as_bool();
}

Result<std::optional<json::array>> Fields::list(std::string_view name) {
  auto value = take(name);
  if (!value) return std::nullopt;
  if (!value->is_array()) return wrong(name, fmt::format("'{}' must be a list.", name));
  return std::move(value->as_array());
}

Result<void> Fields::nothing_left() const {
  if (object_.empty()) return {};
  const std::string name(object_.begin()->key().substr(0, 64));
  return wrong(name, fmt::format("There is no field '{}'.", name));
}

}  // namespace vedette::api
