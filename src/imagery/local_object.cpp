#include "imagery/local_object.hpp"

#include <fmt/format.h>

#include <utility>

#include "blob/store.hpp"

namespace vedette::imagery {

Result<LocalObject> LocalObject::fetch(blob::Store& blobs, std::string_view key,
                                       const std::filesystem::path& scratch,
                                       const std::stop_token& stop) {
  VEDETTE_TRY(place, blobs.file_of(key));
  if (place) {
    VEDETTE_TRY(info, blobs.head(key, stop));
    if (info) return LocalObject(std::move(*place), std::nullopt);
    return fail(ErrorCode::kNotFound,
                fmt::format("There is no object {} in {}.", key, blobs.place()));
  }
  VEDETTE_TRY(folder, TemporaryFolder::make(scratch));
  std::filesystem::path file = folder.path() / "object";
  VEDETTE_CHECK(blobs.get_file(key, file, {.range = {}, .digest = {}, .stop = stop}));
  return LocalObject(std::move(file), std::move(folder));
}

}  // namespace vedette::imagery
