// The files of an original's rows: found in its folders or its bucket, and taken into our store.
// Nothing is changed where they come from. Used by `vedette import fields`; one thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/imagery_import_source.hpp"
#include "base/time.hpp"
#include "blob/store.hpp"
#include "imagery/take_over.hpp"

namespace vedette::app {

class ImportFiles {
 public:
  /// Copies of objects are made in `scratch`. kUsage: settings of the bucket that contradict each
  /// other.
  static Result<ImportFiles> open(const ImportSource& source, std::filesystem::path scratch);

  /// Where the image's file is: a file, or the key of an object of the bucket; neither: nowhere.
  struct Place {
    std::filesystem::path file = {};
    std::string key = {};
    bool is_none() const { return file.empty() && key.empty(); }
  };
  /// Asks the bucket too; an error is the bucket's.
  Result<Place> find(const imagery::OriginalImage& image, const std::stop_token& stop) const;

  /// The file at that place into `blobs`. Errors as imagery::take_file() and Store::get().
  Result<imagery::TakenImage> take(const Place& place, const imagery::OriginalImage& image,
                                   blob::Store& blobs, std::int64_t most_bytes, Instant now,
                                   const std::stop_token& stop) const;
  /// The picture that the original made of it, as the preview of that image; nothing without one.
  Result<std::optional<imagery::StoredProduct>> take_preview(const imagery::OriginalImage& image,
                                                             blob::Store& blobs) const;

 private:
  ImportFiles() = default;

  std::vector<std::filesystem::path> uploads_;
  std::vector<std::filesystem::path> processed_;
  std::unique_ptr<blob::Store> bucket_;
  std::filesystem::path scratch_;
};

}  // namespace vedette::app
