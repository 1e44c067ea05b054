// The cameras' part of the notes of /api/status.
#include <fmt/format.h>

#include "api/traffic/traffic_services.hpp"
#include "db/database.hpp"
#include "traffic/camera.hpp"
#include "traffic/camera_status.hpp"

namespace vedette::api {
namespace {

constexpr std::size_t kNamed = 5;

// "Mill Street, Gate and 3 more"
std::string some_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kNamed); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kNamed) text += fmt::format(" and {} more", names.size() - kNamed);
  return text;
}

}  // namespace

void note_cameras(std::vector<Note>& notes, db::Database& database) {
  auto by_motion = database.read([](db::Session& session) -> Result<std::vector<std::string>> {
    VEDETTE_TRY(cameras, traffic::all_cameras(session));
    VEDETTE_TRY(figures, traffic::stored_figures(session));
    std::vector<std::string> names;
    for (const traffic::Camera& camera : cameras) {
      const auto found = figures.find(camera.id);
      if (camera.is_enabled && found != figures.end() && found->second.figures.is_motion)
        names.push_back(camera.name);
    }
    return names;
  });
  // Of an outage the status says more than a note could.
  if (!by_motion || by_motion->empty()) return;
  notes.push_back({"Counted by motion, no detection model",
                   fmt::format("{}. Whatever moves is counted there; types are not known.",
                               some_of(*by_motion))});
}

}  // namespace vedette::api
