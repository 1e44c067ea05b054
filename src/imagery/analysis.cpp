#include "imagery/analysis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <utility>

#include "imagery/block_reader.hpp"
#include "imagery/block_work.hpp"
#include "imagery/crew.hpp"
#include "imagery/health.hpp"
#include "imagery/plan.hpp"
#include "imagery/products.hpp"

namespace vedette::imagery {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr double kDoubtfulShare = 0.01;
// Of blocks, products and the rest, for the bar.
constexpr double kBlocksPart = 0.9;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

std::optional<GroundScale> ground_scale(const Plan& plan) {
  const ImageInfo& info = plan.first();
  GroundScale scale;
  if (info.georeference) {
    const Georeference& g = *info.georeference;
    const double area = std::abs(g.transform[1] * g.transform[5] - g.transform[2] * g.transform[4]);
    double metres = g.metres_per_unit;
    if (g.is_geographic) {
      if (!g.corners) return std::nullopt;
      const double latitude = ((*g.corners)[0][1] + (*g.corners)[2][1]) / 2;
      metres = 111'320 * std::sqrt(std::max(0.0, std::cos(latitude * std::numbers::pi / 180)));
    }
    scale.pixel_m = std::sqrt(area) * metres;
    scale.uncertainty = 0.005;
    scale.source = fmt::format("georeference ({})", g.name);
    if (scale.pixel_m > 0) return scale;
    return std::nullopt;
  }
  const Metadata& m = info.metadata;
  if (m.height_above_ground_m && m.focal_length_mm && m.sensor_width_mm) {
    scale.pixel_m = *m.height_above_ground_m * *m.sensor_width_mm / *m.focal_length_mm / info.width;
    // The height is of the place of take-off, the ground is not level, the camera not quite
    // upright.
    scale.uncertainty = 0.1;
    scale.source = fmt::format(
        "height above the take-off {:.1f} m, focal length {:.2f} mm, sensor {:.2f} mm wide",
        *m.height_above_ground_m, *m.focal_length_mm, *m.sensor_width_mm);
    return scale;
  }
  return std::nullopt;
}

std::string caveat_of(const Plan& plan, const IndexDefinition& definition) {
  if (definition.needs == Needs::kScaled && plan.radiometry.unit != Unit::kReflectance) {
    return "In the picture's own numbers: comparable within this picture only.";
  }
  return {};
}

std::vector<std::string> doubts_of(const Plan& plan, const BlockWorker& work) {
  std::vector<std::string> doubts;
  for (std::size_t i = 0; i < plan.channels.size(); ++i) {
    const Channel& channel = plan.channels[i];
    const auto all = static_cast<double>(work.channel_px(i));
    if (!channel.band || all == 0) continue;
    const double share = static_cast<double>(work.implausible_px(i)) / all;
    if (share <= kDoubtfulShare) continue;
    doubts.push_back(
        fmt::format("{:.1f} % of the {} band lie beyond a reflectance of 0 to 1.2: check panel, "
                    "sunlight sensor "
                    "and the number for 1.0.",
                    100 * share, name(*channel.band)));
  }
  return doubts;
}

std::vector<StressCell> stress_of(const Plan& plan, const BlockWorker& work) {
  const auto place = [&](std::string_view index) -> std::optional<std::size_t> {
    for (std::size_t i = 0; i < plan.indices.size(); ++i) {
      if (plan.indices[i].definition.name == index) return i;
    }
    return std::nullopt;
  };
  const auto ndvi = place("ndvi");
  const auto savi = place("savi");
  const auto gndvi = place("gndvi");
  std::vector<StressCell> cells;
  if (!ndvi) return cells;
  const auto mean = [&](std::optional<std::size_t> index,
                        std::size_t cell) -> std::optional<double> {
    if (!index) return std::nullopt;
    const GridSums& grid = work.grid(*index);
    if (grid.count[cell] == 0) return std::nullopt;
    return grid.sum[cell] / static_cast<double>(grid.count[cell]);
  };
  for (int y = 0; y < kGrid; ++y) {
    for (int x = 0; x < kGrid; ++x) {
      const auto cell = static_cast<std::size_t>(y) * kGrid + static_cast<std::size_t>(x);
      const auto value = mean(ndvi, cell);
      if (!value) continue;
      const double severity = 1 - std::clamp((*value + 1) / 2, 0.0, 1.0);
      if (severity <= 0.3) continue;
      cells.push_back({x, y, severity, *value, mean(savi, cell), mean(gndvi, cell),
                       work.grid(*ndvi).count[cell]});
    }
  }
  return cells;
}

std::string no_health_reason(const Analysis& analysis) {
  for (const NotComputed& each : analysis.not_computed) {
    if (each.index == "ndvi")
      return "Health is judged by the NDVI, and there is none: " + each.why + ".";
  }
  return "Health is judged by the NDVI, and none was asked for.";
}

void describe(const Plan& plan, Analysis& analysis) {
  const ImageInfo& info = plan.first();
  for (const auto& path : plan.paths) analysis.files.push_back(path.filename().string());
  analysis.width = plan.width();
  analysis.height = plan.height();
  analysis.kind = info.kind;
  analysis.type = info.type;
  analysis.bands = plan.roles;
  analysis.sensor = plan.sensor;
  analysis.radiometry = plan.radiometry;
  analysis.pixels = static_cast<std::int64_t>(plan.width()) * plan.height();
  analysis.not_computed = plan.not_computed;
  analysis.metadata = info.metadata;
  analysis.georeference = info.georeference;
  analysis.alignment = plan.alignment;
  analysis.notes = plan.notes;
  analysis.scale = ground_scale(plan);
}

void conclude(const Plan& plan, const BlockWorker& work, Analysis& analysis) {
  analysis.valid_px = work.valid_px();
  for (std::size_t i = 0; i < plan.indices.size(); ++i) {
    IndexResult result;
    result.definition = plan.indices[i].definition;
    result.statistics = work.gathered(i).result();
    result.statistics.undefined_px = work.data_px(i) - result.statistics.valid_px;
    result.caveat = caveat_of(plan, result.definition);
    analysis.indices.push_back(std::move(result));
  }
  if (plan.radiometry.unit == Unit::kReflectance) {
    analysis.radiometry.doubts = doubts_of(plan, work);
  }
  const IndexResult* ndvi = analysis.find("ndvi");
  if (ndvi != nullptr && ndvi->statistics.valid_px > 0) {
    analysis.health = judge_health(ndvi->statistics.mean, plan.radiometry.unit);
  } else if (ndvi != nullptr) {
    analysis.no_health = "No pixel of the picture has data in the bands of the NDVI.";
  } else {
    analysis.no_health = no_health_reason(analysis);
  }
  analysis.stress = stress_of(plan, work);
}

}  // namespace

std::string_view name(Product::Kind kind) {
  switch (kind) {
    case Product::Kind::kPreview:
      return "preview";
    case Product::Kind::kPictureRaster:
      return "picture_cog";
    case Product::Kind::kIndexPicture:
      return "index_png";
    case Product::Kind::kIndexRaster:
      return "index_cog";
    case Product::Kind::kZones:
      return "zones";
    case Product::Kind::kNumbersJson:
      return "numbers_json";
    case Product::Kind::kNumbersCsv:
      return "numbers_csv";
  }
  return "";
}

const IndexResult* Analysis::find(std::string_view index) const {
  const auto found = std::ranges::find_if(
      indices, [&](const IndexResult& each) { return each.definition.name == index; });
  return found == indices.end() ? nullptr : &*found;
}

Result<Analysis> analyze(std::span<const std::filesystem::path> files,
                         const AnalyzeOptions& options, ProductSink* sink, const Progress& progress,
                         const std::stop_token& stop) {
  const auto start = SteadyClock::now();
  if (progress) progress(0, "reading what the picture says of itself");
  VEDETTE_TRY(plan, make_plan(files, options));
  Analysis analysis;
  describe(plan, analysis);
  const bool has_products = wants_products(options, sink);
  std::optional<ScratchFolder> folder;
  Rasters rasters(plan.indices.size());
  PreviewSums preview;
  if (has_products) {
    VEDETTE_TRY(made, ScratchFolder::make(options.scratch));
    folder.emplace(std::move(made));
    VEDETTE_TRY(all, make_rasters(plan, options, folder->path()));
    rasters = std::move(all);
    if (options.products.preview && !plan.channels.empty()) {
      preview.make_for(plan, options.products.longest_side);
    }
  }
  std::vector<bool> wanted(plan.channels.size());
  for (const auto& bands : plan.bands_of_index) {
    for (const std::size_t channel : bands) wanted[channel] = true;
  }
  const bool is_counted_by_preview = plan.indices.empty() && !plan.channels.empty();
  if (preview.width > 0 || is_counted_by_preview) {
    for (const std::size_t channel : plan.preview) wanted[channel] = true;
  }
  BlockReader reader(plan, options.limits, wanted);
  std::vector<BlockWorker> workers;
  const int threads = thread_count(options.threads, reader.blocks());
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back(plan, rasters, preview.width > 0 ? &preview : nullptr);
  }
  std::vector<BlockTask> tasks;
  for (BlockWorker& worker : workers) {
    tasks.emplace_back([&worker](const Block& block) { return worker.add(block); });
  }
  const auto show = [&](double part) {
    if (progress) progress(kBlocksPart * part, "computing");
  };
  VEDETTE_CHECK(run_crew(reader, std::move(tasks), show, stop));
  for (std::size_t i = 1; i < workers.size(); ++i) workers.front().merge(workers[i]);
  conclude(plan, workers.front(), analysis);
  analysis.read_s = seconds_since(start);
  if (has_products) {
    if (progress) progress(kBlocksPart, "writing maps");
    const auto show_picture = [&](double part) {
      if (progress) progress(kBlocksPart + (1 - kBlocksPart) * part, "writing the picture");
    };
    VEDETTE_CHECK(make_products(plan, options, rasters, preview, folder->path(), *sink, analysis,
                                show_picture, stop));
  }
  analysis.wall_s = seconds_since(start);
  if (progress) progress(1, "done");
  return analysis;
}

Result<Analysis> analyze(const std::filesystem::path& file, const AnalyzeOptions& options,
                         ProductSink* sink, const Progress& progress, const std::stop_token& stop) {
  return analyze(std::span(&file, 1), options, sink, progress, stop);
}

}  // namespace vedette::imagery
