// What changes among the images, on the event streams: one question a change, whatever the number
// of pages that are open.
#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "api/answers.hpp"
#include "api/imagery/image_json.hpp"
#include "api/imagery/imagery_services.hpp"
#include "db/database.hpp"
#include "imagery/image_changes.hpp"
#include "imagery/tables.hpp"
#include "work/job_queue.hpp"

namespace vedette::api {
namespace {

using namespace std::chrono_literals;

constexpr Micros kEvery = 500ms;
// More than these at once, and pages read the list again.
constexpr int kMostTold = 100;

/// Called by the relay's thread alone.
class ImageEvents {
 public:
  explicit ImageEvents(std::shared_ptr<const ImageryServices> services)
      : services_(std::move(services)) {}

  Result<void> tell(const Heard& heard, EventPublisher& publisher);

 private:
  /// False: told already, as it is.
  bool is_news(const std::string& id, std::int64_t revision);
  void forget_before(std::int64_t mark);

  const std::shared_ptr<const ImageryServices> services_;
  std::optional<std::int64_t> mark_;
  std::map<std::string, std::int64_t> told_;  // revisions that may come again, by image
  std::string counts_;
};

bool ImageEvents::is_news(const std::string& id, std::int64_t revision) {
  const auto [told, is_new] = told_.try_emplace(id, revision);
  return is_new || std::exchange(told->second, revision) != revision;
}

void ImageEvents::forget_before(std::int64_t mark) {
  std::erase_if(told_, [mark](const auto& one) { return one.second < mark; });
}

Result<void> ImageEvents::tell(const Heard& heard, EventPublisher& publisher) {
  if (!heard.is_anything && !heard.payloads.contains(std::string(imagery::kAnalyzeImage))) {
    return {};  // jobs of other kinds
  }
  db::Database& database = services_->core->database;
  if (!mark_ || !publisher.has_listeners()) {
    VEDETTE_TRY(mark, database.read(imagery::changes_mark));
    if (mark_ && *mark_ != mark) publisher.skip();
    mark_ = mark;
    told_.clear();
    return {};
  }
  VEDETTE_TRY(changes, database.read([&](db::Session& session) {
    return imagery::changes_since(session, *mark_, kMostTold);
  }));
  json::array images;
  json::array removed;
  for (const imagery::Image& image : changes.changed) {
    if (!is_news(image.id, image.revision)) continue;
    // A band of another image's shot is not in the list any more.
    if (image.capture_of) {
      removed.emplace_back(image.id);
    } else {
      images.push_back(image_row(image));
    }
  }
  for (const auto& one : changes.removed) {
    if (is_news(one.id, one.revision)) removed.emplace_back(one.id);
  }
  mark_ = changes.mark;
  forget_before(changes.mark);
  json::object counts = counts_json(changes.counts);
  std::string counted = to_text(counts);
  const std::string before = std::exchange(counts_, counted);
  const bool has_counts = !before.empty() && before != counted;
  if (images.empty() && removed.empty() && !changes.is_more && !has_counts) return {};
  publisher.publish("images", to_text(json::object{{"images", std::move(images)},
                                                   {"removed", std::move(removed)},
                                                   {"is_more", changes.is_more},
                                                   {"counts", std::move(counts)}}));
  return {};
}

}  // namespace

std::vector<EventSource> imagery_events(std::shared_ptr<const ImageryServices> services) {
  auto events = std::make_shared<ImageEvents>(std::move(services));
  return {{.topics = {{"images"}},
           .channels = {std::string(imagery::kImagesChannel), std::string(work::kJobChangeChannel)},
           .tell = [events](const Heard& heard,
                            EventPublisher& publisher) { return events->tell(heard, publisher); },
           .every = kEvery}};
}

void measure_images(Families& all, db::Database& database) {
  const auto counts =
      database.read([](db::Session& session) { return imagery::count_by_status(session); });
  if (!counts) return;
  const auto sample = [](imagery::ImageStatus status, std::int64_t count) {
    return Families::Sample{static_cast<double>(count),
                            {{"status", std::string(imagery::name(status))}}};
  };
  all.add(MetricKind::kGauge, "vedette_images", "Images by their processing status.",
          {sample(imagery::ImageStatus::kUploaded, counts->uploaded),
           sample(imagery::ImageStatus::kProcessing, counts->processing),
           sample(imagery::ImageStatus::kCompleted, counts->completed),
           sample(imagery::ImageStatus::kFailed, counts->failed)});
}

}  // namespace vedette::api
