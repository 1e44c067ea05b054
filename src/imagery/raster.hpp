// GDAL behind a few plain types: the only place that knows it. The library is loaded when the first
// picture is opened, and of its two hundred drivers only four are registered, so that a program
// that never sees a picture does not pay for it, and no other parser is within a file's reach.
// Inside src/imagery. A Raster is used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "imagery/image_file.hpp"

namespace vedette::imagery {

class Raster {
 public:
  /// Opens the file with this kind's driver and no other; looks at no file beside it. kCorrupt when
  /// the driver does not take it, kUnavailable when GDAL is not on this machine.
  static Result<Raster> open(const std::filesystem::path& path, FileKind kind);
  ~Raster();
  Raster(Raster&&) noexcept;
  Raster& operator=(Raster&&) noexcept;

  /// Fills size, type, bands, blocks, mask and georeference. kUnsupported for samples that are no
  /// real numbers.
  Result<> describe(ImageInfo& info) const;

  /// Makes room in the cache of decoded blocks for so many whole rows: of files in rows, which are
  /// read in columns of tiles. Bounded; beyond it rows are decoded again.
  void keep_rows(int rows) const;

  Result<> read(const Window& window, SampleType type, std::span<const int> bands,
                std::span<std::byte> samples);
  Result<> read_mask(const Window& window, std::span<std::uint8_t> mask);

 private:
  struct State;
  explicit Raster(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A tag of TIFF as it stands in a file, little endian.
struct RawTag {
  std::uint16_t id = 0;
  std::uint16_t type = 0;  // 3 SHORT, 12 DOUBLE, 2 ASCII
  std::uint32_t count = 0;
  std::vector<std::uint8_t> bytes;
};

/// The tags that place a TIFF on the Earth, as GDAL writes them.
Result<std::vector<RawTag>> geo_tags(const Georeference& georeference);

}  // namespace vedette::imagery
