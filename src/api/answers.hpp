// The JSON of the API's answers, and reading JSON bodies. Private to src/api: the only place where
// Boost.JSON shows.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"
#include "http/request.hpp"
#include "http/response.hpp"

namespace vedette::api {

namespace json = boost::json;

/// Null when absent.
template <class T>
json::value or_null(const std::optional<T>& value) {
  if (!value) return nullptr;
  return json::value(*value);
}
inline json::value or_null(const std::optional<Instant>& value) {
  if (!value) return nullptr;
  return json::value(to_rfc3339(*value));
}
/// Null when empty.
inline json::value text_or_null(std::string_view text) {
  if (text.empty()) return nullptr;
  return json::value(text);
}

/// To 1/`steps`: 10 is one decimal.
double rounded(double value, double steps);
json::value rounded_or_null(const std::optional<double>& value, double steps);

/// One line of JSON with numbers as people write them.
std::string to_text(const json::value& value);

http::Response answer(int status, const json::value& value);

/// The error's answer; its `detail` is the name of the wrong field when the code says that the
/// input was wrong.
http::Response refuse(const Error& error);

/// The body as a JSON object: kInvalid when it is none, has over 32 levels, or repeats a key.
Result<json::object> object_of(const http::Request& request);

/// Fields of an object that have to be of a type; the error names the field. Unknown fields are
/// found by `leftover`.
class Fields {
 public:
  explicit Fields(json::object object) : object_(std::move(object)) {}

  Result<std::optional<std::string>> text(std::string_view name);
  Result<std::string> required_text(std::string_view name);
  Result<std::optional<double>> number(std::string_view name);
  Result<double> required_number(std::string_view name);
  Result<std::optional<bool>> boolean(std::string_view name);
  Result<std::optional<json::array>> list(std::string_view name);
  /// kInvalid naming a field that nobody asked for.
  Result<void> nothing_left() const;

 private:
  std::optional<json::value> take(std::string_view name);
  json::object object_;
};

}  // namespace vedette::api
