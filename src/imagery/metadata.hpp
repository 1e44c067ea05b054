// What a picture says of itself: where, when and with what it was taken, which band it is, and what
// its maker's calibration holds. Plain values, filled by image_file.cpp from EXIF and XMP; read by
// the radiometry, the tables and the pages. What is absent is absent: never 0. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace vedette::imagery {

/// WGS 84, degrees, north and east positive.
struct Position {
  double latitude = 0;
  double longitude = 0;
  std::optional<double> altitude_m;  // above the sea, as the picture has it
  std::optional<double> accuracy_m;  // horizontal, where the file says it
};

/// How a band's numbers become radiance, in the words of its maker (imagery/radiometry.hpp).
struct Calibration {
  enum class Maker { kMicaSense, kSequoia, kDjiP4m, kDjiM3m };
  Maker maker = Maker::kMicaSense;
  double exposure_s = 0;
  double gain = 1;         // MicaSense: ISO / 100; DJI: SensorGain
  double iso = 0;          // Sequoia
  double f_number = 0;     // Sequoia
  double black_level = 0;  // mean of the tag; DJI: BlackCurrent
  int bits = 16;
  std::array<double, 3> radiometric{};   // MicaSense a1, a2, a3
  std::array<double, 3> sensor_model{};  // Sequoia A, B, C
  std::array<double, 2> vignetting_centre{};
  std::vector<double> vignetting;                     // k0..k5, or the terms of the 2D polynomial
  std::vector<std::array<int, 2>> vignetting_powers;  // Sequoia: powers of x and y of each term
  double gain_adjustment = 1;                         // DJI SensorGainAdjustment
  /// Of the sunlight sensor, W/m2/nm (MicaSense) or the maker's own unit; absent: it has none.
  std::optional<double> irradiance;
  /// What `irradiance` is in words, such as "sunlight sensor, not corrected for its tilt".
  std::string irradiance_kind;
  /// Sunlight sensor's attitude, radians; with position and time it is corrected for its tilt.
  std::optional<std::array<double, 3>> sun_sensor_attitude;  // yaw, pitch, roll
};

struct Metadata {
  std::optional<Position> position;
  /// Why there is none, or what is odd about it; a sentence, or empty.
  std::string position_problem;
  std::optional<double> heading_deg;  // 0..360, of the camera or the aircraft
  std::optional<double> height_above_ground_m;

  /// UTC, where the file says what its clock means (offset, GPS time, or a maker that writes UTC).
  std::optional<Instant> captured_at;
  /// The wall clock as it stands in the file, "2018-04-13T08:06:58"; empty: none.
  std::string captured_local;

  std::string camera_make;
  std::string camera_model;
  std::string camera_serial;

  /// EXIF orientation, 1 to 8: how the stored picture is turned to stand upright.
  int orientation = 1;

  /// Of a picture that is one band of a rig.
  std::string band_name;  // as the file has it, such as "Red edge"
  std::optional<double> wavelength_nm;
  std::optional<double> bandwidth_nm;
  std::optional<int> rig_index;
  /// Pictures with the same key are bands of one capture; empty: the file has none.
  std::string capture_id;
  std::string flight_id;
  std::string rig_name;

  std::optional<double> focal_length_mm;
  std::optional<double> sensor_width_mm;  // where the file gives it, or pixels per mm
  std::optional<Calibration> calibration;
  /// Why a calibration was found and cannot be used; empty: no reason.
  std::string calibration_problem;
};

}  // namespace vedette::imagery
