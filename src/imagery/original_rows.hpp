// The database of the original crop platform (its Flask and its Node server write the same tables),
// read and never written: missions, and images with position and figures, page by page. What its
// many versions lack is absent. Used by `vedette import fields`; blocks on that database; any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imagery/image_store.hpp"
#include "imagery/missions.hpp"

namespace vedette::imagery {

struct OriginalZone {
  int x = 0;
  int y = 0;
  std::optional<double> severity;
  std::optional<double> ndvi;
  std::optional<double> savi;
  std::optional<double> gndvi;
};

/// Figures as the original stored them; health from 0 to 1.
struct OriginalAnalysis {
  Image::Stats ndvi;
  Image::Stats savi;
  Image::Stats gndvi;
  std::optional<double> health_score;
  std::string health_status;
  std::string summary;
  std::string analysis_type;
  std::string model_version;
  std::optional<double> confidence;
  std::optional<Instant> created_at;
  std::string processed_path;  // of the picture that it made; or empty
  std::vector<OriginalZone> zones;
};

enum class OriginalStatus { kWaiting, kCompleted, kFailed };

struct OriginalImage {
  std::string id;
  std::string filename;
  std::string original_name;
  std::string file_path;
  std::string s3_key;
  std::optional<std::string> mission;
  OriginalStatus status = OriginalStatus::kWaiting;
  std::optional<Instant> uploaded_at;
  std::optional<Instant> processed_at;
  std::optional<Instant> captured_at;
  std::optional<ImagePosition> position;
  std::optional<OriginalAnalysis> analysis;
};

/// kNotFound: the database has no table of images; it is none of the original's.
Result<std::vector<Mission>> original_missions(db::Session& session);

/// Up to 200 images whose ids come after `after` ("": the first), in the order of the ids. Those
/// that Vedette itself put there are not given.
Result<std::vector<OriginalImage>> original_images(db::Session& session, std::string_view after);

/// Begins the error of an image that waited in a database that Vedette now runs on (migration 3).
inline constexpr std::string_view kWaitedInTheOriginal = "It waited in the original program";

}  // namespace vedette::imagery
