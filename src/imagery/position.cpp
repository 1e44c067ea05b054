#include <fmt/format.h>

#include <array>
#include <cmath>

#include "imagery/read_metadata.hpp"

namespace vedette::imagery {
namespace {

constexpr std::uint16_t kLatitudeRef = 1;
constexpr std::uint16_t kLatitude = 2;
constexpr std::uint16_t kLongitudeRef = 3;
constexpr std::uint16_t kLongitude = 4;
constexpr std::uint16_t kAltitudeRef = 5;
constexpr std::uint16_t kAltitude = 6;
constexpr std::uint16_t kStatus = 9;
constexpr std::uint16_t kError = 31;

// One of the two angles of a position, and what is wrong with it.
struct Angle {
  std::optional<double> degrees;
  std::string problem;
};

struct Axis {
  std::uint16_t value;
  std::uint16_t reference;
  char positive;
  char negative;
  double most;
  std::string_view name;
  std::array<std::string_view, 2> words;
  std::initializer_list<std::string_view> xmp;
};

std::optional<bool> is_negative_side(const Axis& axis, const std::string& reference) {
  if (reference.empty()) return std::nullopt;
  const char letter = static_cast<char>(reference[0] >= 'a' ? reference[0] - 32 : reference[0]);
  if (letter == axis.negative) return true;
  if (letter == axis.positive) return false;
  return std::nullopt;
}

Angle read_angle(const PhotoTags& tags, const Xmp& xmp, const Axis& axis) {
  Angle angle;
  const auto in_xmp = xmp.number(axis.xmp);
  const auto parts = tags.gps_numbers(axis.value);
  if (parts.empty()) {
    if (in_xmp && std::abs(*in_xmp) <= axis.most) angle.degrees = in_xmp;
    return angle;
  }
  double degrees = 0;
  double unit = 1;
  for (const double part : parts) {
    if (!std::isfinite(part)) {
      angle.problem = fmt::format(
          "The file's {} is written as a fraction with denominator 0: the position is unknown.",
          axis.name);
      return angle;
    }
    degrees += part / unit;
    unit *= 60;
  }
  const bool is_signed = degrees < 0;
  degrees = std::abs(degrees);
  if (parts.size() > 3 || degrees > axis.most) {
    angle.problem =
        fmt::format("The file's {} of {:.4f} degrees is not on the Earth: the position is unknown.",
                    axis.name, degrees);
    return angle;
  }
  const auto is_negative = is_negative_side(axis, tags.gps_text(axis.reference));
  if (!is_negative) {
    // Without its letter the number does not say on which side of the Earth it is.
    if (in_xmp && std::abs(std::abs(*in_xmp) - degrees) < 0.01) {
      angle.degrees = in_xmp;
    } else if (degrees == 0) {
      angle.degrees = 0;
    } else {
      angle.problem =
          fmt::format("The file does not say whether its {} is {} or {}: the position is unknown.",
                      axis.name, axis.words[0], axis.words[1]);
    }
    return angle;
  }
  angle.degrees = *is_negative && degrees != 0 ? -degrees : degrees;
  const auto side = [&](bool negative) { return axis.words[negative ? 1 : 0]; };
  if (is_signed && !*is_negative) {
    angle.problem = fmt::format(
        "The file contradicts itself: the letter of its {} says {}, the sign {}. The letter was "
        "believed; check the place.",
        axis.name, side(false), side(true));
  } else if (in_xmp && std::abs(*in_xmp) > 0.01 && (*in_xmp < 0) != *is_negative) {
    angle.problem = fmt::format(
        "The file contradicts itself: its EXIF says {}, its XMP {}. EXIF was believed; check the "
        "place.",
        side(*is_negative), side(!*is_negative));
  }
  return angle;
}

}  // namespace

void read_position(const PhotoTags& tags, const Xmp& xmp, Metadata& into) {
  const Axis north{kLatitude,
                   kLatitudeRef,
                   'N',
                   'S',
                   90,
                   "latitude",
                   {"north", "south"},
                   {"drone-dji:GpsLatitude", "Camera:GPSLatitude"}};
  // DJI wrote the second name for years.
  const Axis east{kLongitude,
                  kLongitudeRef,
                  'E',
                  'W',
                  180,
                  "longitude",
                  {"east", "west"},
                  {"drone-dji:GpsLongitude", "drone-dji:GpsLongtitude", "Camera:GPSLongitude"}};
  if (tags.gps_text(kStatus) == "V") {
    into.position_problem = "The receiver had no position when the picture was taken.";
    return;
  }
  const Angle latitude = read_angle(tags, xmp, north);
  const Angle longitude = read_angle(tags, xmp, east);
  for (const Angle* angle : {&latitude, &longitude}) {
    if (into.position_problem.empty()) into.position_problem = angle->problem;
  }
  if (!latitude.degrees || !longitude.degrees) {
    if (into.position_problem.empty()) {
      into.position_problem = latitude.degrees || longitude.degrees
                                  ? "The file holds half a position: the position is unknown."
                                  : "The file holds no position.";
    }
    return;
  }
  Position position;
  position.latitude = *latitude.degrees;
  position.longitude = *longitude.degrees;
  const auto altitude = tags.gps_numbers(kAltitude);
  if (altitude.size() == 1 && std::isfinite(altitude[0]) && std::abs(altitude[0]) < 20'000) {
    const auto below = tags.gps_numbers(kAltitudeRef);
    const bool is_below = !below.empty() && below[0] == 1;
    position.altitude_m = is_below ? -std::abs(altitude[0]) : altitude[0];
  } else if (const auto in_xmp = xmp.number({"drone-dji:AbsoluteAltitude"});
             in_xmp && std::abs(*in_xmp) < 20'000) {
    position.altitude_m = in_xmp;
  }
  const auto error = tags.gps_numbers(kError);
  if (error.size() == 1 && std::isfinite(error[0]) && error[0] > 0) {
    position.accuracy_m = error[0];
  } else if (const auto in_xmp = xmp.number({"Camera:GPSXYAccuracy", "drone-dji:RtkStdLat"});
             in_xmp && *in_xmp > 0) {
    position.accuracy_m = in_xmp;
  }
  into.position = position;
}

}  // namespace vedette::imagery
