#include "imagery/read_metadata.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"

namespace vedette::imagery {
namespace {

constexpr std::uint16_t kMake = 0x010F;
constexpr std::uint16_t kModel = 0x0110;
constexpr std::uint16_t kOrientation = 0x0112;
constexpr std::uint16_t kDateTime = 0x0132;
constexpr std::uint16_t kExifPointer = 0x8769;
constexpr std::uint16_t kGpsPointer = 0x8825;
constexpr std::uint16_t kDateTimeOriginal = 0x9003;
constexpr std::uint16_t kOffsetTime = 0x9010;
constexpr std::uint16_t kOffsetTimeOriginal = 0x9011;
constexpr std::uint16_t kSubSecondOriginal = 0x9291;
constexpr std::uint16_t kSubSecond = 0x9290;
constexpr std::uint16_t kFocalLength = 0x920A;
constexpr std::uint16_t kFocalPlaneX = 0xA20E;
constexpr std::uint16_t kFocalPlaneUnit = 0xA210;
constexpr std::uint16_t kPixelWidth = 0xA002;
constexpr std::uint16_t kSerial = 0xA431;
constexpr std::uint16_t kGpsTime = 7;
constexpr std::uint16_t kGpsDirection = 17;
constexpr std::uint16_t kGpsDate = 29;

// "2017:10:19 20:42:10" as RFC 3339 without a zone; empty: no time.
std::string local_time(std::string_view text) {
  if (text.size() < 19 || text[4] != ':' || text[7] != ':' || text[13] != ':') return {};
  std::string time = fmt::format("{}-{}-{}T{}", text.substr(0, 4), text.substr(5, 2),
                                 text.substr(8, 2), text.substr(11, 8));
  return from_rfc3339(time + "Z") ? time : std::string();
}

std::string fraction_of(const std::string& digits) {
  const bool is_digits =
      !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  return is_digits ? "." + digits.substr(0, 6) : std::string();
}

std::optional<Instant> gps_time(const PhotoTags& tags) {
  const std::string date = tags.gps_text(kGpsDate);
  const auto parts = tags.gps_numbers(kGpsTime);
  if (date.size() != 10 || parts.size() != 3) return std::nullopt;
  for (const double part : parts) {
    if (!(part >= 0) || part >= 61) return std::nullopt;
  }
  const auto day = from_rfc3339(
      fmt::format("{}-{}-{}", date.substr(0, 4), date.substr(5, 2), date.substr(8, 2)));
  if (!day || parts[0] >= 24) return std::nullopt;
  return *day + Micros{std::llround(1e6 * (3600 * parts[0] + 60 * parts[1] + parts[2]))};
}

void read_time(const PhotoTags& tags, const Xmp& xmp, Metadata& into) {
  std::string time = local_time(tags.text(kDateTimeOriginal));
  if (time.empty()) time = local_time(tags.text(kDateTime));
  into.captured_local = time;
  if (!time.empty()) {
    std::string digits = tags.text(kSubSecondOriginal);
    if (digits.empty()) digits = tags.text(kSubSecond);
    std::string zone = tags.text(kOffsetTimeOriginal);
    if (zone.empty()) zone = tags.text(kOffsetTime);
    // MicaSense writes UTC and says so in its manual only.
    if (zone.empty() && equals_ignoring_case(into.camera_make, "MicaSense")) zone = "Z";
    if (!zone.empty()) into.captured_at = from_rfc3339(time + fraction_of(digits) + zone);
  }
  if (!into.captured_at) into.captured_at = gps_time(tags);
  if (!into.captured_at) {
    if (const auto utc = xmp.text({"drone-dji:UTCAtExposure"})) {
      std::string text = *utc;
      std::ranges::replace(text, ' ', 'T');
      into.captured_at = from_rfc3339(text + "Z");
    }
  }
}

std::optional<double> turned(std::optional<double> degrees) {
  if (!degrees || std::abs(*degrees) > 720) return std::nullopt;
  const double within = std::fmod(*degrees + 720, 360);
  return within;
}

void read_heading(const PhotoTags& tags, const Xmp& xmp, Metadata& into) {
  into.heading_deg = turned(xmp.number({"drone-dji:GimbalYawDegree", "drone-dji:FlightYawDegree",
                                        "drone-parrot:CameraYawDegree", "Camera:Yaw", "Sentera:Yaw",
                                        "drone-sentera:Yaw", "FLIR:MAVYaw"}));
  if (into.heading_deg) return;
  const auto direction = tags.gps_numbers(kGpsDirection);
  if (direction.size() == 1 && std::isfinite(direction[0])) into.heading_deg = turned(direction[0]);
}

void read_lens(const PhotoTags& tags, Metadata& into) {
  if (const auto focal = tags.number(kFocalLength); focal && *focal > 0 && *focal < 2000) {
    into.focal_length_mm = focal;
  }
  const auto per_unit = tags.number(kFocalPlaneX);
  const auto width = tags.number(kPixelWidth);
  if (!per_unit || !width || !(*per_unit > 0) || !(*width > 0)) return;
  double unit_mm = 0;
  const double unit = tags.number(kFocalPlaneUnit).value_or(2);
  if (unit == 2) unit_mm = 25.4;
  if (unit == 3) unit_mm = 10;
  if (unit == 4) unit_mm = 1;
  if (unit_mm == 0) return;
  const double sensor_mm = *width / *per_unit * unit_mm;
  if (sensor_mm > 0.5 && sensor_mm < 100) into.sensor_width_mm = sensor_mm;
}

void read_band(const Xmp& xmp, Metadata& into) {
  into.band_name =
      xmp.text({"Camera:BandName", "drone-dji:BandName", "FLIR:BandName", "Sentera:BandName"})
          .value_or("");
  into.wavelength_nm = xmp.number({"Camera:CentralWavelength", "drone-dji:CentralWavelength",
                                   "FLIR:CentralWavelength", "DLS:CenterWavelength"});
  into.bandwidth_nm = xmp.number({"Camera:WavelengthFWHM", "drone-dji:WavelengthFWHM",
                                  "FLIR:WavelengthFWHM", "DLS:Bandwidth"});
  if (const auto index = xmp.number({"Camera:RigCameraIndex", "drone-dji:SensorIndex"});
      index && *index >= 0 && *index < 100) {
    into.rig_index = static_cast<int>(*index);
  }
  into.capture_id =
      xmp.text({"MicaSense:CaptureId", "Camera:CaptureUUID", "drone-dji:CaptureUUID"}).value_or("");
  into.flight_id =
      xmp.text({"MicaSense:FlightId", "Camera:FlightUUID", "drone-dji:FlightUUID"}).value_or("");
  into.rig_name = xmp.text({"Camera:RigName"}).value_or("");
  for (std::string* text : {&into.capture_id, &into.flight_id, &into.rig_name, &into.band_name}) {
    if (text->size() > 200) text->resize(200);
  }
}

}  // namespace

PhotoTags::PhotoTags(const EmbeddedMetadata& embedded) {
  if (!embedded.tags) return;
  file_ = &*embedded.tags;
  if (auto directory = read_directory(*file_)) main_ = std::move(*directory);
  // LONG as the standard has it, or IFD (13) as Parrot writes it.
  const auto follow = [&](std::uint16_t pointer, TagDirectory& into) {
    const TagEntry* entry = main_.find(pointer);
    if (entry == nullptr) return;
    const auto at = file_->numbers(*entry, 1);
    if (at.empty() || !(at[0] >= 8 && at[0] < static_cast<double>(file_->size()))) return;
    if (auto directory = read_directory(*file_, static_cast<std::uint64_t>(at[0]))) {
      into = std::move(*directory);
    }
  };
  follow(kExifPointer, exif_);
  follow(kGpsPointer, gps_);
}

const TagEntry* PhotoTags::find(std::uint16_t id) const {
  if (const TagEntry* entry = exif_.find(id)) return entry;
  return main_.find(id);
}

std::string PhotoTags::text(std::uint16_t id) const {
  const TagEntry* entry = find(id);
  return entry == nullptr ? std::string() : file_->text(*entry);
}

std::vector<double> PhotoTags::numbers(std::uint16_t id) const {
  const TagEntry* entry = find(id);
  return entry == nullptr ? std::vector<double>{} : file_->numbers(*entry);
}

std::optional<double> PhotoTags::number(std::uint16_t id) const {
  const auto values = numbers(id);
  return values.empty() || !std::isfinite(values[0]) ? std::nullopt : std::optional(values[0]);
}

bool PhotoTags::has(std::uint16_t id) const {
  return find(id) != nullptr;
}

std::string PhotoTags::gps_text(std::uint16_t id) const {
  const TagEntry* entry = gps_.find(id);
  return entry == nullptr ? std::string() : file_->text(*entry);
}

std::vector<double> PhotoTags::gps_numbers(std::uint16_t id) const {
  const TagEntry* entry = gps_.find(id);
  return entry == nullptr ? std::vector<double>{} : file_->numbers(*entry);
}

Metadata read_metadata(const EmbeddedMetadata& embedded, std::vector<std::string>& notes) {
  Metadata result;
  const PhotoTags tags(embedded);
  const Xmp xmp = Xmp::parse(embedded.xmp);
  if (!embedded.xmp.empty() && xmp.is_empty()) {
    notes.emplace_back("The description inside the file (XMP) cannot be read and was left out.");
  }
  result.camera_make = tags.text(kMake);
  result.camera_model = tags.text(kModel);
  result.camera_serial = tags.text(kSerial);
  const auto orientation = tags.number(kOrientation);
  if (orientation && *orientation >= 1 && *orientation <= 8) {
    result.orientation = static_cast<int>(*orientation);
  }
  read_time(tags, xmp, result);
  read_position(tags, xmp, result);
  read_heading(tags, xmp, result);
  read_lens(tags, result);
  read_band(xmp, result);
  // Above the point of take-off, which on flat fields is the ground.
  if (const auto height =
          xmp.number({"drone-dji:RelativeAltitude", "drone-sentera:AltimeterCalculatedAGL",
                      "Camera:AboveGroundAltitude"});
      height && *height > 0 && *height < 20'000) {
    result.height_above_ground_m = height;
  }
  read_calibration(tags, xmp, result);
  return result;
}

}  // namespace vedette::imagery
