#include "api/imagery/image_json.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>

#include "api/answers.hpp"

namespace vedette::api {
namespace {

json::value stats_json(const imagery::Image::Stats& stats) {
  if (!stats.mean) return nullptr;
  return json::object{{"mean", or_null(stats.mean)},
                      {"std", or_null(stats.std)},
                      {"min", or_null(stats.min)},
                      {"max", or_null(stats.max)}};
}

json::value position_json(const std::optional<imagery::ImagePosition>& position) {
  if (!position) return nullptr;
  return json::object{{"latitude", position->latitude},
                      {"longitude", position->longitude},
                      {"altitude", or_null(position->altitude)},
                      {"accuracy", or_null(position->accuracy)},
                      {"heading", or_null(position->heading)},
                      {"speed", or_null(position->speed)},
                      {"captured_at", or_null(position->captured_at)},
                      {"source", text_or_null(position->source)}};
}

json::value analysis_json(const std::optional<imagery::Image::Figures>& figures) {
  if (!figures) return nullptr;
  return json::object{{"ndvi", stats_json(figures->ndvi)},
                      {"savi", stats_json(figures->savi)},
                      {"gndvi", stats_json(figures->gndvi)},
                      {"main_index", text_or_null(figures->main_index)},
                      {"main_mean", or_null(figures->main_mean)},
                      {"health_score", or_null(figures->health_score)},
                      {"health_status", text_or_null(figures->health_status)},
                      {"summary", text_or_null(figures->summary)},
                      {"analyzed_at", to_rfc3339(figures->analyzed_at)}};
}

json::value bands_json(const std::string& bands) {
  boost::system::error_code failed;
  json::value value = bands.empty() ? json::value(nullptr) : json::parse(bands, failed);
  if (failed || !value.is_array()) return nullptr;
  return value;
}

// What a picture of the analysis is called in an address.
std::string map_path(const imagery::Image& image) {
  return fmt::format("/api/images/{}/products/{}.png", image.id, image.figures->main_index);
}

}  // namespace

json::object image_row(const imagery::Image& image) {
  return {{"id", image.id},
          {"filename", image.filename},
          {"original_name", image.original_name},
          {"mission_id", or_null(image.mission)},
          {"file_size", image.file_size},
          {"mime_type", text_or_null(image.mime_type)},
          {"processing_status", imagery::name(image.status)},
          {"error", text_or_null(image.error)},
          {"uploaded_at", to_rfc3339(image.uploaded_at)},
          {"updated_at", to_rfc3339(image.updated_at)},
          {"processed_at", or_null(image.processed_at)},
          {"captured_at", or_null(image.captured_at)},
          {"width", or_null(image.width)},
          {"height", or_null(image.height)},
          {"bands", bands_json(image.bands)},
          {"camera", text_or_null(image.camera)},
          {"files", image.files},
          {"capture_of", or_null(image.capture_of)},
          {"sample", image.is_sample},
          {"gps", position_json(image.position)},
          {"analysis", analysis_json(image.figures)},
          {"preview", image.figures ? json::value(fmt::format("/api/images/{}/preview", image.id))
                                    : json::value(nullptr)},
          {"job", or_null(image.job)}};
}

json::object image_record(const imagery::Image& image) {
  json::object record = image_row(image);
  record["sha256"] = text_or_null(image.sha256);
  record["path"] = "/uploads/" + image.filename;
  record["s3_url"] = or_null(image.s3_url);
  record["s3_stored"] = image.s3_url.has_value();
  record["originalName"] = image.original_name;
  record["s3Url"] = or_null(image.s3_url);
  record["s3Stored"] = image.s3_url.has_value();
  record["createdAt"] = to_rfc3339(image.uploaded_at);
  record["processedAt"] = or_null(image.processed_at);
  record["processingStatus"] = imagery::name(image.status);
  if (json::object* analysis = record["analysis"].if_object()) {
    const imagery::Image::Figures& figures = *image.figures;
    (*analysis)["healthScore"] = or_null(figures.health_score);
    (*analysis)["healthStatus"] = text_or_null(figures.health_status);
    (*analysis)["analysisType"] = text_or_null(figures.analysis_type);
    (*analysis)["modelVersion"] = text_or_null(figures.model_version);
    (*analysis)["confidence"] = or_null(figures.confidence);
    const json::value map =
        figures.main_index.empty() ? json::value(nullptr) : json::value(map_path(image));
    (*analysis)["processedImageUrl"] = map;
    (*analysis)["processedImagePath"] = map;
  }
  return record;
}

json::object counts_json(const imagery::StatusCounts& counts) {
  return {{"uploaded", counts.uploaded},
          {"processing", counts.processing},
          {"completed", counts.completed},
          {"failed", counts.failed},
          {"total", counts.total()}};
}

}  // namespace vedette::api
