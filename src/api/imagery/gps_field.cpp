#include "api/imagery/gps_field.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <string>

#include "api/answers.hpp"
#include "base/text.hpp"

namespace vedette::api {
namespace {

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::kInvalid, "The field 'gps': " + std::move(message), "gps");
}

// A number, also one written as text.
std::optional<double> number_of(const json::value& value) {
  if (value.is_number()) return value.to_number<double>();
  const auto* written = value.if_string();
  if (written == nullptr) return std::nullopt;
  const std::string_view text = trim(std::string_view(written->data(), written->size()));
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The first of these that is there and not null.
const json::value* first_of(const json::object& object,
                            std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const json::value* value = object.if_contains(name);
    if (value != nullptr && !value->is_null()) return value;
  }
  return nullptr;
}

Result<std::optional<double>> optional_number(const json::object& object,
                                              std::initializer_list<std::string_view> names,
                                              double most) {
  const json::value* value = first_of(object, names);
  if (value == nullptr) return std::nullopt;
  const auto number = number_of(*value);
  if (!number || !std::isfinite(*number) || std::abs(*number) > most) {
    return wrong(fmt::format("'{}' is no usable number.", *names.begin()));
  }
  return number;
}

// What cannot be read as a time is no reason to lose a picture: it has none then.
std::optional<Instant> time_of(const json::object& object) {
  const json::value* value = first_of(object, {"timestamp", "captured_at", "time"});
  if (value == nullptr) return std::nullopt;
  if (const auto* text = value->if_string()) {
    if (const auto at = from_rfc3339(std::string_view(text->data(), text->size()))) return at;
  }
  const auto milliseconds = number_of(*value);
  constexpr double kMost = 253402300799000.0;  // the year 9999
  if (!milliseconds || !(*milliseconds >= 0) || *milliseconds > kMost) return std::nullopt;
  return from_micros(std::llround(*milliseconds * 1000.0));
}

}  // namespace

Result<std::optional<imagery::ImagePosition>> read_gps(std::string_view text) {
  text = trim(text);
  if (text.empty()) return std::nullopt;
  boost::system::error_code failed;
  json::parse_options options;
  options.max_depth = 8;
  const json::value value = json::parse(text, failed, {}, options);
  if (failed) return wrong("it is not JSON.");
  if (value.is_null()) return std::nullopt;
  const json::object* object = value.if_object();
  if (object == nullptr) return wrong("it must be an object with latitude and longitude.");
  const json::value* latitude = first_of(*object, {"latitude", "lat"});
  const json::value* longitude = first_of(*object, {"longitude", "lng", "lon"});
  if (latitude == nullptr && longitude == nullptr) return std::nullopt;
  const auto north = latitude != nullptr ? number_of(*latitude) : std::nullopt;
  const auto east = longitude != nullptr ? number_of(*longitude) : std::nullopt;
  if (!north || !(std::abs(*north) <= 90)) {
    return wrong("'latitude' must be a number from -90 to 90.");
  }
  if (!east || !(std::abs(*east) <= 180)) {
    return wrong("'longitude' must be a number from -180 to 180.");
  }
  imagery::ImagePosition position{.latitude = *north, .longitude = *east};
  VEDETTE_TRY(altitude, optional_number(*object, {"altitude", "alt"}, 1e6));
  VEDETTE_TRY(accuracy, optional_number(*object, {"accuracy"}, 1e9));
  VEDETTE_TRY(heading, optional_number(*object, {"heading", "bearing"}, 1e6));
  VEDETTE_TRY(speed, optional_number(*object, {"speed", "ground_speed", "groundSpeed"}, 1e6));
  position.altitude = altitude;
  position.accuracy = accuracy;
  position.heading = heading;
  position.speed = speed;
  position.ground_speed = speed;
  position.captured_at = time_of(*object);
  return position;
}

}  // namespace vedette::api
