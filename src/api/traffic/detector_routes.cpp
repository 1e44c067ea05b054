// GET /api/detectors: what a camera may be counted with.
#include "api/answers.hpp"
#include "api/handlers.hpp"
#include "api/traffic/routes.hpp"

namespace vedette::api {
namespace {

Result<http::Response> detectors(const TrafficServices& services, const http::Request&) {
  std::vector<std::string> notes;
  json::array list;
  for (const DetectorChoice& choice : services.detectors(notes)) {
    json::array labels;
    for (const std::string& label : choice.labels) labels.emplace_back(label);
    list.push_back(json::object{{"name", choice.name},
                                {"kind", choice.is_motion ? "motion" : "model"},
                                {"licence", text_or_null(choice.licence)},
                                {"labels", std::move(labels)},
                                {"problem", text_or_null(choice.problem)}});
  }
  return answer(200, json::object{{"detectors", std::move(list)},
                                  {"notes", json::array(notes.begin(), notes.end())}});
}

}  // namespace

void mount_detectors(http::Router& router, const std::shared_ptr<const TrafficServices>& services) {
  router.get("/api/detectors", handler(services, {}, detectors));
}

}  // namespace vedette::api
