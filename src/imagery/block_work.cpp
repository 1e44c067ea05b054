#include "imagery/block_work.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

#include "imagery/sums.hpp"

namespace vedette::imagery {
namespace {

constexpr double kMostReflectance = 1.2;

bool is_of_grid(std::string_view index) {
  return index == "ndvi" || index == "savi" || index == "gndvi";
}

}  // namespace

void PreviewSums::make_for(const Plan& plan, int longest_side) {
  // A power of two: no cell lies in two blocks.
  while (std::max(plan.width(), plan.height()) / factor > longest_side && factor < kTile) {
    factor *= 2;
  }
  width = (plan.width() + factor - 1) / factor;
  height = (plan.height() + factor - 1) / factor;
  for (auto& channel : values) {
    channel.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height),
                   std::numeric_limits<float>::quiet_NaN());
  }
}

void PreviewSums::add(const Plan& plan, const Block& block) {
  const int x0 = block.at.x / factor;
  const int y0 = block.at.y / factor;
  const int columns = (block.at.width + factor - 1) / factor;
  const int rows = (block.at.height + factor - 1) / factor;
  std::vector<float> sums(static_cast<std::size_t>(columns));
  std::vector<float> counts(static_cast<std::size_t>(columns));
  for (std::size_t c = 0; c < 3; ++c) {
    const std::vector<float>& from = block.channels[plan.preview[c]];
    for (int row = 0; row < rows; ++row) {
      std::ranges::fill(sums, 0.0F);
      std::ranges::fill(counts, 0.0F);
      const int last = std::min((row + 1) * factor, block.at.height);
      for (int y = row * factor; y < last; ++y) {
        const float* line =
            &from[static_cast<std::size_t>(y) * static_cast<std::size_t>(block.at.width)];
        for (int column = 0; column < columns; ++column) {
          const int end = std::min((column + 1) * factor, block.at.width);
          float sum = 0;
          float count = 0;
          for (int x = column * factor; x < end; ++x) {
            sum += line[x] == line[x] ? line[x] : 0.0F;
            count += line[x] == line[x] ? 1.0F : 0.0F;
          }
          sums[static_cast<std::size_t>(column)] += sum;
          counts[static_cast<std::size_t>(column)] += count;
        }
      }
      float* into =
          &values[c][static_cast<std::size_t>(y0 + row) * static_cast<std::size_t>(width) +
                     static_cast<std::size_t>(x0)];
      for (std::size_t i = 0; i < sums.size(); ++i) into[i] = sums[i] / counts[i];
    }
  }
}

BlockWorker::BlockWorker(const Plan& plan, Rasters& rasters, PreviewSums* preview)
    : plan_(plan),
      rasters_(rasters),
      preview_(preview),
      data_px_(plan.indices.size()),
      grids_(plan.indices.size()),
      is_channel_used_(plan.channels.size()),
      channel_px_(plan.channels.size()),
      implausible_px_(plan.channels.size()) {
  for (std::size_t i = 0; i < plan.indices.size(); ++i) {
    gatherers_.emplace_back(plan.indices[i].definition.low, plan.indices[i].definition.high);
    for (const std::size_t channel : plan.bands_of_index[i]) is_channel_used_[channel] = true;
  }
}

void BlockWorker::count(const Block& block) {
  std::vector<const float*> used;
  const auto pixels = static_cast<std::int64_t>(block.pixels());
  bool is_whole = true;
  for (std::size_t i = 0; i < block.channels.size(); ++i) {
    if (!is_channel_used_[i]) continue;
    used.push_back(block.channels[i].data());
    const Channel& channel = plan_.channels[i];
    const auto low = static_cast<float>(-channel.offset / channel.factor);
    const auto high = static_cast<float>((kMostReflectance - channel.offset) / channel.factor);
    const Counts counts = counts_of(block.channels[i], low, high);
    is_whole = is_whole && counts.numbers == pixels;
    channel_px_[i] += counts.numbers;
    implausible_px_[i] += counts.outside;
  }
  const bool is_counted = !used.empty();
  if (!is_counted) {  // no index: the pixels that the preview shows
    for (const std::size_t channel : plan_.preview) {
      if (channel < block.channels.size() && !block.channels[channel].empty()) {
        used.push_back(block.channels[channel].data());
      }
    }
  }
  if (used.empty()) return;
  valid_px_ += is_whole && is_counted ? pixels : count_of_all(used, block.pixels());
}

// The sums of the grid's cells are those of the whole, too.
void BlockWorker::add_with_grid(std::size_t index, const Block& block) {
  Gatherer& gatherer = gatherers_[index];
  GridSums& grid = grids_[index];
  const double from = gatherer.middle(values_);
  const int cell_width = plan_.width() / kGrid;
  const int cell_height = plan_.height() / kGrid;
  const auto width = static_cast<std::size_t>(block.at.width);
  for (int y = 0; y < block.at.height; ++y) {
    const int row = cell_height > 0 ? (block.at.y + y) / cell_height : kGrid;
    const std::span<const float> line(&values_[static_cast<std::size_t>(y) * width], width);
    for (int x = 0; x < block.at.width;) {
      const int column = cell_width > 0 ? (block.at.x + x) / cell_width : kGrid;
      const bool is_in_grid = column < kGrid && row < kGrid;
      const int end = column < kGrid
                          ? std::min(block.at.width, (column + 1) * cell_width - block.at.x)
                          : block.at.width;
      const Sums sums = sums_of(
          line.subspan(static_cast<std::size_t>(x), static_cast<std::size_t>(end - x)), from);
      gatherer.add_sums(sums, from);
      if (is_in_grid) {
        const auto cell = static_cast<std::size_t>(row) * kGrid + static_cast<std::size_t>(column);
        grid.sum[cell] += sums.sum + from * static_cast<double>(sums.count);
        grid.count[cell] += sums.count;
      }
      x = end;
    }
  }
  gatherer.add_places(values_);
}

Result<> BlockWorker::add_tiles(std::size_t index, const Block& block) {
  RasterTiles& raster = *rasters_[index];
  const auto stride = static_cast<std::size_t>(block.at.width);
  for (int x = 0; x < block.at.width; x += kTile) {
    VEDETTE_CHECK(raster.add((block.at.x + x) / kTile, block.at.y / kTile,
                             &values_[static_cast<std::size_t>(x)], stride));
  }
  return {};
}

Result<> BlockWorker::add(const Block& block) {
  const std::size_t pixels = block.pixels();
  count(block);
  if (preview_ != nullptr) preview_->add(plan_, block);
  values_.resize(pixels);
  std::vector<BandValues> bands;
  std::vector<const float*> channels;
  for (std::size_t i = 0; i < plan_.indices.size(); ++i) {
    bands.clear();
    channels.clear();
    for (const std::size_t channel : plan_.bands_of_index[i]) {
      const Channel& of = plan_.channels[channel];
      bands.push_back({block.channels[channel].data(), of.factor, of.offset});
      channels.push_back(block.channels[channel].data());
    }
    plan_.indices[i].formula.evaluate(bands, values_);
    const std::int64_t before = gatherers_[i].count();
    if (is_of_grid(plan_.indices[i].definition.name)) {
      add_with_grid(i, block);
    } else {
      gatherers_[i].add(values_);
    }
    // Where every pixel has a value, every pixel has data.
    const auto all = static_cast<std::int64_t>(pixels);
    data_px_[i] += gatherers_[i].count() - before == all ? all : count_of_all(channels, pixels);
    if (rasters_[i]) VEDETTE_CHECK(add_tiles(i, block));
  }
  return {};
}

void BlockWorker::merge(const BlockWorker& other) {
  const auto add_all = [](auto& into, const auto& from) {
    for (std::size_t i = 0; i < into.size(); ++i) into[i] += from[i];
  };
  for (std::size_t i = 0; i < gatherers_.size(); ++i) {
    gatherers_[i].merge(other.gatherers_[i]);
    add_all(grids_[i].sum, other.grids_[i].sum);
    add_all(grids_[i].count, other.grids_[i].count);
  }
  add_all(data_px_, other.data_px_);
  add_all(channel_px_, other.channel_px_);
  add_all(implausible_px_, other.implausible_px_);
  valid_px_ += other.valid_px_;
}

}  // namespace vedette::imagery
