#include "imagery/radiometry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "imagery/samples.hpp"

namespace vedette::imagery {
namespace {

double power(double base, int exponent) {
  double result = 1;
  for (int i = 0; i < exponent; ++i) result *= base;
  return result;
}

}  // namespace

std::string_view name(Unit unit) {
  switch (unit) {
    case Unit::kDigitalNumbers:
      return "digital_numbers";
    case Unit::kRadiance:
      return "radiance";
    case Unit::kRelative:
      return "relative";
    case Unit::kReflectance:
      return "reflectance";
  }
  return "";
}

std::optional<double> PanelReading::albedo_over_radiance(Band band) const {
  const auto found = std::ranges::find(bands, band, &Of::band);
  if (found == bands.end() || !(found->radiance > 0) || !(found->albedo > 0)) return std::nullopt;
  return found->albedo / found->radiance;
}

Result<RadianceModel> RadianceModel::make(const Calibration& calibration, int width, int height) {
  RadianceModel model;
  model.calibration_ = calibration;
  model.width_ = width;
  model.height_ = height;
  const auto& c = calibration;
  switch (c.maker) {
    case Calibration::Maker::kMicaSense:
      // The model's full scale is 2^16 whatever the camera's own depth: files are shifted up to it.
      model.scale_ = c.radiometric[0] / (c.gain * c.exposure_s * 65536.0);
      break;
    case Calibration::Maker::kSequoia:
      model.scale_ =
          c.f_number * c.f_number / (c.sensor_model[0] * c.exposure_s * c.iso + c.sensor_model[2]);
      break;
    case Calibration::Maker::kDjiP4m:
    case Calibration::Maker::kDjiM3m:
      model.scale_ = c.gain_adjustment / (65535.0 * c.gain * c.exposure_s);
      break;
  }
  if (!std::isfinite(model.scale_) || model.scale_ <= 0) {
    return fail(ErrorCode::kCorrupt,
                "the calibration in the file gives no radiance: its numbers contradict each other");
  }
  return model;
}

void RadianceModel::apply(int x, int y, std::span<float> values) const {
  const Calibration& c = calibration_;
  const auto column = [&](std::size_t i) {
    return static_cast<double>(x) + static_cast<double>(i);
  };
  switch (c.maker) {
    case Calibration::Maker::kMicaSense: {
      // V = 1 / (1 + k0 r + ... + k5 r^6), R = 1 / (1 + a2 y / t - a3 y), L = V R (p - black).
      const double row = 1 / (1 + c.radiometric[1] * y / c.exposure_s - c.radiometric[2] * y);
      const double down = y - c.vignetting_centre[1];
      for (std::size_t i = 0; i < values.size(); ++i) {
        const double across = column(i) - c.vignetting_centre[0];
        const double r = std::sqrt(across * across + down * down);
        double polynomial = 0;
        for (std::size_t k = c.vignetting.size(); k-- > 0;) {
          polynomial = (polynomial + c.vignetting[k]) * r;
        }
        const double light =
            row / (1 + polynomial) * (static_cast<double>(values[i]) - c.black_level);
        values[i] = static_cast<float>((light < 0 ? 0 : light) * scale_);
      }
      return;
    }
    case Calibration::Maker::kSequoia: {
      // I = f^2 (p / V - B) / (A t ISO + C); columns and rows over the size of the picture.
      const double v = static_cast<double>(y) / height_;
      // The polynomial of this row, by powers of x.
      std::array<double, 9> of_x{};
      for (std::size_t k = 0; k < c.vignetting.size(); ++k) {
        of_x[static_cast<std::size_t>(c.vignetting_powers[k][0])] +=
            c.vignetting[k] * power(v, c.vignetting_powers[k][1]);
      }
      for (std::size_t i = 0; i < values.size(); ++i) {
        const double u = column(i) / width_;
        double vignette = 0;
        for (std::size_t k = of_x.size(); k-- > 0;) vignette = vignette * u + of_x[k];
        values[i] = static_cast<float>(
            (static_cast<double>(values[i]) / vignette - c.sensor_model[1]) * scale_);
      }
      return;
    }
    case Calibration::Maker::kDjiP4m:
    case Calibration::Maker::kDjiM3m: {
      const double down = y - c.vignetting_centre[1];
      for (std::size_t i = 0; i < values.size(); ++i) {
        const double across = column(i) - c.vignetting_centre[0];
        const double r = std::sqrt(across * across + down * down);
        double polynomial = 0;
        for (std::size_t k = c.vignetting.size(); k-- > 0;) {
          polynomial = (polynomial + c.vignetting[k]) * r;
        }
        values[i] = static_cast<float>((static_cast<double>(values[i]) - c.black_level) *
                                       (1 + polynomial) * scale_);
      }
      return;
    }
  }
}

Result<double> panel_radiance(const std::filesystem::path& file, const PanelMark& mark,
                              const ImageLimits& limits) {
  VEDETTE_TRY(picture, ImageFile::open(file, limits));
  const ImageInfo& info = picture.info();
  if (!info.metadata.calibration) {
    return fail(ErrorCode::kUnsupported,
                info.metadata.calibration_problem.empty()
                    ? std::string("the panel's picture has no calibration of its camera")
                    : info.metadata.calibration_problem);
  }
  if (mark.x0 < 0 || mark.y0 < 0 || mark.x1 > info.width || mark.y1 > info.height ||
      mark.x0 >= mark.x1 || mark.y0 >= mark.y1) {
    return fail(ErrorCode::kInvalid, fmt::format("the mark of the panel leaves the picture, which "
                                                 "is {} x {} pixels",
                                                 info.width, info.height));
  }
  VEDETTE_TRY(model, RadianceModel::make(*info.metadata.calibration, info.width, info.height));
  const Window window{mark.x0, mark.y0, mark.x1 - mark.x0, mark.y1 - mark.y0};
  const auto count =
      static_cast<std::size_t>(window.width) * static_cast<std::size_t>(window.height);
  std::vector<std::byte> samples(count * bytes_of(info.type));
  constexpr std::array kFirst{0};
  VEDETTE_CHECK(picture.read(window, kFirst, samples));
  std::vector<float> values(count);
  to_floats(samples, info.type, info.bands[0].nodata, values);
  double sum = 0;
  for (int row = 0; row < window.height; ++row) {
    const auto part = std::span(values).subspan(
        static_cast<std::size_t>(row) * static_cast<std::size_t>(window.width),
        static_cast<std::size_t>(window.width));
    model.apply(window.x, window.y + row, part);
    for (const float value : part) sum += static_cast<double>(value);
  }
  const double mean = sum / static_cast<double>(count);
  if (!(mean > 0)) {
    return fail(ErrorCode::kInvalid, "the mark of the panel lies on pixels without light");
  }
  return mean;
}

}  // namespace vedette::imagery
