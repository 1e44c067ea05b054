#include "imagery/block_reader.hpp"

#include <algorithm>
#include <utility>

#include "imagery/samples.hpp"

namespace vedette::imagery {
namespace {

constexpr int kBlockWidth = 4 * kTile;

}  // namespace

BlockReader::BlockReader(const Plan& plan, const ImageLimits& limits, std::vector<bool> wanted)
    : plan_(plan),
      limits_(limits),
      wanted_(std::move(wanted)),
      is_in_order_(std::ranges::any_of(plan.infos,
                                       [](const ImageInfo& info) {
                                         return info.block_width >= info.width ||
                                                info.block_height <= 1;
                                       })),
      columns_((plan.width() + kBlockWidth - 1) / kBlockWidth),
      blocks_(static_cast<std::int64_t>(columns_) * ((plan.height() + kTile - 1) / kTile)) {}

Window BlockReader::window(std::int64_t number) const {
  Window at;
  at.x = static_cast<int>(number % columns_) * kBlockWidth;
  at.y = static_cast<int>(number / columns_) * kTile;
  at.width = std::min(kBlockWidth, plan_.width() - at.x);
  at.height = std::min(kTile, plan_.height() - at.y);
  return at;
}

Result<bool> BlockReader::next(Hand& hand, Block& block) {
  if (is_in_order_) {
    const std::lock_guard lock(order_mutex_);
    const std::int64_t number = next_++;
    if (number >= blocks_) return false;
    block.at = window(number);
    VEDETTE_CHECK(read(shared_, block));
    return true;
  }
  const std::int64_t number = next_++;
  if (number >= blocks_) return false;
  block.at = window(number);
  VEDETTE_CHECK(read(hand, block));
  return true;
}

Result<> BlockReader::read(Hand& hand, Block& block) {
  if (hand.files.empty()) {
    for (const auto& path : plan_.paths) {
      VEDETTE_TRY(file, ImageFile::open(path, limits_));
      hand.files.push_back(std::make_unique<ImageFile>(std::move(file)));
    }
  }
  block.channels.resize(plan_.channels.size());
  for (std::size_t file = 0; file < plan_.paths.size(); ++file) {
    VEDETTE_CHECK(read_file(hand, file, block));
  }
  return {};
}

Result<> BlockReader::read_file(Hand& hand, std::size_t file, Block& block) {
  const ImageInfo& info = plan_.infos[file];
  const Window stored = stored_window(block.at, info.metadata.orientation, info.width, info.height);
  std::vector<int> bands;
  std::vector<std::size_t> channels;
  for (std::size_t i = 0; i < plan_.channels.size(); ++i) {
    if (plan_.channels[i].file != file || !wanted_[i]) continue;
    bands.push_back(plan_.channels[i].index);
    channels.push_back(i);
  }
  if (bands.empty()) return {};
  if (info.alpha) bands.push_back(*info.alpha);
  const std::size_t pixels = block.pixels();
  const std::size_t band_bytes = pixels * bytes_of(info.type);
  hand.samples.resize(band_bytes * bands.size());
  VEDETTE_CHECK(hand.files[file]->read(stored, bands, hand.samples));
  const std::span<const std::byte> all = hand.samples;
  hand.mask.clear();
  if (info.has_mask) {
    hand.mask.resize(pixels);
    VEDETTE_CHECK(hand.files[file]->read_mask(stored, hand.mask));
  } else if (info.alpha) {
    std::vector<float> alpha(pixels);
    to_floats(all.subspan(channels.size() * band_bytes), info.type, std::nullopt, alpha);
    hand.mask.resize(pixels);
    std::ranges::transform(alpha, hand.mask.begin(),
                           [](float value) { return static_cast<std::uint8_t>(value > 0); });
  }
  for (std::size_t i = 0; i < channels.size(); ++i) {
    std::vector<float>& values = block.channels[channels[i]];
    values.resize(pixels);
    const Channel& channel = plan_.channels[channels[i]];
    to_floats(all.subspan(i * band_bytes, band_bytes), info.type, channel.nodata, values);
    if (!hand.mask.empty()) apply_mask(hand.mask, values);
    finish(channel, stored, values);
    turn_upright(values, info.metadata.orientation, stored.width, stored.height);
  }
  return {};
}

void BlockReader::finish(const Channel& channel, const Window& stored,
                         std::vector<float>& values) const {
  if (!channel.radiance) return;
  const auto width = static_cast<std::size_t>(stored.width);
  for (int row = 0; row < stored.height; ++row) {
    channel.radiance->apply(
        stored.x, stored.y + row,
        std::span(values).subspan(static_cast<std::size_t>(row) * width, width));
  }
}

}  // namespace vedette::imagery
