// A camera as its owner describes it, and where that is kept. Read by the API, the roster of camera
// loops and the command line; all functions block on the database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "traffic/scene.hpp"

namespace vedette::db {
class Database;
class Session;
}  // namespace vedette::db

namespace vedette::traffic {

/// A counting line in pixels of the picture it was drawn on, y down. `a_to_b` and `b_to_a` are the
/// owner's words for the two directions; a_to_b goes from the left of the line to its right,
/// looking from its first point to its second.
struct Line {
  std::string id = {};
  std::string name = {};
  double x1 = 0;
  double y1 = 0;
  double x2 = 0;
  double y2 = 0;
  std::string a_to_b = {};
  std::string b_to_a = {};
  /// Size of the picture it was drawn on; 0: not known (it takes the size of the first picture).
  int width = 0;
  int height = 0;
  /// Since when it counts.
  Instant created_at{};

  bool operator==(const Line&) const = default;
};

/// The line in a picture of this size (0: not known, and the line stays as it is).
Line fitted(Line line, int width, int height);

struct Camera {
  std::string id;
  std::string name;
  /// With its password; mask it before it is shown (mask_address).
  std::string source;
  bool is_loop = false;
  std::optional<Instant> starts_at;
  /// A model's name, "motion", or absent: the best there is.
  std::optional<std::string> model;
  std::vector<std::string> types;
  bool is_enabled = true;
  /// Its source was found to have an end, which its address does not tell.
  bool has_end = false;
  /// A recording that nobody has started to count, and that is not counted before.
  bool waits_for_start = false;
  /// When it was first counted; of another source than this one, not.
  std::optional<Instant> first_count_at;
  /// Rises with every change of the above, not of the lines.
  std::int64_t revision = 1;
  Instant created_at{};
  Instant updated_at{};
  std::vector<Line> lines;
};

/// Whether it is a recording, to be counted once by a job of the queue (traffic/counting.hpp), and
/// not watched by a loop.
bool is_recorded(const Camera& camera);

/// The channel of change notices about cameras and lines.
inline constexpr std::string_view kCamerasChannel = "cameras";

/// Checks a camera before it is stored and fills in what may be absent (id from the name, the
/// usual types). The error's `detail` is the name of the field that is wrong.
Result<void> complete(Camera& camera);

/// Checks one line of a picture that may be up to 16384 pixels wide; `detail` names the field.
Result<void> check_line(const Line& line);

/// Checks lines that may become the camera's: each one, that no two share a name, that none has an
/// id twice or of another camera, and that each meets the picture, where its size is known.
Result<void> check_lines(const Camera& camera, const std::vector<Line>& lines);

/// Of a camera's pictures; 0: not known.
struct PictureSize {
  int width = 0;
  int height = 0;

  bool operator==(const PictureSize&) const = default;
};
/// As the camera's loop last saw them.
Result<PictureSize> picture_size(db::Session& session, std::string_view camera_id);

/// Lines that do not say on pictures of which size they were drawn say this one.
std::vector<Line> drawn_on(std::vector<Line> lines, PictureSize size);

/// The same for the camera's stored lines, in the transaction of whoever sees its pictures.
Result<void> adopt_picture_size(db::Session& session, std::string_view camera_id, PictureSize size);

/// As the counter takes them, in the same order.
std::vector<CountingLine> counting_lines(const std::vector<Line>& lines);

/// kNotFound, in words for people.
std::unexpected<Error> no_camera(std::string_view id);

/// kInvalid, for a line that is not the camera's; `detail` names the field.
std::unexpected<Error> no_line(std::string_view id);

/// By name, at most `limit`, after the cursor (name, id) of an earlier page.
struct CameraPage {
  std::vector<Camera> cameras;
  bool has_more = false;
};
Result<CameraPage> list_cameras(db::Database& database, int limit, std::string_view after_name,
                                std::string_view after_id);
Result<std::vector<Camera>> all_cameras(db::Session& session);
Result<std::optional<Camera>> find_camera(db::Session& session, std::string_view id);
Result<std::optional<Camera>> find_camera(db::Database& database, std::string_view id);

/// Changes when a camera or its lines do.
Result<std::string> cameras_mark(db::Session& session);

/// kConflict when the id is in use; an id made from the name is made to differ instead. A recorded
/// one that is switched on is put on the queue in the same transaction, unless it waits_for_start.
Result<Camera> add_camera(db::Database& database, Camera camera);
/// kNotFound. Where its source has "***", the stored secret is kept (unmask_address). A recorded
/// one that is switched on, has no result and does not wait to be started is counted, as a live one
/// is watched; else a change starts nothing. A count of what it no longer is (switched off, another
/// source) is cancelled.
Result<Camera> replace_camera(db::Database& database, Camera camera);
/// kNotFound. What it counted stays; a count that goes on is cancelled.
Result<void> remove_camera(db::Database& database, std::string_view id);

/// Replaces the camera's lines (those without a size were drawn on pictures of the present one):
/// those with a known id are changed, those without get one, those left out are removed (their
/// counts stay). kNotFound; kInvalid for an id of another camera.
Result<std::vector<Line>> set_lines(db::Database& database, std::string_view camera_id,
                                    std::vector<Line> lines);

/// "Mill Street" -> "mill-street"; "camera" for a name without a letter or digit.
std::string id_from_name(std::string_view name);

}  // namespace vedette::traffic
