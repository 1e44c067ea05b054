#include "imagery/pixel_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "blob/store.hpp"
#include "db/database.hpp"
#include "imagery/analyze_job.hpp"
#include "imagery/block_reader.hpp"
#include "imagery/capture_store.hpp"
#include "imagery/local_object.hpp"
#include "imagery/mission_panel.hpp"
#include "imagery/plan.hpp"

namespace vedette::imagery {
namespace {

constexpr std::size_t kMostOpened = 2;
// Of one image, out of a bucket.
constexpr std::uint64_t kMostCopied = 512U << 20;
// Around the pixel, for the next one is most likely beside it.
constexpr int kRead = 256;

}  // namespace

struct PixelReader::Opened {
  std::string image;
  std::int64_t revision = 0;
  std::vector<LocalObject> files;
  Plan plan;
  std::unique_ptr<BlockReader> reader;
  BlockReader::Hand hand;
  Block block;

  bool holds(int x, int y) const {
    return x >= block.at.x && y >= block.at.y && x < block.at.x + block.at.width &&
           y < block.at.y + block.at.height;
  }
};

PixelReader::PixelReader(db::Database& database, blob::Store& blobs, std::filesystem::path scratch)
    : database_(database), blobs_(blobs), scratch_(std::move(scratch)) {}
PixelReader::~PixelReader() = default;

Result<std::shared_ptr<PixelReader::Opened>> PixelReader::opened(const Image& image) {
  const auto found = std::ranges::find_if(opened_, [&](const auto& one) {
    return one->image == image.id && one->revision == image.revision;
  });
  if (found != opened_.end()) {
    opened_.splice(opened_.begin(), opened_, found);
    return opened_.front();
  }
  std::vector<CaptureFile> all{{image.id, image.blob_key}};
  if (image.files > 1) {
    VEDETTE_TRY(files, database_.read(
                           [&](db::Session& session) { return capture_files(session, image.id); }));
    all = std::move(files);
  }
  std::uint64_t bytes = 0;
  for (const CaptureFile& one : all) {
    VEDETTE_TRY(place, blobs_.file_of(one.blob_key));
    if (place) continue;
    VEDETTE_TRY(info, blobs_.head(one.blob_key));
    bytes += info ? info->size : 0;
  }
  if (bytes > kMostCopied) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("The original lies in a bucket and is too large ({} MB) to be copied "
                            "for the numbers of a pixel.",
                            bytes / 1'000'000));
  }
  auto made = std::make_shared<Opened>();
  made->image = image.id;
  made->revision = image.revision;
  std::vector<std::filesystem::path> paths;
  for (const CaptureFile& one : all) {
    VEDETTE_TRY(file, LocalObject::fetch(blobs_, one.blob_key, scratch_));
    paths.push_back(file.path());
    made->files.push_back(std::move(file));
  }
  VEDETTE_TRY(options, options_of(database_, {}, image, image.camera));
  VEDETTE_TRY(panel, database_.read(
                         [&](db::Session& session) { return panel_of_image(session, image.id); }));
  options.panel = panel_reading(panel);
  VEDETTE_TRY(plan, make_plan(paths, options));
  made->plan = std::move(plan);
  made->reader = std::make_unique<BlockReader>(made->plan, options.limits,
                                               std::vector(made->plan.channels.size(), true));
  opened_.push_front(made);
  while (opened_.size() > kMostOpened) opened_.pop_back();
  return made;
}

Result<PixelValues> PixelReader::values(const Image& image, int x, int y) {
  const Lock lock(reader_mutex_);
  VEDETTE_TRY(of, opened(image));
  const Plan& plan = of->plan;
  if (x < 0 || y < 0 || x >= plan.width() || y >= plan.height()) {
    return fail(ErrorCode::kInvalid, fmt::format("There is no pixel {}, {}: the image is {} x {}.",
                                                 x, y, plan.width(), plan.height()));
  }
  if (!of->holds(x, y)) {
    Window at;
    at.x = x / kRead * kRead;
    at.y = y / kRead * kRead;
    at.width = std::min(kRead, plan.width() - at.x);
    at.height = std::min(kRead, plan.height() - at.y);
    if (auto read = of->reader->read_at(of->hand, at, of->block); !read) {
      opened_.remove(of);
      return fail(std::move(read.error()));
    }
  }
  const Window& at = of->block.at;
  const auto place = static_cast<std::size_t>(y - at.y) * static_cast<std::size_t>(at.width) +
                     static_cast<std::size_t>(x - at.x);
  PixelValues values;
  values.unit = name(plan.radiometry.unit);
  for (std::size_t i = 0; i < plan.channels.size(); ++i) {
    const Channel& channel = plan.channels[i];
    if (place >= of->block.channels[i].size()) continue;
    PixelValues::One one;
    one.band =
        channel.band ? std::string(name(*channel.band)) : fmt::format("band {}", channel.index + 1);
    const double value = static_cast<double>(of->block.channels[i][place]);
    if (!std::isnan(value)) one.value = value * channel.factor + channel.offset;
    values.bands.push_back(std::move(one));
  }
  return values;
}

}  // namespace vedette::imagery
