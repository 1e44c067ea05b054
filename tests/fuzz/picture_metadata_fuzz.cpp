// What a picture says of itself, from any bytes: EXIF, GPS and XMP are found and read, or refused;
// a position that is given is on the Earth, a calibration that is given can be used or refused.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/text.hpp"
#include "imagery/exif.hpp"
#include "imagery/radiometry.hpp"
#include "imagery/read_metadata.hpp"

namespace {

using namespace vedette;
using namespace vedette::imagery;

void check_text(const std::string& text) {
  if (text.size() > 1100 || !is_clean_utf8(text)) std::abort();
}

void check(const Metadata& m) {
  if (m.position) {
    if (!(std::abs(m.position->latitude) <= 90)) std::abort();
    if (!(std::abs(m.position->longitude) <= 180)) std::abort();
    if (m.position->altitude_m && !std::isfinite(*m.position->altitude_m)) std::abort();
  } else if (m.position_problem.empty()) {
    std::abort();
  }
  if (m.heading_deg && !(*m.heading_deg >= 0 && *m.heading_deg < 360.001)) std::abort();
  if (m.orientation < 1 || m.orientation > 8) std::abort();
  for (const std::string* text :
       {&m.camera_make, &m.camera_model, &m.camera_serial, &m.captured_local}) {
    check_text(*text);
  }
  if (!m.calibration) return;
  const auto model = RadianceModel::make(*m.calibration, 64, 48);
  if (!model) return;
  std::vector<float> row(64, 5000.0F);
  model->apply(0, 47, row);
  static_cast<void>(ground_irradiance(m));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> bytes(data, size);
  const auto kind = kind_of(bytes);
  if (!kind) return 0;
  const ImageLimits limits;
  auto found = find_metadata(TagFile::of_memory(bytes), *kind, limits);
  if (!found) return 0;
  std::vector<std::string> notes;
  check(read_metadata(*found, notes));
  return 0;
}
