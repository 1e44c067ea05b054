#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <numeric>

#include "base/text.hpp"
#include "imagery/read_metadata.hpp"

namespace vedette::imagery {
namespace {

constexpr std::uint16_t kExposureTime = 0x829A;
constexpr std::uint16_t kFNumber = 0x829D;
constexpr std::uint16_t kIso = 0x8827;
constexpr std::uint16_t kIsoSpeed = 0x8833;
constexpr std::uint16_t kBlackLevel = 0xC61A;
constexpr std::uint16_t kDateTimeDigitized = 0x9004;
constexpr std::uint16_t kSubSecondDigitized = 0x9292;
constexpr std::size_t kSunRecord = 28;
constexpr std::size_t kMostSunBytes = 64 * 1024;

std::vector<std::uint8_t> from_base64(std::string_view text) {
  std::vector<std::uint8_t> bytes;
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    int value = -1;
    if (c >= 'A' && c <= 'Z') value = c - 'A';
    if (c >= 'a' && c <= 'z') value = c - 'a' + 26;
    if (c >= '0' && c <= '9') value = c - '0' + 52;
    if (c == '+') value = 62;
    if (c == '/') value = 63;
    if (value < 0) continue;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    have += 6;
    if (have >= 8) {
      have -= 8;
      bytes.push_back(static_cast<std::uint8_t>(bits >> have));
    }
    if (bytes.size() >= kMostSunBytes) break;
  }
  return bytes;
}

std::uint64_t little(const std::uint8_t* bytes, int width) {
  std::uint64_t value = 0;
  for (int i = width - 1; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}

// Counts of the sunlight sensor in the record nearest to the shot, over gain and time.
std::optional<double> sequoia_sun(const PhotoTags& tags, const Xmp& xmp) {
  const auto text = xmp.text({"Camera:IrradianceList"});
  if (!text) return std::nullopt;
  const auto bytes = from_base64(*text);
  // The clock of the list counts from power-on, as the picture's second time does.
  std::optional<double> shot_us;
  const std::string created = tags.text(kDateTimeDigitized);
  if (created.size() >= 19) {
    const auto time =
        from_rfc3339(fmt::format("{}-{}-{}T{}Z", created.substr(0, 4), created.substr(5, 2),
                                 created.substr(8, 2), created.substr(11, 8)));
    const auto part = parse_number("0." + tags.text(kSubSecondDigitized));
    if (time) shot_us = static_cast<double>(to_micros(*time)) + 1e6 * part.value_or(0);
  }
  std::optional<double> best;
  double nearest = 0;
  for (std::size_t at = 0; at + kSunRecord <= bytes.size(); at += kSunRecord) {
    const std::uint8_t* record = &bytes[at];
    const auto time_us = static_cast<double>(little(record, 8));
    const auto count = static_cast<double>(little(record + 8, 2));
    const auto gain = static_cast<double>(little(record + 12, 2));
    const auto exposure_ms = static_cast<double>(little(record + 14, 2));
    if (gain <= 0 || exposure_ms <= 0) continue;
    const double distance = shot_us ? std::abs(time_us - *shot_us) : -time_us;
    if (best && distance >= nearest) continue;
    nearest = distance;
    best = count / (gain * exposure_ms);
  }
  return best && *best > 0 ? best : std::nullopt;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

void read_micasense(const PhotoTags& tags, const Xmp& xmp, const std::vector<double>& radiometric,
                    Metadata& into) {
  Calibration c;
  c.maker = Calibration::Maker::kMicaSense;
  const auto exposure = tags.number(kExposureTime);
  auto iso = tags.number(kIsoSpeed);
  if (!iso) iso = tags.number(kIso);
  const auto black = tags.numbers(kBlackLevel);
  const auto centre = xmp.numbers({"Camera:VignettingCenter"});
  c.vignetting = xmp.numbers({"Camera:VignettingPolynomial"});
  if (!exposure || !(*exposure > 0) || !iso || !(*iso > 0) || black.empty() || centre.size() != 2 ||
      c.vignetting.empty() || c.vignetting.size() > 16) {
    into.calibration_problem =
        "The MicaSense calibration in the file is not complete (exposure, gain, black level or "
        "vignetting is missing): the numbers stay as the camera stored them.";
    return;
  }
  c.exposure_s = *exposure;
  c.gain = *iso / 100;
  c.black_level = mean(black);
  c.radiometric = {radiometric[0], radiometric[1], radiometric[2]};
  c.vignetting_centre = {centre[0], centre[1]};
  // Newer ones: 10^-2 W/m2/nm of the level ground, told by its scale; older ones: of the sensor.
  const auto to_si = xmp.number({"Camera:IrradianceScaleToSIUnits"});
  const auto horizontal = xmp.number({"Camera:HorizontalIrradiance", "DLS:HorizontalIrradiance"});
  if (horizontal && *horizontal > 0) {
    c.irradiance = *horizontal * to_si.value_or(1);
    c.irradiance_kind = "sunlight sensor, corrected by the camera for its tilt";
  } else if (const auto raw = xmp.number({"DLS:SpectralIrradiance", "Camera:Irradiance"});
             raw && *raw > 0) {
    c.irradiance = *raw * to_si.value_or(1);
    c.irradiance_kind = "sunlight sensor, not corrected for its tilt";
    const auto yaw = xmp.number({"DLS:Yaw"});
    const auto pitch = xmp.number({"DLS:Pitch"});
    const auto roll = xmp.number({"DLS:Roll"});
    if (yaw && pitch && roll) c.sun_sensor_attitude = {*yaw, *pitch, *roll};
  }
  into.calibration = std::move(c);
}

void read_sequoia(const PhotoTags& tags, const Xmp& xmp, const std::vector<double>& model,
                  Metadata& into) {
  Calibration c;
  c.maker = Calibration::Maker::kSequoia;
  const auto exposure = tags.number(kExposureTime);
  const auto iso = tags.number(kIso);
  const auto f_number = tags.number(kFNumber);
  c.vignetting = xmp.numbers({"Camera:VignettingPolynomial2D"});
  const auto powers = xmp.numbers({"Camera:VignettingPolynomial2DName"});
  bool is_whole = exposure && *exposure > 0 && iso && *iso > 0 && f_number && *f_number > 0 &&
                  model.size() == 3 && !c.vignetting.empty() && c.vignetting.size() <= 64 &&
                  powers.size() == 2 * c.vignetting.size();
  for (std::size_t i = 0; is_whole && i < powers.size(); i += 2) {
    const bool is_power =
        powers[i] >= 0 && powers[i] <= 8 && powers[i + 1] >= 0 && powers[i + 1] <= 8;
    is_whole = is_power;
    if (is_power) {
      c.vignetting_powers.push_back({static_cast<int>(powers[i]), static_cast<int>(powers[i + 1])});
    }
  }
  if (!is_whole) {
    into.calibration_problem =
        "The Sequoia calibration in the file is not complete: the numbers stay as the camera "
        "stored them.";
    return;
  }
  c.exposure_s = *exposure;
  c.iso = *iso;
  c.f_number = *f_number;
  c.sensor_model = {model[0], model[1], model[2]};
  c.irradiance = sequoia_sun(tags, xmp);
  if (c.irradiance) c.irradiance_kind = "sunlight sensor's counts over gain and time";
  into.calibration = std::move(c);
}

void read_dji(const PhotoTags& tags, const Xmp& xmp, Metadata& into) {
  const bool is_m3m = into.camera_model.starts_with("M3M");
  Calibration c;
  c.maker = is_m3m ? Calibration::Maker::kDjiM3m : Calibration::Maker::kDjiP4m;
  const auto exposure_us = xmp.number({"drone-dji:ExposureTime"});
  const auto exposure_s = tags.number(kExposureTime);
  const auto gain = xmp.number({"drone-dji:SensorGain"});
  const auto irradiance = xmp.number({"drone-dji:Irradiance", "Camera:Irradiance"});
  const auto centre_x = xmp.number({"drone-dji:CalibratedOpticalCenterX"});
  const auto centre_y = xmp.number({"drone-dji:CalibratedOpticalCenterY"});
  c.vignetting = xmp.numbers({"drone-dji:VignettingData", "Camera:VignettingPolynomial"});
  const auto centre = xmp.numbers({"Camera:VignettingCenter"});
  if (centre_x && centre_y) {
    c.vignetting_centre = {*centre_x, *centre_y};
  } else if (centre.size() == 2) {
    c.vignetting_centre = {centre[0], centre[1]};
  } else {
    c.vignetting.clear();
  }
  const double exposure = exposure_us ? *exposure_us / 1e6 : exposure_s.value_or(0);
  if (!(exposure > 0) || !gain || !(*gain > 0) || c.vignetting.empty() ||
      c.vignetting.size() > 16) {
    into.calibration_problem =
        "The DJI calibration in the file is not complete (exposure, gain or vignetting is "
        "missing): the numbers stay as the camera stored them.";
    return;
  }
  c.exposure_s = exposure;
  c.gain = *gain;
  c.black_level =
      xmp.number({"drone-dji:BlackCurrent", "Camera:BlackCurrent"}).value_or(is_m3m ? 3200 : 4096);
  c.gain_adjustment = xmp.number({"drone-dji:SensorGainAdjustment"}).value_or(1);
  if (irradiance && *irradiance > 0) {
    c.irradiance = irradiance;
    c.irradiance_kind = "sunlight sensor, in DJI's own unit";
  }
  into.calibration = std::move(c);
}

}  // namespace

void read_calibration(const PhotoTags& tags, const Xmp& xmp, Metadata& into) {
  const auto radiometric = xmp.numbers({"MicaSense:RadiometricCalibration"});
  if (radiometric.size() == 3) return read_micasense(tags, xmp, radiometric, into);
  const auto model = xmp.numbers({"Camera:SensorModel"});
  if (model.size() == 3 && xmp.has("Camera:VignettingPolynomial2D")) {
    return read_sequoia(tags, xmp, model, into);
  }
  if (equals_ignoring_case(into.camera_make, "DJI") && xmp.has("drone-dji:SensorGainAdjustment")) {
    read_dji(tags, xmp, into);
  }
}

}  // namespace vedette::imagery
