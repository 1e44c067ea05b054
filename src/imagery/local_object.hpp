// An object as a file of this machine, for libraries that read files: in place where the store is a
// folder, else a copy in a scratch folder. Used by the job that analyses and by downloads.
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string_view>

#include "base/error.hpp"
#include "imagery/temporary_folder.hpp"

namespace vedette::blob {
class Store;
}

namespace vedette::imagery {

class LocalObject {
 public:
  /// `scratch` is where copies are made. Errors as Store::get(); blocks on the store.
  static Result<LocalObject> fetch(blob::Store& blobs, std::string_view key,
                                   const std::filesystem::path& scratch,
                                   const std::stop_token& stop = {});

  /// To be read and not changed; there as long as this lives.
  const std::filesystem::path& path() const { return path_; }

 private:
  LocalObject(std::filesystem::path path, std::optional<TemporaryFolder> copy)
      : path_(std::move(path)), copy_(std::move(copy)) {}

  std::filesystem::path path_;
  std::optional<TemporaryFolder> copy_;
};

}  // namespace vedette::imagery
