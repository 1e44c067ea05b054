// What the names of recordings tell: which files of a folder are recordings, in what order they
// follow each other, when they were made. Cameras, recorders and dashcams each have their way. Pure
// functions; any thread. Only inside src/media.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace vedette::media {

/// A video file by its ending; not what cards and disks hold beside (previews, thumbnails, what
/// begins with a dot, what is still being copied).
bool is_recording_name(std::string_view name);

/// A folder that a system or a disk station keeps for itself.
bool is_hidden_folder_name(std::string_view name);

/// Orders paths as people count: folder by folder, file2 before file10, and GoPro's chapters
/// (GX020001 follows GX010001) by recording first. A strict weak order.
bool is_before(std::string_view a, std::string_view b);

/// Whether `next` is the chapter behind `one` of the same recording, by GoPro's names.
bool is_next_chapter(std::string_view one, std::string_view next);

/// The first day and time in a text such as VID_20260101_123456, 2026-01-01 12.34.56 or
/// 2026_0101_123456, as if it were UTC; years 1990 to 2099.
std::optional<Instant> time_in(std::string_view text);

/// The time in a file's name, or in its folder's and its own together (2026-01-01/12-34-56.mp4).
std::optional<Instant> time_in_path(std::string_view path);

}  // namespace vedette::media
