// The keys of a folder in the order of their bytes, page by page, in memory bounded by the page and
// not by the folder. Used by the folder store. Any thread.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace vedette::blob {

/// Up to `most` keys after `after` that begin with `prefix`. Files whose name is no key are passed
/// over. kUnavailable, kCancelled.
Result<std::vector<std::string>> list_folder(const std::filesystem::path& folder,
                                             std::string_view prefix, std::string_view after,
                                             std::size_t most, const std::stop_token& stop);

}  // namespace vedette::blob
