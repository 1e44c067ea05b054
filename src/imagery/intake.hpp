// Takes an image's bytes in: from the network into the store, hashed on the way, in flat memory
// whatever the size. The object comes first; its row is the caller's (imagery/image_store.hpp), and
// what gets no row is swept. Called by the API's upload handlers; blocks on store and sender.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"
#include "imagery/image_store.hpp"

namespace vedette::blob {
class Store;
}

namespace vedette::imagery {

/// The next bytes, any number but none; none at the end. An error ends the intake and is passed on.
using Pieces = std::function<Result<std::string_view>()>;

struct TakenImage {
  std::string id;         // fresh
  std::string filename;   // "1794758400123-9f86d081884c7d65.tif": the end of the key
  std::string blob_key;   // "fields/images/2026/11/27/<filename>"
  std::string mime_type;  // by the content
  std::int64_t size = 0;
  std::string sha256;
};

/// Stores one image. What kind it is its first bytes say, not its name (which is only shown in
/// messages). kInvalid: it is empty. kUnsupported: no picture that is taken here. kTooLarge: it has
/// more than `most_bytes`. Else as Store::put(). After an error nothing of it is in the store.
Result<TakenImage> take_image(blob::Store& blobs, std::string_view original_name,
                              const Pieces& pieces, std::int64_t most_bytes, Instant now);

/// The same of a file of this machine. kNotFound, kUnavailable: it cannot be read.
Result<TakenImage> take_file(blob::Store& blobs, const std::filesystem::path& file,
                             std::int64_t most_bytes, Instant now);

/// The row of what was taken in. `base`: what stands in front of its key in a bucket; empty: in a
/// folder.
NewImage row_of(const TakenImage& taken, std::string_view original_name, std::string_view base);

/// A name as a sender wrote it, fit to be shown and stored: the part behind the last slash, without
/// control characters and bytes that are not UTF-8, at most 200 bytes. "image" for nothing.
std::string clean_file_name(std::string_view name);

}  // namespace vedette::imagery
