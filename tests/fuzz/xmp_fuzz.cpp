// The XMP packet of a picture, from any bytes: a table of bounded size, numbers that are finite.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.hpp"
#include "imagery/xmp.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using vedette::imagery::Xmp;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Xmp xmp = Xmp::parse(text);
  for (const std::string_view key :
       {"Camera:BandName", "Camera:VignettingPolynomial", "MicaSense:RadiometricCalibration",
        "drone-dji:GpsLatitude", "a"}) {
    if (const auto value = xmp.text(key); value && !vedette::is_clean_utf8(*value)) std::abort();
    for (const double value : xmp.numbers({key})) {
      if (!std::isfinite(value)) std::abort();
    }
  }
  if (const auto value = vedette::imagery::parse_number(text); value && !std::isfinite(*value)) {
    std::abort();
  }
  return 0;
}
