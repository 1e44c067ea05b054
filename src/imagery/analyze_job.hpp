// The kind of job that analyses one image: the original out of the store, its indices and products
// by imagery/analysis.hpp, the products into the store, then one transaction that writes the
// analysis and `completed`. Declared by app/imagery.cpp; a body runs on a thread of the worker.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "imagery/analysis.hpp"
#include "imagery/image_store.hpp"
#include "imagery/tables.hpp"
#include "work/job.hpp"

namespace vedette {
class Clock;
}
namespace vedette::blob {
class Store;
}
namespace vedette::db {
class Database;
}

namespace vedette::imagery {

/// What the job works with; all of it outlives the worker. Null for who only looks at the queue.
struct AnalyzeParts {
  db::Database* database = nullptr;
  blob::Store* blobs = nullptr;
  const Clock* clock = nullptr;
  std::filesystem::path scratch = {};
  /// Without bands and scratch folder, which are the image's own.
  AnalyzeOptions options = {};
  int at_once = 1;
};

/// The payload: {"image": "0b9e..."}.
struct AnalyzeImage {
  std::string image;

  static Result<AnalyzeImage> decode(std::string_view text);
  std::string encode() const;
};

/// What is said of the bands of an image and of its camera (imagery/bands.hpp, camera_key()) beside
/// `options`. Blocks on the database.
Result<AnalyzeOptions> options_of(db::Database& database, AnalyzeOptions options,
                                  const Image& image, const std::string& camera);

work::JobKind analyze_image_kind(const AnalyzeParts& parts);

}  // namespace vedette::imagery
