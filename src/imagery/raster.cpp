#include "imagery/raster.hpp"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_vsi.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <gdal.h>
#include <gdal_frmts.h>
#include <ogr_srs_api.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/text.hpp"
#include "imagery/exif.hpp"
#include "imagery/projection.hpp"

namespace vedette::imagery {
namespace {

constexpr std::int64_t kGdalCacheBytes = 24 << 20;
constexpr const char* kLibrary = VEDETTE_GDAL_LIBRARY;

constexpr std::int64_t kMostCacheBytes = 192 << 20;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int kPointsOfAnEdge = 21;
// Wider than half the Earth is nothing that was flown over: it lies across the antimeridian.
constexpr double kWidest = 180;

// What is used of the library. The types are the header's own, so that a call that does not fit
// does not compile.
struct Gdal {
  decltype(&::GDALVersionInfo) version_info;
  decltype(&::GDALRegister_GTiff) register_gtiff;
  decltype(&::GDALRegister_JPEG) register_jpeg;
  decltype(&::GDALRegister_PNG) register_png;
  decltype(&::GDALRegister_JP2OpenJPEG) register_jp2;
  decltype(&::GDALSetCacheMax64) set_cache_max;
  decltype(&::GDALGetCacheMax64) cache_max;
  decltype(&::GDALGetDataTypeSizeBytes) type_bytes;
  decltype(&::CPLSetConfigOption) set_config_option;
  decltype(&::CPLSetErrorHandler) set_error_handler;
  decltype(&::CPLQuietErrorHandler) quiet_error_handler;
  decltype(&::CPLErrorReset) error_reset;
  decltype(&::CPLGetLastErrorMsg) last_error;
  decltype(&::GDALOpenEx) open_ex;
  decltype(&::GDALClose) close;
  decltype(&::GDALGetRasterXSize) x_size;
  decltype(&::GDALGetRasterYSize) y_size;
  decltype(&::GDALGetRasterCount) count;
  decltype(&::GDALGetRasterBand) band;
  decltype(&::GDALGetRasterDataType) data_type;
  decltype(&::GDALGetBlockSize) block_size;
  decltype(&::GDALGetDescription) description;
  decltype(&::GDALGetRasterColorInterpretation) colour;
  decltype(&::GDALGetRasterNoDataValue) nodata;
  decltype(&::GDALGetRasterScale) scale;
  decltype(&::GDALGetRasterOffset) offset;
  decltype(&::GDALGetMetadataItem) metadata_item;
  decltype(&::GDALGetMaskFlags) mask_flags;
  decltype(&::GDALGetMaskBand) mask_band;
  decltype(&::GDALDatasetRasterIO) dataset_io;
  decltype(&::GDALRasterIO) band_io;
  decltype(&::GDALGetGeoTransform) geo_transform;
  decltype(&::GDALGetSpatialRef) spatial_ref;
  decltype(&::GDALGetDriverByName) driver;
  decltype(&::GDALCreate) create;
  decltype(&::GDALSetGeoTransform) set_geo_transform;
  decltype(&::GDALSetProjection) set_projection;
  decltype(&::VSIGetMemFileBuffer) memory_file;
  decltype(&::VSIFileFromMemBuffer) make_memory_file;
  decltype(&::VSIFCloseL) close_file;
  decltype(&::VSIUnlink) unlink;
  decltype(&::VSIFree) free;
  decltype(&::OSRExportToWkt) export_wkt;
  decltype(&::OSRGetName) crs_name;
  decltype(&::OSRGetAuthorityCode) authority_code;
  decltype(&::OSRGetAuthorityName) authority_name;
  decltype(&::OSRIsGeographic) is_geographic;
  decltype(&::OSRGetLinearUnits) linear_units;
  decltype(&::OSRNewSpatialReference) new_crs;
  decltype(&::OSRDestroySpatialReference) destroy_crs;
  decltype(&::OSRClone) clone_crs;
  decltype(&::OSRImportFromEPSG) import_epsg;
  decltype(&::OSRSetAxisMappingStrategy) set_axis_mapping;
  decltype(&::OCTNewCoordinateTransformation) new_transformation;
  decltype(&::OCTDestroyCoordinateTransformation) destroy_transformation;
  decltype(&::OCTTransform) transform;
};

struct Loaded {
  Gdal gdal{};
  std::string problem;  // empty: it is there
};

// Loaded once, never unloaded: its threads and caches live as long as the program.
Loaded load() {
  Loaded loaded;
  void* library = dlopen(kLibrary, RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    const char* why = dlerror();
    loaded.problem = why == nullptr ? "not found" : why;
    return loaded;
  }
  const auto find = [&](auto& function, const char* symbol) {
    void* address = dlsym(library, symbol);
    if (address == nullptr) {
      if (loaded.problem.empty()) loaded.problem = fmt::format("{} has no {}", kLibrary, symbol);
      return;
    }
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(address);
  };
  Gdal& g = loaded.gdal;
  find(g.version_info, "GDALVersionInfo");
  find(g.register_gtiff, "GDALRegister_GTiff");
  find(g.register_jpeg, "GDALRegister_JPEG");
  find(g.register_png, "GDALRegister_PNG");
  find(g.register_jp2, "GDALRegister_JP2OpenJPEG");
  find(g.set_cache_max, "GDALSetCacheMax64");
  find(g.cache_max, "GDALGetCacheMax64");
  find(g.type_bytes, "GDALGetDataTypeSizeBytes");
  find(g.set_config_option, "CPLSetConfigOption");
  find(g.set_error_handler, "CPLSetErrorHandler");
  find(g.quiet_error_handler, "CPLQuietErrorHandler");
  find(g.error_reset, "CPLErrorReset");
  find(g.last_error, "CPLGetLastErrorMsg");
  find(g.open_ex, "GDALOpenEx");
  find(g.close, "GDALClose");
  find(g.x_size, "GDALGetRasterXSize");
  find(g.y_size, "GDALGetRasterYSize");
  find(g.count, "GDALGetRasterCount");
  find(g.band, "GDALGetRasterBand");
  find(g.data_type, "GDALGetRasterDataType");
  find(g.block_size, "GDALGetBlockSize");
  find(g.description, "GDALGetDescription");
  find(g.colour, "GDALGetRasterColorInterpretation");
  find(g.nodata, "GDALGetRasterNoDataValue");
  find(g.scale, "GDALGetRasterScale");
  find(g.offset, "GDALGetRasterOffset");
  find(g.metadata_item, "GDALGetMetadataItem");
  find(g.mask_flags, "GDALGetMaskFlags");
  find(g.mask_band, "GDALGetMaskBand");
  find(g.dataset_io, "GDALDatasetRasterIO");
  find(g.band_io, "GDALRasterIO");
  find(g.geo_transform, "GDALGetGeoTransform");
  find(g.spatial_ref, "GDALGetSpatialRef");
  find(g.driver, "GDALGetDriverByName");
  find(g.create, "GDALCreate");
  find(g.set_geo_transform, "GDALSetGeoTransform");
  find(g.set_projection, "GDALSetProjection");
  find(g.memory_file, "VSIGetMemFileBuffer");
  find(g.make_memory_file, "VSIFileFromMemBuffer");
  find(g.close_file, "VSIFCloseL");
  find(g.unlink, "VSIUnlink");
  find(g.free, "VSIFree");
  find(g.export_wkt, "OSRExportToWkt");
  find(g.crs_name, "OSRGetName");
  find(g.authority_code, "OSRGetAuthorityCode");
  find(g.authority_name, "OSRGetAuthorityName");
  find(g.is_geographic, "OSRIsGeographic");
  find(g.linear_units, "OSRGetLinearUnits");
  find(g.new_crs, "OSRNewSpatialReference");
  find(g.destroy_crs, "OSRDestroySpatialReference");
  find(g.clone_crs, "OSRClone");
  find(g.import_epsg, "OSRImportFromEPSG");
  find(g.set_axis_mapping, "OSRSetAxisMappingStrategy");
  find(g.new_transformation, "OCTNewCoordinateTransformation");
  find(g.destroy_transformation, "OCTDestroyCoordinateTransformation");
  find(g.transform, "OCTTransform");
  if (!loaded.problem.empty()) return loaded;
  // What it has to say is asked for after each call; it prints nothing.
  g.set_error_handler(g.quiet_error_handler);
  g.set_config_option("GDAL_PAM_ENABLED", "NO");  // writes nothing beside a picture
  g.set_config_option("GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR");  // reads nothing beside it
  g.set_config_option("GDAL_ERROR_ON_LIBJPEG_WARNING", "YES");  // a cut-off JPEG is not half grey
  g.set_config_option("GDAL_NUM_THREADS", "1");                 // the threads are ours
  g.set_cache_max(kGdalCacheBytes);
  g.register_gtiff();
  g.register_jpeg();
  g.register_png();
  g.register_jp2();
  return loaded;
}

const Loaded& library() {
  static const Loaded loaded = load();
  return loaded;
}

std::optional<std::array<std::array<double, 2>, 4>> corners_of(const Gdal& g,
                                                               OGRSpatialReferenceH crs,
                                                               const std::array<double, 6>& t,
                                                               int width, int height) {
  OGRSpatialReferenceH wgs84 = g.new_crs(nullptr);
  OGRSpatialReferenceH own = g.clone_crs(crs);
  std::optional<std::array<std::array<double, 2>, 4>> corners;
  if (g.import_epsg(wgs84, 4326) == OGRERR_NONE) {
    g.set_axis_mapping(wgs84, OAMS_TRADITIONAL_GIS_ORDER);
    g.set_axis_mapping(own, OAMS_TRADITIONAL_GIS_ORDER);
    if (OGRCoordinateTransformationH way = g.new_transformation(own, wgs84); way != nullptr) {
      std::array<double, 4> x{};
      std::array<double, 4> y{};
      for (std::size_t i = 0; i < 4; ++i) {
        const double column = i == 1 || i == 2 ? width : 0;
        const double row = i >= 2 ? height : 0;
        x[i] = t[0] + column * t[1] + row * t[2];
        y[i] = t[3] + column * t[4] + row * t[5];
      }
      if (g.transform(way, 4, x.data(), y.data(), nullptr) != 0 &&
          std::ranges::all_of(x, [](double v) { return std::isfinite(v) && std::abs(v) <= 540; }) &&
          std::ranges::all_of(y, [](double v) { return std::isfinite(v) && std::abs(v) <= 90; })) {
        corners.emplace();
        for (std::size_t i = 0; i < 4; ++i) (*corners)[i] = {x[i], y[i]};
      }
      g.destroy_transformation(way);
    }
  }
  g.destroy_crs(own);
  g.destroy_crs(wgs84);
  return corners;
}

Result<const Gdal*> gdal() {
  const Loaded& loaded = library();
  if (loaded.problem.empty()) return &loaded.gdal;
  return fail(ErrorCode::kUnavailable,
              "pictures cannot be read on this machine: the library GDAL is not installed "
              "(Debian: libgdal32)",
              loaded.problem);
}

const char* driver_name(FileKind kind) {
  switch (kind) {
    case FileKind::kJpeg:
      return "JPEG";
    case FileKind::kPng:
      return "PNG";
    case FileKind::kTiff:
      return "GTiff";
    case FileKind::kJpeg2000:
      return "JP2OpenJPEG";
  }
  return "";
}

GDALDataType gdal_type(SampleType type) {
  switch (type) {
    case SampleType::kUint8:
      return GDT_Byte;
    case SampleType::kUint16:
      return GDT_UInt16;
    case SampleType::kInt16:
      return GDT_Int16;
    case SampleType::kUint32:
      return GDT_UInt32;
    case SampleType::kInt32:
      return GDT_Int32;
    case SampleType::kFloat32:
      return GDT_Float32;
    case SampleType::kFloat64:
      return GDT_Float64;
  }
  return GDT_Unknown;
}

std::optional<SampleType> sample_type(GDALDataType type) {
  for (const auto each :
       {SampleType::kUint8, SampleType::kUint16, SampleType::kInt16, SampleType::kUint32,
        SampleType::kInt32, SampleType::kFloat32, SampleType::kFloat64}) {
    if (gdal_type(each) == type) return each;
  }
  return std::nullopt;
}

BandInfo::Colour colour_of(GDALColorInterp colour) {
  switch (colour) {
    case GCI_Undefined:
      return BandInfo::Colour::kUndefined;
    case GCI_GrayIndex:
      return BandInfo::Colour::kGrey;
    case GCI_RedBand:
      return BandInfo::Colour::kRed;
    case GCI_GreenBand:
      return BandInfo::Colour::kGreen;
    case GCI_BlueBand:
      return BandInfo::Colour::kBlue;
    case GCI_AlphaBand:
      return BandInfo::Colour::kAlpha;
    case GCI_PaletteIndex:
      return BandInfo::Colour::kPalette;
    default:
      return BandInfo::Colour::kOther;
  }
}

std::optional<double> number_of(const char* text) {
  if (text == nullptr) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || !std::isfinite(value)) return std::nullopt;
  return value;
}

// "842 nm", "0.842": makers write either unit.
std::optional<double> wavelength_nm(const char* text) {
  const auto value = number_of(text);
  if (!value || *value <= 0) return std::nullopt;
  return *value < 20 ? *value * 1000 : *value;
}

BandInfo describe_band(const Gdal& g, GDALRasterBandH band) {
  BandInfo info;
  if (const char* text = g.description(band); text != nullptr) info.description = text;
  for (const char* key : {"BandName", "band_name", "BAND_NAME", "name"}) {
    if (!info.description.empty()) break;
    if (const char* text = g.metadata_item(band, key, nullptr); text != nullptr) {
      info.description = text;
    }
  }
  if (info.description.size() > 200 || !is_clean_utf8(info.description)) info.description.clear();
  for (const char* key :
       {"wavelength", "WAVELENGTH", "CENTRAL_WAVELENGTH_NM", "CentralWavelength"}) {
    if (!info.wavelength_nm)
      info.wavelength_nm = wavelength_nm(g.metadata_item(band, key, nullptr));
  }
  info.colour = colour_of(g.colour(band));
  int has = 0;
  const double nodata = g.nodata(band, &has);
  if (has != 0) info.nodata = nodata;
  const double scale = g.scale(band, &has);
  if (has != 0 && scale != 1 && scale != 0 && std::isfinite(scale)) info.scale = scale;
  const double offset = g.offset(band, &has);
  if (has != 0 && offset != 0 && std::isfinite(offset)) info.offset = offset;
  return info;
}

std::optional<Georeference> georeference_of(const Gdal& g, GDALDatasetH dataset, int width,
                                            int height) {
  Georeference result;
  if (g.geo_transform(dataset, result.transform.data()) != CE_None) return std::nullopt;
  const auto& t = result.transform;
  const bool is_sound = std::ranges::all_of(t, [](double v) { return std::isfinite(v); }) &&
                        t[1] * t[5] - t[2] * t[4] != 0;
  OGRSpatialReferenceH crs = g.spatial_ref(dataset);
  if (!is_sound || crs == nullptr) return std::nullopt;
  char* wkt = nullptr;
  if (g.export_wkt(crs, &wkt) == OGRERR_NONE && wkt != nullptr) result.wkt = wkt;
  g.free(wkt);
  if (result.wkt.empty()) return std::nullopt;
  if (const char* crs_name = g.crs_name(crs); crs_name != nullptr) {
    if (is_clean_utf8(crs_name)) result.name = crs_name;
  }
  const char* authority = g.authority_name(crs, nullptr);
  const char* code = g.authority_code(crs, nullptr);
  if (authority != nullptr && code != nullptr && std::string_view(authority) == "EPSG") {
    result.epsg = std::atoi(code);
  }
  result.is_geographic = g.is_geographic(crs) != 0;
  if (!result.is_geographic) result.metres_per_unit = g.linear_units(crs, nullptr);
  result.corners = corners_of(g, crs, t, width, height);
  return result;
}

void turn(const Gdal& g, OGRCoordinateTransformationH way, std::span<double> x,
          std::span<double> y) {
  if (x.empty()) return;
  g.transform(way, static_cast<int>(x.size()), x.data(), y.data(), nullptr);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isfinite(x[i]) && std::isfinite(y[i])) continue;
    x[i] = kNaN;
    y[i] = kNaN;
  }
}

}  // namespace

struct Raster::State {
  const Gdal* gdal = nullptr;
  GDALDatasetH dataset = nullptr;
  ~State() {
    if (dataset != nullptr) gdal->close(dataset);
  }
};

Raster::Raster(std::unique_ptr<State> state) : state_(std::move(state)) {}
Raster::~Raster() = default;
Raster::Raster(Raster&&) noexcept = default;
Raster& Raster::operator=(Raster&&) noexcept = default;

Result<Raster> Raster::open(const std::filesystem::path& path, FileKind kind) {
  VEDETTE_TRY(library, gdal());
  const Gdal& g = *library;
  const std::array<const char*, 2> drivers{driver_name(kind), nullptr};
  const std::array<const char*, 1> no_siblings{nullptr};
  g.error_reset();
  auto state = std::make_unique<State>();
  state->gdal = &g;
  state->dataset = g.open_ex(path.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY, drivers.data(),
                             nullptr, no_siblings.data());
  if (state->dataset == nullptr) {
    return fail(ErrorCode::kCorrupt,
                "the file begins like a picture, but what follows cannot be read: it is damaged "
                "or was not copied to its end",
                g.last_error());
  }
  return Raster(std::move(state));
}

Result<> Raster::describe(ImageInfo& info) const {
  const Gdal& g = *state_->gdal;
  GDALDatasetH dataset = state_->dataset;
  info.width = g.x_size(dataset);
  info.height = g.y_size(dataset);
  const int count = g.count(dataset);
  if (count <= 0) {
    return fail(ErrorCode::kCorrupt, "the file holds no picture: it has no bands");
  }
  std::optional<GDALDataType> common;
  for (int i = 1; i <= count; ++i) {
    GDALRasterBandH band = g.band(dataset, i);
    info.bands.push_back(describe_band(g, band));
    if (info.bands.back().colour == BandInfo::Colour::kAlpha) info.alpha = i - 1;
    const GDALDataType type = g.data_type(band);
    if (common && *common != type) {
      return fail(ErrorCode::kUnsupported,
                  "the bands of the file hold numbers of different kinds; save them as one kind, "
                  "such as 16-bit");
    }
    common = type;
  }
  const auto type = sample_type(*common);
  if (!type) {
    return fail(ErrorCode::kUnsupported,
                "the file holds complex numbers, which no camera of fields makes");
  }
  info.type = *type;
  GDALRasterBandH first = g.band(dataset, 1);
  g.block_size(first, &info.block_width, &info.block_height);
  const int flags = g.mask_flags(first);
  info.has_mask = (flags & GMF_PER_DATASET) != 0 && (flags & GMF_ALPHA) == 0;
  info.georeference = georeference_of(g, dataset, info.width, info.height);
  return {};
}

void Raster::keep_rows(int rows) const {
  const Gdal& g = *state_->gdal;
  GDALDatasetH dataset = state_->dataset;
  const int bytes = g.type_bytes(g.data_type(g.band(dataset, 1)));
  const std::int64_t wanted =
      std::int64_t{rows} * g.x_size(dataset) * g.count(dataset) * (bytes > 0 ? bytes : 8);
  static std::mutex cache_mutex;
  const std::lock_guard lock(cache_mutex);
  // Never smaller again: what another analysis asked for stays.
  g.set_cache_max(
      std::max<std::int64_t>(g.cache_max(), std::min(wanted + kGdalCacheBytes, kMostCacheBytes)));
}

Result<> Raster::read(const Window& window, SampleType type, std::span<const int> bands,
                      std::span<std::byte> samples) {
  const Gdal& g = *state_->gdal;
  std::vector<int> numbers(bands.begin(), bands.end());
  for (int& number : numbers) ++number;
  g.error_reset();
  // Rows lie `width` samples apart, bands one after the other: what zeros stand for.
  if (g.dataset_io(state_->dataset, GF_Read, window.x, window.y, window.width, window.height,
                   samples.data(), window.width, window.height, gdal_type(type),
                   static_cast<int>(numbers.size()), numbers.data(), 0, 0, 0) == CE_None) {
    return {};
  }
  return fail(ErrorCode::kCorrupt,
              fmt::format("the picture cannot be read near row {}: the file is damaged there, or "
                          "was not copied to its end",
                          window.y),
              g.last_error());
}

Result<> Raster::read_mask(const Window& window, std::span<std::uint8_t> mask) {
  const Gdal& g = *state_->gdal;
  GDALRasterBandH band = g.mask_band(g.band(state_->dataset, 1));
  g.error_reset();
  if (band != nullptr &&
      g.band_io(band, GF_Read, window.x, window.y, window.width, window.height, mask.data(),
                window.width, window.height, GDT_Byte, 0, 0) == CE_None) {
    return {};
  }
  return fail(ErrorCode::kCorrupt,
              fmt::format("the picture's mask cannot be read near row {}: the file is damaged "
                          "there",
                          window.y),
              g.last_error());
}

Result<std::vector<RawTag>> geo_tags(const Georeference& georeference) {
  VEDETTE_TRY(library, gdal());
  const Gdal& g = *library;
  static std::atomic<int> number{0};
  const std::string name = fmt::format("/vsimem/vedette-{}.tif", ++number);
  GDALDatasetH dataset = g.create(g.driver("GTiff"), name.c_str(), 1, 1, 1, GDT_Byte, nullptr);
  if (dataset == nullptr) {
    return fail(ErrorCode::kInternal, "a place cannot be written into a raster", g.last_error());
  }
  std::array<double, 6> transform = georeference.transform;
  g.set_geo_transform(dataset, transform.data());
  g.set_projection(dataset, georeference.wkt.c_str());
  g.close(dataset);
  vsi_l_offset size = 0;
  GByte* bytes = g.memory_file(name.c_str(), &size, TRUE);
  if (bytes == nullptr)
    return fail(ErrorCode::kInternal, "a place cannot be written into a raster");
  std::vector<RawTag> tags;
  const auto file = TagFile::of_memory({bytes, static_cast<std::size_t>(size)});
  if (auto directory = read_directory(file)) {
    for (const std::uint16_t id : {33550, 33922, 34264, 34735, 34736, 34737}) {
      if (const TagEntry* entry = directory->find(id)) {
        tags.push_back(
            {id, entry->type, static_cast<std::uint32_t>(entry->count), file.raw(*entry, 1 << 16)});
      }
    }
  }
  g.free(bytes);
  return tags;
}

std::string gdal_version() {
  const auto library = gdal();
  return library ? (*library)->version_info("RELEASE_NAME") : std::string();
}

struct Projection::Ways {
  const Gdal* gdal = nullptr;
  std::mutex proj_mutex;  // a transformation is used by one thread at a time
  OGRCoordinateTransformationH to_degrees = nullptr;
  OGRCoordinateTransformationH from_degrees = nullptr;

  Ways() = default;
  Ways(const Ways&) = delete;
  Ways& operator=(const Ways&) = delete;
  ~Ways() {
    if (to_degrees != nullptr) gdal->destroy_transformation(to_degrees);
    if (from_degrees != nullptr) gdal->destroy_transformation(from_degrees);
  }

  bool make(OGRSpatialReferenceH own) {
    OGRSpatialReferenceH wgs84 = gdal->new_crs(nullptr);
    OGRSpatialReferenceH clone = gdal->clone_crs(own);
    if (gdal->import_epsg(wgs84, 4326) == OGRERR_NONE) {
      gdal->set_axis_mapping(wgs84, OAMS_TRADITIONAL_GIS_ORDER);
      gdal->set_axis_mapping(clone, OAMS_TRADITIONAL_GIS_ORDER);
      to_degrees = gdal->new_transformation(clone, wgs84);
      from_degrees = gdal->new_transformation(wgs84, clone);
    }
    gdal->destroy_crs(clone);
    gdal->destroy_crs(wgs84);
    return to_degrees != nullptr && from_degrees != nullptr;
  }
};

Projection::Projection(std::unique_ptr<Ways> ways, std::array<double, 6> transform)
    : ways_(std::move(ways)), transform_(transform) {}
Projection::~Projection() = default;

Result<std::shared_ptr<const Projection>> Projection::of_tiff_head(
    std::span<const std::uint8_t> head, int width, int height) {
  VEDETTE_TRY(library, gdal());
  const Gdal& g = *library;
  static std::atomic<int> number{0};
  const std::string name = fmt::format("/vsimem/vedette-head-{}.tif", ++number);
  // GDAL reads it only, and does not own it.
  VSILFILE* file =
      g.make_memory_file(name.c_str(), const_cast<GByte*>(head.data()), head.size(), FALSE);
  if (file == nullptr) return fail(ErrorCode::kInternal, "a place cannot be read out of a raster");
  g.close_file(file);
  const std::array<const char*, 2> drivers{"GTiff", nullptr};
  const std::array<const char*, 1> no_siblings{nullptr};
  GDALDatasetH dataset = g.open_ex(name.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY, drivers.data(),
                                   nullptr, no_siblings.data());
  std::shared_ptr<Projection> made;
  if (dataset != nullptr) {
    if (const auto place = georeference_of(g, dataset, width, height)) {
      auto ways = std::make_unique<Ways>();
      ways->gdal = &g;
      if (ways->make(g.spatial_ref(dataset))) {
        made.reset(new Projection(std::move(ways), place->transform));
        made->find_bounds(width, height);
      }
    }
    g.close(dataset);
  }
  g.unlink(name.c_str());
  return std::shared_ptr<const Projection>(std::move(made));
}

void Projection::to_pixels(std::span<double> x, std::span<double> y) const {
  {
    const std::lock_guard lock(ways_->proj_mutex);
    turn(*ways_->gdal, ways_->from_degrees, x, y);
  }
  const auto& t = transform_;
  const double determinant = t[1] * t[5] - t[2] * t[4];
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double east = x[i] - t[0];
    const double north = y[i] - t[3];
    x[i] = (east * t[5] - north * t[2]) / determinant;
    y[i] = (north * t[1] - east * t[4]) / determinant;
  }
}

void Projection::to_degrees(std::span<double> x, std::span<double> y) const {
  const auto& t = transform_;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double column = x[i];
    const double row = y[i];
    x[i] = t[0] + column * t[1] + row * t[2];
    y[i] = t[3] + column * t[4] + row * t[5];
  }
  const std::lock_guard lock(ways_->proj_mutex);
  turn(*ways_->gdal, ways_->to_degrees, x, y);
}

void Projection::find_bounds(int width, int height) {
  std::vector<double> x;
  std::vector<double> y;
  for (int i = 0; i < kPointsOfAnEdge; ++i) {
    const double part = static_cast<double>(i) / (kPointsOfAnEdge - 1);
    for (const double side : {0.0, 1.0}) {
      x.push_back(part * width);
      y.push_back(side * height);
      x.push_back(side * width);
      y.push_back(part * height);
    }
  }
  to_degrees(x, y);
  const auto is_on_earth = [](double limit) {
    return [limit](double v) { return std::abs(v) <= limit; };
  };
  if (!std::ranges::all_of(x, is_on_earth(180)) || !std::ranges::all_of(y, is_on_earth(90))) {
    return;
  }
  const EarthBounds found{std::ranges::min(x), std::ranges::min(y), std::ranges::max(x),
                          std::ranges::max(y)};
  // Also the whole Earth in degrees, whose edge is on both sides of the antimeridian.
  const bool is_whole = found.east - found.west > kWidest && transform_[2] == 0 &&
                        transform_[4] == 0 && std::abs(transform_[1]) * width <= 360;
  if (found.east - found.west > kWidest && !is_whole) return;
  bounds_ = found;
}

}  // namespace vedette::imagery
