// The recordings in a folder and the folders in it, in no order. Only inside src/media.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "media/frame_source.hpp"

namespace vedette::media {

/// Adds their paths to `into`. Links to folders are not followed, links to files where they stay
/// within the allowed folders; no file comes twice. kTooLarge beyond the bounds of recording.hpp,
/// kForbidden when the folder itself may not be read, kCancelled.
Result<> list_recordings(const std::string& folder, const SourceOptions& options,
                         const std::stop_token& stop, std::vector<std::string>& into);

}  // namespace vedette::media
