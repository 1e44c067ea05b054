// The figures of a camera at work, as its loop stores them and everybody else reads them. Values;
// the functions that touch the database block.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"

namespace vedette::db {
class Session;
}

namespace vedette::traffic {

struct CameraFigures {
  int width = 0;
  int height = 0;
  double fps_source = 0;  // as announced; 0: not
  double fps_decoded = 0;
  double fps_inferred = 0;
  std::int64_t frames = 0;
  std::int64_t dropped = 0;
  std::string model;  // empty: not known yet
  bool is_motion = false;
  std::string engine;
  std::string precision;
  std::string licence;
  double ms = 0;  // a frame, moving average
  int in_view = 0;
  int moving = 0;
  int period = 0;  // lap of a looped file
  double media_s = 0;
};

std::string to_json(const CameraFigures& figures);
/// What to_json wrote; kCorrupt otherwise.
Result<CameraFigures> figures_from_json(std::string_view text);

/// Stores the camera's figures (empty: as they are) and when a sample was taken last (absent: as
/// known), in the caller's transaction. Of a camera that was removed nothing is brought back.
Result<void> put_status(db::Session& session, std::string_view camera_id,
                        const std::optional<Instant>& sampled_at, std::string_view figures_json);

struct StoredFigures {
  CameraFigures figures;
  Instant as_of{};
};
/// By camera id, of those of these cameras (of all, when none is named) that ever worked.
Result<std::map<std::string, StoredFigures, std::less<>>> stored_figures(
    db::Session& session, std::span<const std::string> cameras = {});

}  // namespace vedette::traffic
