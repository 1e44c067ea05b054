// Light on the level ground from a tilted sunlight sensor. Published: MicaSense tutorial 3 (Fresnel
// transmission through the diffuser, diffuse part of a clear sky of one sixth); sun position after
// Meeus, Astronomical Algorithms, chapters 22, 25 and 12, without refraction.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "imagery/radiometry.hpp"

namespace vedette::imagery {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr double kDiffuse = 1.0 / 6;

using Vector = std::array<double, 3>;

// Of the sun, in north, east, down.
Vector sun_direction(Instant time, const Position& position) {
  const double days = to_seconds(Micros{to_micros(time)}) / 86400 + 2440587.5;
  const double t = (days - 2451545.0) / 36525;
  const double length = std::fmod(280.46646 + t * (36000.76983 + t * 0.0003032), 360);
  const double anomaly = (357.52911 + t * (35999.05029 - 0.0001537 * t)) * kDegree;
  const double centre = std::sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t)) +
                        std::sin(2 * anomaly) * (0.019993 - 0.000101 * t) +
                        std::sin(3 * anomaly) * 0.000289;
  const double node = (125.04 - 1934.136 * t) * kDegree;
  const double apparent = (length + centre - 0.00569 - 0.00478 * std::sin(node)) * kDegree;
  const double obliquity =
      (23 + (26 + (21.448 - t * (46.815 + t * (0.00059 - t * 0.001813))) / 60) / 60 +
       0.00256 * std::cos(node)) *
      kDegree;
  const double declination = std::asin(std::sin(obliquity) * std::sin(apparent));
  const double ascension = std::atan2(std::cos(obliquity) * std::sin(apparent), std::cos(apparent));
  const double sidereal = std::fmod(280.46061837 + 360.98564736629 * (days - 2451545.0) +
                                        t * t * (0.000387933 - t / 38710000),
                                    360) *
                          kDegree;
  const double hour = sidereal + position.longitude * kDegree - ascension;
  const double latitude = position.latitude * kDegree;
  const double up = std::sin(latitude) * std::sin(declination) +
                    std::cos(latitude) * std::cos(declination) * std::cos(hour);
  const double north = std::sin(declination) * std::cos(latitude) -
                       std::cos(declination) * std::sin(latitude) * std::cos(hour);
  const double east = -std::cos(declination) * std::sin(hour);
  return {north, east, -up};
}

Vector sensor_normal(const std::array<double, 3>& attitude) {
  const auto [yaw, pitch, roll] = attitude;
  // Rz(yaw) Ry(pitch) Rx(roll) (0, 0, -1)
  const double sy = std::sin(yaw);
  const double cy = std::cos(yaw);
  const double sp = std::sin(pitch);
  const double cp = std::cos(pitch);
  const double sr = std::sin(roll);
  const double cr = std::cos(roll);
  return {-(cy * sp * cr + sy * sr), -(sy * sp * cr - cy * sr), -cp * cr};
}

// Power that passes from one medium to the next, unpolarised.
double transmission(double angle, double from, double to, double& refracted) {
  const double sine = std::sin(angle) * from / to;
  refracted = std::asin(std::clamp(sine, -1.0, 1.0));
  const double c1 = std::cos(angle);
  const double c2 = std::cos(refracted);
  const double rs = (from * c1 - to * c2) / (from * c1 + to * c2);
  const double rp = (from * c2 - to * c1) / (from * c2 + to * c1);
  return 1 - (rs * rs + rp * rp) / 2;
}

double fresnel(double angle) {
  double within = 0;
  double behind = 0;
  const double first = transmission(angle, 1.000277, 1.6, within);
  return first * transmission(within, 1.6, 1.38, behind);
}

}  // namespace

std::optional<double> ground_irradiance(const Metadata& metadata) {
  if (!metadata.calibration || !metadata.position || !metadata.captured_at) return std::nullopt;
  const Calibration& c = *metadata.calibration;
  if (!c.irradiance || !c.sun_sensor_attitude) return std::nullopt;
  const Vector sun = sun_direction(*metadata.captured_at, *metadata.position);
  const Vector normal = sensor_normal(*c.sun_sensor_attitude);
  const double cosine =
      std::clamp(sun[0] * normal[0] + sun[1] * normal[1] + sun[2] * normal[2], -1.0, 1.0);
  const double sine_height = -sun[2];
  // Sun behind the sensor or below the horizon: its direct light is not what the sensor saw.
  if (cosine < 0.1 || sine_height < 0.05) return std::nullopt;
  const double seen = *c.irradiance / fresnel(std::acos(cosine));
  return seen * (kDiffuse + sine_height) / (kDiffuse + cosine);
}

}  // namespace vedette::imagery
