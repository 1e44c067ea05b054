#include "imagery/products.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <string_view>
#include <utility>

#include "imagery/colours.hpp"
#include "imagery/health.hpp"
#include "imagery/picture.hpp"
#include "imagery/png.hpp"
#include "imagery/zone_files.hpp"
#include "imagery/zones.hpp"
#include "media/image.hpp"
#include "media/jpeg.hpp"

namespace vedette::imagery {
namespace {

constexpr int kPreviewQuality = 85;
constexpr std::string_view kRasterType = "image/tiff; application=geotiff; profile=cloud-optimized";
constexpr double kScale = 0.0001;
constexpr double kWideScale = 0.001;

class Maker {
 public:
  Maker(const std::filesystem::path& folder, ProductSink& sink, Analysis& analysis)
      : folder_(folder), sink_(sink), analysis_(analysis) {}

  std::filesystem::path path(const std::string& file_name) const { return folder_ / file_name; }

  Result<> put(Product product, std::string_view bytes) {
    std::ofstream file(path(product.file_name), std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) {
      const int problem = errno;
      return fail(problem == ENOSPC ? ErrorCode::kDiskFull : ErrorCode::kUnavailable,
                  problem == ENOSPC ? "the disk is full: a product could not be written"
                                    : "a product could not be written",
                  std::strerror(problem));
    }
    return hand_over(std::move(product));
  }

  Result<> hand_over(Product product) {
    product.path = path(product.file_name);
    std::error_code none;
    product.bytes = static_cast<std::int64_t>(std::filesystem::file_size(product.path, none));
    VEDETTE_CHECK(sink_.take(product));
    analysis_.products.push_back(std::move(product));
    return {};
  }

 private:
  const std::filesystem::path& folder_;
  ProductSink& sink_;
  Analysis& analysis_;
};

// The range of values that most pixels have, for those that are no 8-bit colours.
std::pair<float, float> stretch(std::vector<float> values) {
  std::erase_if(values, [](float value) { return value != value; });
  if (values.empty()) return {0.0F, 1.0F};
  const auto at = [&](double part) {
    const auto place = static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
    std::ranges::nth_element(values, values.begin() + place);
    return values[static_cast<std::size_t>(place)];
  };
  const float low = at(0.02);
  const float high = at(0.98);
  return high > low ? std::pair{low, high} : std::pair{low, low + 1};
}

// What stands for black and white, of red, green and blue.
ShownRanges shown_ranges(const Plan& plan, const PreviewSums& preview) {
  const bool is_plain = plan.first().type == SampleType::kUint8 && !plan.is_false_colour &&
                        plan.radiometry.unit == Unit::kDigitalNumbers;
  ShownRanges ranges;
  for (std::size_t c = 0; c < 3; ++c) {
    ranges[c] = is_plain ? std::pair{0.0F, 255.0F} : stretch(preview.values[c]);
  }
  return ranges;
}

Result<> make_preview(const PreviewSums& preview, const ShownRanges& ranges, Maker& maker) {
  media::Image image(preview.width, preview.height);
  for (int y = 0; y < preview.height; ++y) {
    std::uint8_t* row = image.row(y);
    for (int x = 0; x < preview.width; ++x) {
      const std::size_t at = static_cast<std::size_t>(y) * static_cast<std::size_t>(preview.width) +
                             static_cast<std::size_t>(x);
      for (std::size_t c = 0; c < 3; ++c) {
        const float value = preview.values[c][at];
        const auto [low, high] = ranges[c];
        // White where there is no picture.
        row[3 * x + 2 - static_cast<int>(c)] =
            value == value ? shown_byte(value, low, high) : std::uint8_t{255};
      }
    }
  }
  media::JpegEncoder encoder;
  VEDETTE_TRY(jpeg, encoder.encode(image, kPreviewQuality));
  Product product;
  product.kind = Product::Kind::kPreview;
  product.file_name = "preview.jpg";
  product.media_type = "image/jpeg";
  product.width = preview.width;
  product.height = preview.height;
  return maker.put(std::move(product), {reinterpret_cast<const char*>(jpeg.data()), jpeg.size()});
}

bool uses_infrared(const Index& index) {
  return std::ranges::find(index.formula.bands(), Band::kNir) != index.formula.bands().end();
}

// The same for all pictures of an index where that can be, so that dates can be compared.
void choose_range(const Index& index, IndexResult& result) {
  const auto& definition = index.definition;
  if (uses_infrared(index) && definition.low == -1.0 && definition.high == 1.0) {
    result.shown_low = -0.2;
    result.shown_high = 1;
    return;
  }
  const Statistics& s = result.statistics;
  result.shown_low = s.valid_px > 0 ? s.p2 : 0;
  result.shown_high = s.valid_px > 0 && s.p98 > s.p2 ? s.p98 : result.shown_low + 1;
}

Result<> make_picture(const IndexResult& result, const Reduced& reduced, Maker& maker) {
  std::vector<std::uint8_t> pixels(reduced.values.size());
  std::ranges::transform(reduced.values, pixels.begin(), [&](float value) {
    return colour_of(value, result.shown_low, result.shown_high);
  });
  const auto colours = palette();
  VEDETTE_TRY(png, encode_png(reduced.width, reduced.height, pixels, colours, true));
  Product product;
  product.kind = Product::Kind::kIndexPicture;
  product.index = result.definition.name;
  product.file_name = result.definition.name + ".png";
  product.media_type = "image/png";
  product.width = reduced.width;
  product.height = reduced.height;
  return maker.put(std::move(product), png);
}

Result<> make_zones(const IndexResult& result, const Reduced& reduced, Maker& maker,
                    Analysis& analysis) {
  ZoneOptions options;
  options.index = result.definition.name;
  options.width = analysis.width;
  options.height = analysis.height;
  if (analysis.scale) {
    options.pixel_m = analysis.scale->pixel_m;
    options.uncertainty = analysis.scale->uncertainty;
  }
  if (analysis.georeference) options.corners = analysis.georeference->corners;
  if (result.definition.name == "ndvi") {
    options.thresholds.assign(kHealthLimits.begin(), kHealthLimits.end());
    for (const std::string_view name : kHealthNames) options.names.emplace_back(name);
  } else {
    // Thirds of the range that most pixels have.
    const double low = result.statistics.p2;
    const double high = result.statistics.p98;
    options.thresholds = {low + (high - low) / 3, low + (high - low) * 2 / 3};
    options.names = {"low", "middle", "high"};
  }
  const Zones zones = find_zones(reduced, options.thresholds);
  analysis.zones = static_cast<int>(zones.zones.size());
  Product product;
  product.kind = Product::Kind::kZones;
  product.index = result.definition.name;
  product.file_name = "zones.geojson";
  product.media_type = "application/geo+json";
  VEDETTE_CHECK(maker.put(product, to_geojson(zones, options)));
  if (!options.corners) return {};
  product.file_name = "zones.kml";
  product.media_type = "application/vnd.google-earth.kml+xml";
  VEDETTE_CHECK(maker.put(product, to_kml(zones, options)));
  product.file_name = "zones.shp.zip";
  product.media_type = "application/zip";
  return maker.put(product, to_shapefile_zip(zones, options));
}

}  // namespace

Result<ScratchFolder> ScratchFolder::make(const std::filesystem::path& inside) {
  std::string name = (inside / "analysis-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    return fail(ErrorCode::kUnavailable, "the folder for products cannot be written",
                std::strerror(errno));
  }
  return ScratchFolder(name);
}

ScratchFolder::~ScratchFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : path_(std::exchange(other.path_, std::filesystem::path())) {}

bool wants_products(const AnalyzeOptions& options, const ProductSink* sink) {
  return sink != nullptr && !options.scratch.empty();
}

Result<Rasters> make_rasters(const Plan& plan, const AnalyzeOptions& options,
                             const std::filesystem::path& folder) {
  Rasters rasters(plan.indices.size());
  const ProductOptions& wanted = options.products;
  if (!wanted.rasters && !wanted.pictures && !wanted.zones) return rasters;
  std::vector<RawTag> place;
  if (wanted.rasters && plan.first().georeference) {
    VEDETTE_TRY(tags, geo_tags(*plan.first().georeference));
    place = std::move(tags);
  }
  for (const std::size_t i : plan.products) {
    const IndexDefinition& definition = plan.indices[i].definition;
    const bool is_bounded = definition.low.has_value();
    RasterFormat format;
    format.width = plan.width();
    format.height = plan.height();
    // Numbers that grow with the picture's own have no range that 16 bits could hold.
    format.is_float32 = wanted.is_float32 || (definition.needs == Needs::kScaled &&
                                              plan.radiometry.unit != Unit::kReflectance);
    format.scale = is_bounded ? kScale : kWideScale;
    format.description = definition.title;
    format.place = place;
    std::optional<std::filesystem::path> spool;
    if (wanted.rasters) spool = folder / (definition.name + ".spool");
    VEDETTE_TRY(tiles, RasterTiles::make(std::move(format), spool, wanted.longest_side));
    rasters[i] = std::move(tiles);
  }
  return rasters;
}

Result<> make_products(const Plan& plan, const AnalyzeOptions& options, Rasters& rasters,
                       const PreviewSums& preview, const std::filesystem::path& folder,
                       ProductSink& sink, Analysis& analysis,
                       const std::function<void(double)>& progress, const std::stop_token& stop) {
  Maker maker(folder, sink, analysis);
  const ProductOptions& wanted = options.products;
  if (preview.width > 0) {
    const ShownRanges ranges = shown_ranges(plan, preview);
    if (wanted.preview) VEDETTE_CHECK(make_preview(preview, ranges, maker));
    if (wanted.picture) {
      Product product;
      product.kind = Product::Kind::kPictureRaster;
      product.file_name = "picture.tif";
      product.media_type = kRasterType;
      product.width = plan.width();
      product.height = plan.height();
      VEDETTE_CHECK(
          write_picture(plan, options, ranges, maker.path(product.file_name), progress, stop));
      VEDETTE_CHECK(maker.hand_over(std::move(product)));
    }
  }
  bool is_first = true;
  for (const std::size_t i : plan.products) {
    if (!rasters[i]) continue;
    IndexResult& result = analysis.indices[i];
    choose_range(plan.indices[i], result);
    const Reduced reduced = rasters[i]->take_reduced();
    if (wanted.pictures) VEDETTE_CHECK(make_picture(result, reduced, maker));
    if (wanted.zones && is_first && result.statistics.valid_px > 0) {
      VEDETTE_CHECK(make_zones(result, reduced, maker, analysis));
    }
    is_first = false;
    if (!wanted.rasters) continue;
    Product product;
    product.kind = Product::Kind::kIndexRaster;
    product.index = result.definition.name;
    product.file_name = result.definition.name + ".tif";
    product.media_type = kRasterType;
    product.width = plan.width();
    product.height = plan.height();
    VEDETTE_CHECK(rasters[i]->write(maker.path(product.file_name)));
    rasters[i].reset();
    VEDETTE_CHECK(maker.hand_over(std::move(product)));
  }
  if (!wanted.numbers) return {};
  Product csv;
  csv.kind = Product::Kind::kNumbersCsv;
  csv.file_name = "numbers.csv";
  csv.media_type = "text/csv";
  VEDETTE_CHECK(maker.put(std::move(csv), to_csv(analysis)));
  Product json;
  json.kind = Product::Kind::kNumbersJson;
  json.file_name = "numbers.json";
  json.media_type = "application/json";
  return maker.put(std::move(json), to_json(analysis, ""));
}

}  // namespace vedette::imagery
