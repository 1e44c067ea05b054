// From a band's digital numbers to radiance and reflectance, by each maker's published model
// (MicaSense, Parrot Sequoia, DJI P4 Multispectral and Mavic 3M). Which of them was used, and
// whether a panel or the sunlight sensor made it reflectance, stands beside every figure. Pure
// functions over rows; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "imagery/bands.hpp"
#include "imagery/metadata.hpp"

namespace vedette::imagery {

/// What a picture's numbers are once read.
enum class Unit {
  kDigitalNumbers,  // as stored: only ratios of bands that share one scale mean something
  kRadiance,        // W/m2/nm/sr
  kRelative,        // over the sunlight sensor's value, with one unknown factor for all bands
  kReflectance,     // 0 to 1
};
std::string_view name(Unit unit);

struct Radiometry {
  Unit unit = Unit::kDigitalNumbers;
  /// How it came about, a sentence: "MicaSense: radiance by the file's calibration, reflectance by
  /// the panel".
  std::string how;
  /// Share of pixels of each band beyond 0 to 1.2, where that says something is wrong; sentences.
  std::vector<std::string> doubts;
};

/// A grey panel that a user marked in a picture of the flight: for each band the mean radiance in
/// the rectangle and the panel's known albedo.
struct PanelReading {
  struct Of {
    Band band = Band::kRed;
    double radiance = 0;
    double albedo = 0;
  };
  std::vector<Of> bands;
  std::optional<double> albedo_over_radiance(Band band) const;
};

/// A rectangle of stored pixels: columns x0 to x1 - 1, rows y0 to y1 - 1.
struct PanelMark {
  int x0 = 0;
  int y0 = 0;
  int x1 = 0;
  int y1 = 0;
};

/// A band's numbers to radiance (Sequoia, DJI: the maker's arbitrary unit), row by row. Made once a
/// picture; const afterwards, any thread.
class RadianceModel {
 public:
  /// For stored pictures of this size. kCorrupt when the calibration cannot be (no exposure, ...).
  static Result<RadianceModel> make(const Calibration& calibration, int width, int height);

  /// Turns samples of row `y`, columns `x` to x + values.size() - 1, in place. NaN stays.
  void apply(int x, int y, std::span<float> values) const;

 private:
  Calibration calibration_;
  int width_ = 0;
  int height_ = 0;
  double scale_ = 1;
};

/// The sunlight on the ground from the sensor's value by its attitude, the position and the time
/// (Fresnel transmission and diffuse part as published by MicaSense); nullopt: something is
/// missing.
std::optional<double> ground_irradiance(const Metadata& metadata);

/// Mean radiance within the mark of a panel's picture, per file.
Result<double> panel_radiance(const std::filesystem::path& file, const PanelMark& mark,
                              const ImageLimits& limits = {});

}  // namespace vedette::imagery
