#include "imagery/panel_text.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/text.hpp"
#include "imagery/xmp.hpp"

namespace vedette::imagery {
namespace {

std::unexpected<Error> wrong(std::string_view text) {
  return fail(ErrorCode::kUsage,
              fmt::format("the panel '{}' is not written FILE:X0,Y0,X1,Y1:ALBEDO, such as "
                          "IMG_0000_4.tif:680,509,823,654:0.61",
                          text));
}

}  // namespace

Result<double> parse_reflectance_scale(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || !(*number > 0)) {
    return fail(ErrorCode::kUsage,
                fmt::format("'{}' is not the number that stands for reflectance 1.0; write one "
                            "above 0, such as 65535",
                            text));
  }
  return *number;
}

Result<PanelReading> read_panel(std::span<const std::string> texts) {
  PanelReading reading;
  for (const std::string& text : texts) {
    const auto last = text.rfind(':');
    const auto before = last == std::string::npos || last == 0 ? last : text.rfind(':', last - 1);
    if (last == std::string::npos || before == std::string::npos || before == last)
      return wrong(text);
    const auto albedo = parse_number(std::string_view(text).substr(last + 1));
    const auto words = split(std::string_view(text).substr(before + 1, last - before - 1), ',');
    if (!albedo || !(*albedo > 0) || *albedo > 1 || words.size() != 4) return wrong(text);
    std::array<int, 4> corner{};
    for (std::size_t i = 0; i < 4; ++i) {
      const auto number = parse_number(words[i]);
      if (!number || *number < 0 || *number > 1e6 || *number != std::floor(*number))
        return wrong(text);
      corner[i] = static_cast<int>(*number);
    }
    const std::filesystem::path file = text.substr(0, before);
    VEDETTE_TRY(info, inspect(file));
    auto band = parse_band(info.metadata.band_name);
    if (!band && info.metadata.wavelength_nm) band = band_at(*info.metadata.wavelength_nm);
    if (!band) {
      return fail(
          ErrorCode::kInvalid,
          fmt::format("the panel's picture {} does not say which band it is", file.string()));
    }
    VEDETTE_TRY(radiance, panel_radiance(file, {corner[0], corner[1], corner[2], corner[3]}));
    reading.bands.push_back({*band, radiance, *albedo});
  }
  return reading;
}

}  // namespace vedette::imagery
