// The numbers of an image's bands at one pixel, as its indices are computed from them: calibrated,
// upright, the bands of a capture laid on each other. Reads the originals; those of the images that
// were asked for last stay open. Made once by the API; any thread, one at a time is let through;
// blocks on the database, on the blob store, and on the first question of an image for as long as
// its bands are laid on each other.
#pragma once

#include <filesystem>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "imagery/image_store.hpp"

namespace vedette::blob {
class Store;
}

namespace vedette::imagery {

struct PixelValues {
  struct One {
    std::string band;             // "red", or "band 3"
    std::optional<double> value;  // absent: no data
  };
  std::string unit;  // as name(Unit) has it
  std::vector<One> bands;
};

class PixelReader {
 public:
  /// All outlive it. `scratch`: where originals that lie in a bucket are copied to.
  PixelReader(db::Database& database, blob::Store& blobs, std::filesystem::path scratch);
  ~PixelReader();
  PixelReader(const PixelReader&) = delete;
  PixelReader& operator=(const PixelReader&) = delete;

  /// Of an image that is analysed; x and y lie in it. kTooLarge: it lies in a bucket and is too
  /// large to be copied for a pixel. Errors of reading.
  Result<PixelValues> values(const Image& image, int x, int y);

 private:
  struct Opened;
  Result<std::shared_ptr<Opened>> opened(const Image& image) VEDETTE_REQUIRES(reader_mutex_);

  db::Database& database_;
  blob::Store& blobs_;
  const std::filesystem::path scratch_;
  Mutex reader_mutex_;
  std::list<std::shared_ptr<Opened>> opened_ VEDETTE_GUARDED_BY(reader_mutex_);
};

}  // namespace vedette::imagery
