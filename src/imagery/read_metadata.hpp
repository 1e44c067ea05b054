// From tags and XMP to what they mean: position with its hemisphere, time with its zone, the band
// and the maker's calibration. What contradicts itself is said and not used. Inside src/imagery;
// any thread.
#pragma once

#include "imagery/exif.hpp"
#include "imagery/metadata.hpp"
#include "imagery/xmp.hpp"

namespace vedette::imagery {

/// The values of the directories a picture has: its own, EXIF's and GPS's.
class PhotoTags {
 public:
  explicit PhotoTags(const EmbeddedMetadata& embedded);

  std::string text(std::uint16_t id) const;
  std::optional<double> number(std::uint16_t id) const;
  std::vector<double> numbers(std::uint16_t id) const;
  bool has(std::uint16_t id) const;

  std::string gps_text(std::uint16_t id) const;
  std::vector<double> gps_numbers(std::uint16_t id) const;
  bool has_gps() const { return !gps_.entries.empty(); }

 private:
  const TagEntry* find(std::uint16_t id) const;

  const TagFile* file_ = nullptr;
  TagDirectory main_;
  TagDirectory exif_;
  TagDirectory gps_;
};

Metadata read_metadata(const EmbeddedMetadata& embedded, std::vector<std::string>& notes);

/// position, position_problem.
void read_position(const PhotoTags& tags, const Xmp& xmp, Metadata& into);
/// calibration, calibration_problem.
void read_calibration(const PhotoTags& tags, const Xmp& xmp, Metadata& into);

}  // namespace vedette::imagery
