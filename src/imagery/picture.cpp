#include "imagery/picture.hpp"

#include <cstddef>
#include <vector>

#include "imagery/block_reader.hpp"
#include "imagery/crew.hpp"
#include "imagery/picture_tiles.hpp"

namespace vedette::imagery {
namespace {

// The colours of a part of a block; clear where a channel has no data.
void colour(const Plan& plan, const ShownRanges& ranges, const Block& block, int left,
            PictureTile& tile) {
  const int width = std::min(PictureTiles::kSide, block.at.width - left);
  std::array<float, 3> factors{};
  for (std::size_t c = 0; c < 3; ++c) factors[c] = 255 / (ranges[c].second - ranges[c].first);
  tile.clear();
  for (int y = 0; y < block.at.height; ++y) {
    const auto from = static_cast<std::size_t>(y) * static_cast<std::size_t>(block.at.width) +
                      static_cast<std::size_t>(left);
    std::uint8_t* into = tile.image.row(y);
    std::uint8_t* there = &tile.mask[static_cast<std::size_t>(y) * PictureTiles::kSide];
    std::fill_n(there, width, std::uint8_t{1});
    for (std::size_t c = 0; c < 3; ++c) {
      const float* values = &block.channels[plan.preview[c]][from];
      const float low = ranges[c].first;
      for (int x = 0; x < width; ++x) {
        const float value = values[x];
        const float shown = std::clamp((value - low) * factors[c] + 0.5F, 0.0F, 255.5F);
        there[x] = value == value ? there[x] : std::uint8_t{0};
        into[3 * x + 2 - static_cast<int>(c)] =
            value == value ? static_cast<std::uint8_t>(shown) : std::uint8_t{255};
      }
    }
  }
}

}  // namespace

Result<> write_picture(const Plan& plan, const AnalyzeOptions& options, const ShownRanges& ranges,
                       const std::filesystem::path& path,
                       const std::function<void(double)>& progress, const std::stop_token& stop) {
  std::vector<RawTag> place;
  if (plan.first().georeference) {
    VEDETTE_TRY(tags, geo_tags(*plan.first().georeference));
    place = std::move(tags);
  }
  const std::filesystem::path spool = path.string() + ".spool";
  VEDETTE_TRY(tiles, PictureTiles::make(plan.width(), plan.height(), std::move(place), spool));
  std::vector<bool> wanted(plan.channels.size());
  for (const std::size_t channel : plan.preview) wanted[channel] = true;
  BlockReader reader(plan, options.limits, wanted);
  std::vector<BlockTask> tasks;
  for (int i = 0; i < thread_count(options.threads, reader.blocks()); ++i) {
    tasks.emplace_back([&](const Block& block) -> Result<> {
      for (int x = 0; x < block.at.width; x += PictureTiles::kSide) {
        PictureTile tile;
        colour(plan, ranges, block, x, tile);
        VEDETTE_CHECK(tiles->add((block.at.x + x) / PictureTiles::kSide,
                                 block.at.y / PictureTiles::kSide, std::move(tile)));
      }
      return {};
    });
  }
  VEDETTE_CHECK(run_crew(reader, std::move(tasks), progress, stop));
  return tiles->write(path);
}

}  // namespace vedette::imagery
