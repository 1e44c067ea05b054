// The `gps` field of an upload from any bytes: what is taken is a place on the Earth.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/imagery/gps_field.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read =
      vedette::api::read_gps(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!read || !*read) return 0;
  const auto& at = **read;
  if (!(std::abs(at.latitude) <= 90) || !(std::abs(at.longitude) <= 180)) std::abort();
  if (at.altitude && !std::isfinite(*at.altitude)) std::abort();
  return 0;
}
