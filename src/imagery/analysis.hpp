// From a picture's bytes to numbers and products: what the job of the fields and `vedette analyze`
// call. Reads in blocks, with bounded memory whatever the size. Nothing is invented: what cannot be
// computed is named, with its reason. analyze() blocks for seconds; any thread, several at once.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "imagery/bands.hpp"
#include "imagery/image_file.hpp"
#include "imagery/indices.hpp"
#include "imagery/radiometry.hpp"
#include "imagery/statistics.hpp"

namespace vedette::imagery {

/// One file that was made, in the scratch folder; the sink takes it away (moves or uploads).
struct Product {
  enum class Kind {
    kPreview,
    kPictureRaster,
    kIndexPicture,
    kIndexRaster,
    kZones,
    kNumbersJson,
    kNumbersCsv,
  };
  Kind kind = Kind::kPreview;
  std::string index;      // "ndvi"; empty: of the whole picture
  std::string file_name;  // "ndvi.tif": its name for people, unique within one analysis
  std::string media_type;
  std::filesystem::path path;
  std::int64_t bytes = 0;
  int width = 0;
  int height = 0;
};
std::string_view name(Product::Kind kind);  // "preview", "index_png", "index_cog", "zones", ...

class ProductSink {
 public:
  virtual ~ProductSink() = default;
  /// Called on the thread of analyze(), once a product, before it returns. An error ends the
  /// analysis with it.
  virtual Result<> take(const Product& product) = 0;
};

struct ProductOptions {
  bool preview = true;
  /// The picture itself as a raster with reductions, for tiles; needs the preview, too.
  bool picture = false;
  bool pictures = true;
  bool rasters = true;
  bool zones = true;
  bool numbers = true;
  /// Indices that become pictures, rasters and zones; empty: the first of ndvi, ndre, gndvi, vari
  /// that there is, and savi, gndvi and the user's own beside it.
  std::vector<std::string> indices;
  bool is_float32 = false;  // rasters as float32 instead of scaled int16
  int longest_side = 2048;  // of preview and pictures
};

struct AnalyzeOptions {
  ImageLimits limits;
  std::optional<BandChoice> bands;         // for this picture
  std::optional<BandChoice> camera_bands;  // remembered for its camera
  std::vector<std::string> indices;        // empty: the defaults
  std::vector<IndexDefinition> user_indices;
  /// What stands for reflectance 1.0 in the file's numbers, where the user says so.
  std::optional<double> reflectance_scale;
  /// Bands of a capture are laid on each other; off, pixel over pixel as they are stored.
  bool is_aligned = true;
  /// Reflectance panel of the flight: see radiometry.hpp.
  std::optional<PanelReading> panel;
  ProductOptions products;
  std::filesystem::path scratch;  // a folder that is there; empty: no products
  int threads = 0;                // 0: one a core
};

/// A cell of the 10 x 10 grid whose stress is above 0.3, as the original had it.
struct StressCell {
  int x = 0;
  int y = 0;
  double severity = 0;  // 1 - clip((mean + 1) / 2, 0, 1)
  double ndvi = 0;
  std::optional<double> savi;
  std::optional<double> gndvi;
  std::int64_t pixels = 0;
};

struct Health {
  std::string status;  // very_poor, poor, moderate, healthy, very_healthy
  double score = 0;    // 0 to 1
  std::string advice;  // "Attention needed"
  std::string rule;    // the rule in words, to be shown
  /// What weakens it ("from digital numbers: ..."); empty: nothing.
  std::string caveat;
};

struct IndexResult {
  IndexDefinition definition;
  Statistics statistics;
  std::string caveat;  // such as "in the picture's own numbers"
  /// Values that the first and the last colour of its picture stand for (imagery/colours.hpp).
  double shown_low = 0;
  double shown_high = 1;
};

/// How a band of a capture was laid on the reference.
struct BandAlignment {
  Band band = Band::kRed;
  Band reference = Band::kRedEdge;
  double dx = 0;  // of the centre: a point of the reference lies so far to the right in the band
  double dy = 0;
  double correlation = 0;
  std::optional<double> residual_px;  // that remains
  bool is_good = false;
};

struct NotComputed {
  std::string index;
  std::string why;
};

/// Length of a pixel on the ground, and how sure that is.
struct GroundScale {
  double pixel_m = 0;
  double uncertainty = 0;  // relative, one standard deviation
  std::string source;      // "georeference", "height above ground 74 m, focal length, ..."
};

struct Analysis {
  std::vector<std::string> files;  // their names; several: the bands of one capture
  int width = 0;                   // upright
  int height = 0;
  FileKind kind = FileKind::kJpeg;
  SampleType type = SampleType::kUint8;
  std::vector<BandRole> bands;
  std::string sensor;
  Radiometry radiometry;
  std::int64_t pixels = 0;
  std::int64_t valid_px = 0;  // neither masked nor without data in any band that was used
  std::vector<IndexResult> indices;
  std::vector<NotComputed> not_computed;
  std::optional<Health> health;
  std::string no_health;  // why there is none
  std::vector<StressCell> stress;
  int zones = 0;  // areas in zones.geojson
  std::optional<GroundScale> scale;
  Metadata metadata;
  std::optional<Georeference> georeference;
  std::vector<BandAlignment> alignment;  // of a capture
  std::vector<std::string> notes;
  std::vector<Product> products;
  double read_s = 0;
  double wall_s = 0;

  const IndexResult* find(std::string_view index) const;
};

/// How far it is, from 0 to 1, and what it does. Called on the thread of analyze().
using Progress = std::function<void(double part, std::string_view what)>;

/// Analyses one picture: a file, or the files of one capture's bands. Errors as ImageFile::open();
/// kCancelled when `stop` fires, kDiskFull when the scratch folder is full, and the sink's own. On
/// an error no product remains in the scratch folder but those that the sink took.
Result<Analysis> analyze(std::span<const std::filesystem::path> files,
                         const AnalyzeOptions& options, ProductSink* sink = nullptr,
                         const Progress& progress = {}, const std::stop_token& stop = {});
Result<Analysis> analyze(const std::filesystem::path& file, const AnalyzeOptions& options,
                         ProductSink* sink = nullptr, const Progress& progress = {},
                         const std::stop_token& stop = {});

/// The object of `vedette analyze --json` (one line), which other programs parse; `file` is shown.
std::string to_json(const Analysis& analysis, std::string_view file);
/// A picture that failed, as another such object: {"file", "error": {"code", "message"}}.
std::string error_json(const Error& error, std::string_view file);
/// index,mean,std,min,max,p2,p50,p98,valid_px with a header line.
std::string to_csv(const Analysis& analysis);

}  // namespace vedette::imagery
