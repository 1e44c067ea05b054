// What a video file says of itself in its header: when it was made, how long it is. Reads no
// pictures. Foreign bytes: what cannot be is taken as not said. Blocks for the file; any thread.
// Only inside src/media.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>

#include "media/source_url.hpp"

namespace vedette::media {

struct ContainerHeader {
  /// By the device's clock, in UTC as far as it knew.
  std::optional<Instant> made_at;
  /// Of the video, as announced.
  std::optional<std::int64_t> frames;
  std::optional<Micros> duration;
};

/// The header alone, or also the end of files that do not say their length at their beginning
/// (`is_thorough`: some tens of milliseconds). The errors of opening the file; kCancelled.
Result<ContainerHeader> read_container_header(const SourceUrl& url, const SourceOptions& options,
                                              bool is_thorough, const std::stop_token& stop);

}  // namespace vedette::media
