#include "imagery/block_reader.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "imagery/samples.hpp"

namespace vedette::imagery {
namespace {

constexpr int kBlockWidth = 2 * kTile;
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

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

Result<> BlockReader::read_at(Hand& hand, const Window& at, Block& block) {
  block.at = at;
  return read(hand, block);
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
      if (is_in_order_ && columns_ > 1) file.keep_rows(kTile);
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
  if (channels.size() == 1 && plan_.channels[channels[0]].from_reference) {
    std::vector<float>& values = block.channels[channels[0]];
    VEDETTE_CHECK(read_warped(hand, channels[0], stored, values));
    turn_upright(values, info.metadata.orientation, stored.width, stored.height);
    return {};
  }
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

// The picture of another lens: what lies where the block's corners point is read, calibrated at its
// own place, and taken over between four pixels.
Result<> BlockReader::read_warped(Hand& hand, std::size_t channel, const Window& stored,
                                  std::vector<float>& values) {
  const Channel& of = plan_.channels[channel];
  const ImageInfo& info = plan_.infos[of.file];
  const Homography& way = *of.from_reference;
  const auto width = static_cast<std::size_t>(stored.width);
  values.assign(width * static_cast<std::size_t>(stored.height), kNaN);
  double left = info.width;
  double top = info.height;
  double right = -1;
  double bottom = -1;
  for (const int x : {stored.x, stored.x + stored.width - 1}) {
    for (const int y : {stored.y, stored.y + stored.height - 1}) {
      const auto at = mapped(way, x, y);
      left = std::min(left, at[0]);
      right = std::max(right, at[0]);
      top = std::min(top, at[1]);
      bottom = std::max(bottom, at[1]);
    }
  }
  Window from;
  from.x = static_cast<int>(std::max(0.0, std::floor(left)));
  from.y = static_cast<int>(std::max(0.0, std::floor(top)));
  from.width = static_cast<int>(std::min(info.width - 1.0, std::floor(right) + 1)) - from.x + 1;
  from.height = static_cast<int>(std::min(info.height - 1.0, std::floor(bottom) + 1)) - from.y + 1;
  if (from.width < 2 || from.height < 2) return {};
  const auto pixels = static_cast<std::size_t>(from.width) * static_cast<std::size_t>(from.height);
  hand.samples.resize(pixels * bytes_of(info.type));
  const std::array bands{of.index};
  VEDETTE_CHECK(hand.files[of.file]->read(from, bands, hand.samples));
  hand.unwarped.resize(pixels);
  to_floats(hand.samples, info.type, of.nodata, hand.unwarped);
  finish(of, from, hand.unwarped);
  const float* source = hand.unwarped.data();
  const auto stride = static_cast<std::size_t>(from.width);
  for (int y = 0; y < stored.height; ++y) {
    float* row = &values[static_cast<std::size_t>(y) * width];
    for (int x = 0; x < stored.width; ++x) {
      const auto at = mapped(way, stored.x + x, stored.y + y);
      const double u = at[0] - from.x;
      const double v = at[1] - from.y;
      if (!(u >= 0 && v >= 0 && u <= from.width - 1 && v <= from.height - 1)) continue;
      const int column = std::min(static_cast<int>(u), from.width - 2);
      const int line = std::min(static_cast<int>(v), from.height - 2);
      const auto part_x = static_cast<float>(u - column);
      const auto part_y = static_cast<float>(v - line);
      const float* p =
          source + static_cast<std::size_t>(line) * stride + static_cast<std::size_t>(column);
      const float above = p[0] + (p[1] - p[0]) * part_x;
      const float below = p[stride] + (p[stride + 1] - p[stride]) * part_x;
      row[x] = above + (below - above) * part_y;
    }
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
  // Noise below the dark level is no light.
  for (float& value : values) value = value < 0 ? 0 : value;
}

}  // namespace vedette::imagery
