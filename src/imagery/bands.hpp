// Which band of a picture is which colour of light. The file's own names come first, then a sensor
// the user named (a table as data), then what a user set for the camera; nothing is guessed in
// silence: every role says where it comes from. Values and pure functions; any thread.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "imagery/image_file.hpp"

namespace vedette::imagery {

enum class Band { kBlue, kGreen, kRed, kRedEdge, kNir };
inline constexpr std::array kBands{Band::kBlue, Band::kGreen, Band::kRed, Band::kRedEdge,
                                   Band::kNir};

/// "blue", "green", "red", "red edge", "near infrared".
std::string_view name(Band band);
/// The letter of formulas: B, G, R, RE, N.
std::string_view symbol(Band band);
/// Reads a name as files, makers and people write it ("NIR", "Red edge", "rededge", "REG",
/// "Blue-444", "842 nm"), regardless of case, blanks, hyphens and underscores.
std::optional<Band> parse_band(std::string_view text);
/// By its centre; nullopt: between the bands that indices use.
std::optional<Band> band_at(double wavelength_nm);

/// Where a role comes from, the strongest first.
enum class RoleSource {
  kUser,    // given for this picture
  kFile,    // a name or wavelength in the file
  kCamera,  // what a user set for this camera once
  kSensor,  // the table of sensors
  kColour,  // the file calls it red, green or blue, and is an ordinary picture
  kNone,    // not known
};
/// "the user", "the file", ...
std::string_view name(RoleSource source);

struct BandRole {
  int index = 0;  // in the file, from 0
  std::string file_name;
  std::optional<Band> band;  // absent: another kind of light, alpha, or not known
  RoleSource source = RoleSource::kNone;
  std::string why;  // a sentence for the page
  std::optional<double> wavelength_nm;
};

/// A sensor or a way to save its bands: a row of the table.
struct Sensor {
  std::string_view name;   // "rededge", what users write
  std::string_view title;  // "MicaSense RedEdge-MX, five bands in one file"
  /// Beginning of the camera's model in the file, where it tells the sensor; empty: it does not.
  std::string_view model;
  /// Empty text: a band that indices do not use.
  std::vector<std::string_view> bands;
  /// 1.0 of reflectance in the file's numbers; 0: digital numbers.
  double reflectance_scale = 0;
};
std::span<const Sensor> sensors();
const Sensor* find_sensor(std::string_view name);

/// What a user said of a picture or remembered for a camera.
struct BandChoice {
  std::string sensor;              // of the table; or
  std::vector<std::string> bands;  // a name for each band of the file, "-" for one that is none
};
/// "red,green,blue,nir" or the name of a sensor.
Result<BandChoice> parse_band_choice(std::string_view text);

struct BandRoles {
  std::vector<BandRole> roles;  // one a band of the file
  std::string sensor;           // title of the row used; empty: none
  double reflectance_scale = 0;
  /// Red, green and blue of an ordinary camera, and no more.
  bool is_rgb_only = false;

  /// The file's band of this light, from 0.
  std::optional<int> find(Band band) const;
};

/// Judges the bands of a picture. `user` is given for this picture, `camera` remembered for its
/// camera. kUsage when a choice does not fit the file (another number of bands, two of one kind).
Result<BandRoles> assign_bands(const ImageInfo& info, const std::optional<BandChoice>& user,
                               const std::optional<BandChoice>& camera = std::nullopt);

/// Under which a user's choice is remembered: make, model and number of bands, "Canon ... / 3".
std::string camera_key(const ImageInfo& info);

}  // namespace vedette::imagery
