// Single-band files of one shot become one picture: which files belong together, and what is
// missing. Called by intake and `vedette analyze`. Pure functions over metadata; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "imagery/bands.hpp"
#include "imagery/image_file.hpp"

namespace vedette::imagery {

/// What files of one capture have in common: the file's capture id, else the rig's name and the
/// second of the shot. Empty: the file is a picture of its own (it has several bands, or nothing to
/// tell).
std::string capture_key(const ImageInfo& info);

/// The bands a rig of this camera has; empty: not known.
std::vector<Band> bands_of_rig(const Metadata& metadata);

/// "red edge and near infrared are missing"; empty: complete, or not known.
std::string missing_bands(std::span<const ImageInfo* const> files);

/// Indices into `infos`, those of one capture together, in the order of the rig; a picture of its
/// own alone. Order of the first file of each is kept.
std::vector<std::vector<std::size_t>> group_captures(std::span<const ImageInfo* const> infos);

}  // namespace vedette::imagery
