// What the system's error numbers mean for a folder of objects, as sentences. Pure; any thread.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/error.hpp"

namespace vedette::blob {

/// `what` could not be done because of `code` (errno): "writing", "reading", "listing", "removing".
std::unexpected<Error> folder_error(const std::filesystem::path& folder, std::string_view what,
                                    int code);

/// The folder was there and is not any more, or is empty: nothing is known about its objects.
std::unexpected<Error> folder_is_gone(const std::filesystem::path& folder);

}  // namespace vedette::blob
