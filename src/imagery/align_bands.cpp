// The bands of a capture laid on one of them, before its blocks are read.
#include <fmt/format.h>

#include <algorithm>

#include "imagery/plan.hpp"
#include "imagery/samples.hpp"

namespace vedette::imagery {
namespace {

constexpr int kMostSide = 1300;
// A frame of a rig; a mosaic is aligned by who made it.
constexpr std::int64_t kMostPixels = 40'000'000;

Result<ReducedBand> reduce(const Plan& plan, const Channel& channel, const ImageLimits& limits) {
  VEDETTE_TRY(picture, ImageFile::open(plan.paths[channel.file], limits));
  const ImageInfo& info = picture.info();
  ReducedBand band;
  while (std::max(info.width, info.height) / band.factor > kMostSide) ++band.factor;
  band.width = info.width / band.factor;
  band.height = info.height / band.factor;
  const std::array bands{channel.index};
  const auto width = static_cast<std::size_t>(info.width);
  const auto factor = static_cast<std::size_t>(band.factor);
  std::vector<std::byte> samples(width * factor * bytes_of(info.type));
  std::vector<float> rows(width * factor);
  for (int y = 0; y < band.height; ++y) {
    VEDETTE_CHECK(picture.read({0, y * band.factor, info.width, band.factor}, bands, samples));
    to_floats(samples, info.type, channel.nodata, rows);
    for (std::size_t x = 0; x < static_cast<std::size_t>(band.width); ++x) {
      float sum = 0;
      for (std::size_t row = 0; row < factor; ++row) {
        for (std::size_t i = 0; i < factor; ++i) sum += rows[row * width + x * factor + i];
      }
      band.values.push_back(sum);
    }
  }
  return band;
}

// Green is like the other colours and, unlike them, like red edge and near infrared too.
std::optional<std::size_t> reference_of(const std::vector<Channel>& channels) {
  for (const Band band : {Band::kGreen, Band::kRedEdge, Band::kRed, Band::kNir, Band::kBlue}) {
    const auto found = std::ranges::find(channels, std::optional(band), &Channel::band);
    if (found != channels.end()) return static_cast<std::size_t>(found - channels.begin());
  }
  return std::nullopt;
}

}  // namespace

Result<> align_bands(const AnalyzeOptions& options, Plan& plan) {
  const ImageInfo& first = plan.first();
  const bool is_capture =
      plan.infos.size() > 1 && std::ranges::all_of(plan.infos, [](const ImageInfo& info) {
        return info.bands.size() == 1 && !info.georeference;
      });
  if (!is_capture || static_cast<std::int64_t>(first.width) * first.height > kMostPixels ||
      std::min(first.width, first.height) < 64) {
    return {};
  }
  const auto place = reference_of(plan.channels);
  if (!place) return {};
  const Channel& reference = plan.channels[*place];
  VEDETTE_TRY(fixed, reduce(plan, reference, options.limits));
  std::string poor;
  for (Channel& channel : plan.channels) {
    if (&channel == &reference || !channel.band) continue;
    VEDETTE_TRY(moving, reduce(plan, channel, options.limits));
    const Fit fit = fit_band(fixed, moving);
    plan.alignment.push_back({*channel.band, *reference.band, fit.shift[0], fit.shift[1],
                              fit.correlation, fit.residual, fit.is_good});
    if (fit.is_good) {
      channel.from_reference = fit.homography;
    } else {
      poor += fmt::format("{}{}", poor.empty() ? "" : ", ", name(*channel.band));
    }
  }
  if (!poor.empty()) {
    plan.notes.push_back(fmt::format(
        "Some bands do not lie on each other, and could not be laid so: {} against {}. An index "
        "over them is wrong at every edge; pictures from higher up fit better.",
        poor, name(*reference.band)));
  }
  return {};
}

}  // namespace vedette::imagery
