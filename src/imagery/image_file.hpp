// A picture on disk: looked at by its content and never by its name, checked before it is trusted,
// and read in windows with bounded memory whatever its size. Only JPEG, PNG, TIFF (GeoTIFF, COG)
// and JPEG 2000 are taken. Called by intake (inspect), the analysis and `vedette analyze`. An
// ImageFile is used by one thread at a time; several may be open on one path.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "imagery/metadata.hpp"

namespace vedette::imagery {

/// What a file may claim to be. Above it is refused with a sentence.
struct ImageLimits {
  std::int64_t pixels = 4'000'000'000;      // of a mosaic (TIFF, JPEG 2000)
  std::int64_t frame_pixels = 400'000'000;  // of a JPEG or PNG
  int bands = 32;
  std::size_t xmp_bytes = 1 << 20;
  /// Bytes of pixels for each byte of the file: no honest compression gains more.
  double inflation = 1500;
};

enum class FileKind { kJpeg, kPng, kTiff, kJpeg2000 };

/// "image/jpeg", "image/png", "image/tiff", "image/jp2".
std::string_view media_type(FileKind kind);
/// ".jpg", ".png", ".tif", ".jp2".
std::string_view extension(FileKind kind);

/// What these first bytes (64 are enough) begin; nullopt: no picture that is taken here.
std::optional<FileKind> kind_of(std::span<const std::uint8_t> head);

enum class SampleType { kUint8, kUint16, kInt16, kUint32, kInt32, kFloat32, kFloat64 };
/// "uint8", "float32", ...
std::string_view name(SampleType type);

/// What the file says of one of its bands, unjudged (imagery/bands.hpp judges).
struct BandInfo {
  std::string description;  // "near infrared", "B04", ...; empty: none
  enum class Colour { kUndefined, kGrey, kRed, kGreen, kBlue, kAlpha, kPalette, kOther };
  Colour colour = Colour::kUndefined;
  std::optional<double> wavelength_nm;
  std::optional<double> nodata;
  /// value = sample * scale + offset, where the file has it.
  std::optional<double> scale;
  std::optional<double> offset;
};

/// Where the picture lies on the Earth.
struct Georeference {
  /// As GDAL has it: x = t0 + col t1 + row t2, y = t3 + col t4 + row t5.
  std::array<double, 6> transform{};
  std::string wkt;   // WKT of the reference system
  std::string name;  // "WGS 84 / UTM zone 25S"
  int epsg = 0;      // 0: not known
  bool is_geographic = false;
  double metres_per_unit = 1;  // of a projected system
  /// Longitude and latitude of the corners: top left, top right, bottom right, bottom left. Absent:
  /// the system cannot be turned to WGS 84.
  std::optional<std::array<std::array<double, 2>, 4>> corners;
};

struct ImageInfo {
  FileKind kind = FileKind::kJpeg;
  std::int64_t bytes = 0;
  /// As stored; what stands upright is width x height, turned by metadata.orientation.
  int width = 0;
  int height = 0;
  SampleType type = SampleType::kUint8;
  std::vector<BandInfo> bands;
  int block_width = 0;
  int block_height = 0;
  /// Band that masks the others (alpha), from 0; or none.
  std::optional<int> alpha;
  /// The file has a mask of its own beside its bands.
  bool has_mask = false;
  std::optional<Georeference> georeference;
  Metadata metadata;
  /// Odd things that do not stop the reading, each a sentence.
  std::vector<std::string> notes;

  bool is_turned() const { return metadata.orientation >= 5; }
  int upright_width() const { return is_turned() ? height : width; }
  int upright_height() const { return is_turned() ? width : height; }
};

struct Window {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

class ImageFile {
 public:
  /// Opens and checks. Errors: kUnsupported (no picture, or a kind that is not taken), kCorrupt
  /// (truncated, damaged, contradictory), kTooLarge (a limit), kNotFound, kUnavailable (the file
  /// cannot be read now). The message is for a farmer and does not hold the path.
  static Result<ImageFile> open(const std::filesystem::path& path, const ImageLimits& limits = {});
  ~ImageFile();
  ImageFile(ImageFile&&) noexcept;
  ImageFile& operator=(ImageFile&&) noexcept;

  const ImageInfo& info() const;

  /// Reads a window of stored pixels, band after band, each row after row, in the file's own type,
  /// into `samples`, which holds bands.size() * width * height samples. Bands count from 0.
  /// kCorrupt when the bytes do not decode: the file is cut off or damaged there.
  Result<> read(const Window& window, std::span<const int> bands, std::span<std::byte> samples);
  /// That windows of so many rows will be read beside each other, from a file in rows.
  void keep_rows(int rows) const;

  /// The file's mask of the window: 0 is no picture there. Only where info().has_mask.
  Result<> read_mask(const Window& window, std::span<std::uint8_t> mask);

 private:
  struct State;
  explicit ImageFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// What a file is, without keeping it open: for intake. The pixels are not decoded: a file that is
/// cut off behind its head is found by the analysis.
Result<ImageInfo> inspect(const std::filesystem::path& path, const ImageLimits& limits = {});

std::size_t bytes_of(SampleType type);

/// GDAL's version, such as "3.6.2"; empty: it is not on this machine.
std::string gdal_version();

}  // namespace vedette::imagery
