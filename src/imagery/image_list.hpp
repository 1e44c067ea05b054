// Pages of images: newest first by cursor, as our page and scripts read them, and by number and
// order as clients of the original do. Called by the API; blocks on the database; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imagery/image_store.hpp"

namespace vedette::imagery {

struct ImageFilter {
  std::vector<std::string> statuses = {};  // empty: all
  std::vector<std::string> missions = {};  // ids; empty: all
  std::string search = {};                 // part of a name or of a summary, regardless of case
  std::optional<bool> has_analysis = {};
  std::optional<bool> has_position = {};
  std::optional<double> min_health = {};
  std::optional<double> max_health = {};
  std::string health_status = {};
};

/// The last image of the page before.
struct ImagePlace {
  Instant uploaded_at{};
  std::string id;
};

struct ImagePage {
  std::vector<Image> images;
  bool has_more = false;
};

/// Newest first. `limit` from 1 to 1,000.
Result<ImagePage> images(db::Session& session, const ImageFilter& filter, int limit,
                         const std::optional<ImagePlace>& after = {});

/// How a client of the original orders.
struct ImageOrder {
  std::string column = "uploaded_at";  // or processed_at, health_score, ndvi_mean, filename
  bool is_descending = true;
};
/// Page by number; the cost rises with `offset`.
Result<std::vector<Image>> images_at(db::Session& session, const ImageFilter& filter,
                                     const ImageOrder& order, int limit, std::int64_t offset);
Result<std::int64_t> count_images(db::Session& session, const ImageFilter& filter);

struct StatusCounts {
  std::int64_t uploaded = 0;
  std::int64_t processing = 0;
  std::int64_t completed = 0;
  std::int64_t failed = 0;

  /// `status` as in the table.
  void add(std::string_view status, std::int64_t count);
  std::int64_t total() const { return uploaded + processing + completed + failed; }
};
/// Of all images, or of one mission.
Result<StatusCounts> count_by_status(db::Session& session,
                                     const std::optional<std::string>& mission = {});

}  // namespace vedette::imagery
