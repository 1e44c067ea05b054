// What an analysis will do, decided before a pixel is computed: which file and band is which light,
// how its numbers become reflectance, which indices can be computed, and why the others cannot.
// Inside src/imagery; called by analyze(), on its thread.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "imagery/align.hpp"
#include "imagery/analysis.hpp"

namespace vedette::imagery {

/// One band of light: where its samples are, and what makes values of them.
struct Channel {
  std::optional<Band> band;  // absent: shown in the preview only
  std::size_t file = 0;
  int index = 0;  // band in the file, from 0
  std::optional<double> nodata;
  std::optional<RadianceModel> radiance;
  /// value = (sample or radiance) * factor + offset; factor above 0.
  double factor = 1;
  double offset = 0;
  /// From stored pixels of the band that the others are laid on to this one's; absent: the same.
  std::optional<Homography> from_reference;
};

struct Plan {
  std::vector<std::filesystem::path> paths;
  std::vector<ImageInfo> infos;
  std::vector<BandRole> roles;
  std::string sensor;
  double sensor_scale = 0;  // what its files have for reflectance 1.0; 0: not said
  Radiometry radiometry;
  std::vector<Channel> channels;
  std::vector<Index> indices;
  /// Places in `channels` of each index's bands, in the order of its formula.
  std::vector<std::vector<std::size_t>> bands_of_index;
  std::vector<NotComputed> not_computed;
  std::vector<BandAlignment> alignment;
  std::vector<std::string> notes;
  /// Channels of the preview: red, green, blue; or one thrice.
  std::array<std::size_t, 3> preview{};
  bool is_false_colour = false;
  /// Places in `indices` of those that become products.
  std::vector<std::size_t> products;

  const ImageInfo& first() const { return infos.front(); }
  int width() const { return first().upright_width(); }
  int height() const { return first().upright_height(); }
};

/// Lays the bands of a capture on each other: fills from_reference, alignment, and notes about what
/// does not fit. Reads each band once.
Result<> align_bands(const AnalyzeOptions& options, Plan& plan);

Result<Plan> make_plan(std::span<const std::filesystem::path> files, const AnalyzeOptions& options);

}  // namespace vedette::imagery
