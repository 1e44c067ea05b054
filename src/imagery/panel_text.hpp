// What people write of a flight's calibration on a command line or in a form: the panel's place and
// albedo, the number for reflectance 1.0. Any thread; read_panel() reads pictures.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "imagery/radiometry.hpp"

namespace vedette::imagery {

/// A finite number above 0. kUsage.
Result<double> parse_reflectance_scale(std::string_view text);

/// "FILE:X0,Y0,X1,Y1:ALBEDO", once for each band, whose file names it. kUsage, or as
/// panel_radiance().
Result<PanelReading> read_panel(std::span<const std::string> texts);

}  // namespace vedette::imagery
