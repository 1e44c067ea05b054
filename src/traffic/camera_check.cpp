// What a camera and its lines must be before they are stored, and the sentences for what is wrong.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "media/frame_source.hpp"
#include "traffic/camera.hpp"
#include "traffic/types.hpp"

namespace vedette::traffic {
namespace {

bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

std::unexpected<Error> wrong_field(std::string_view field, std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message), std::string(field));
}

// Whether a part of the line lies in the picture it was drawn on: Liang and Barsky's clipping.
bool meets_picture(const Line& line) {
  double from = 0;
  double to = 1;
  const auto cut = [&](double start, double step, double most) {
    if (step == 0) return start >= 0 && start <= most;
    const double one = -start / step;
    const double other = (most - start) / step;
    from = std::max(from, std::min(one, other));
    to = std::min(to, std::max(one, other));
    return from <= to;
  };
  return cut(line.x1, line.x2 - line.x1, line.width) &&
         cut(line.y1, line.y2 - line.y1, line.height);
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

std::unexpected<Error> no_line(std::string_view id) {
  return wrong_field("id",
                     fmt::format("This camera has no line '{}'. Leave the id out to add a new one.",
                                 id.substr(0, 64)));
}

std::string id_from_name(std::string_view name) {
  std::string id;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      id += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      id += c;
    } else if (!id.empty() && id.back() != '-') {
      id += '-';
    }
  }
  while (!id.empty() && id.back() == '-') id.pop_back();
  if (id.empty()) id = "camera";
  return id.substr(0, 64);
}

Result<void> complete(Camera& camera) {
  if (camera.name.empty() || camera.name.size() > 100 || has_control_character(camera.name)) {
    return wrong_field(
        "name", "The camera needs a name of 1 to 100 characters, for example 'Mill Street'.");
  }
  if (camera.source.empty() || camera.source.size() > 1000 ||
      has_control_character(camera.source)) {
    return wrong_field(
        "source",
        "The camera needs a source of at most 1000 characters: a file, rtsp://, http(s):// or "
        "/dev/videoN.");
  }
  media::SourceOptions source;
  source.url = camera.source;
  source.loop = camera.is_loop;
  if (auto checked = media::check_source(source); !checked)
    return wrong_field("source", std::move(checked.error().message));
  if (camera.id.empty()) camera.id = id_from_name(camera.name);
  if (camera.id.size() > 64 || !std::ranges::all_of(camera.id, is_id_character) ||
      camera.id.front() == '.' || camera.id.front() == '-' || camera.id.front() == '_') {
    return wrong_field(
        "id",
        "A camera's id is 1 to 64 letters, digits, '-', '_' or '.', starting with a letter or "
        "digit, for example 'mill-street'.");
  }
  if (camera.model && (camera.model->size() > 200 || has_control_character(*camera.model))) {
    return wrong_field("model",
                       "The model's name is too long; GET /api/detectors lists those there are.");
  }
  if (camera.types.empty()) camera.types = usual_types();
  std::vector<std::string> types;
  for (std::string& type : camera.types) {
    if (auto known = check_type(type); !known) return wrong_field("types", known.error().message);
    if (std::ranges::find(types, type) == types.end()) types.push_back(std::move(type));
  }
  camera.types = std::move(types);
  for (const Line& line : camera.lines) VEDETTE_CHECK(check_line(line));
  return {};
}

Result<void> check_line(const Line& line) {
  if (line.name.empty() || line.name.size() > 100 || has_control_character(line.name)) {
    return wrong_field("name",
                       "The line needs a name of 1 to 100 characters, for example 'In town'.");
  }
  if (line.a_to_b.size() > 60 || line.b_to_a.size() > 60 || has_control_character(line.a_to_b) ||
      has_control_character(line.b_to_a)) {
    return wrong_field(
        line.a_to_b.size() > 60 || has_control_character(line.a_to_b) ? "a_to_b" : "b_to_a",
        "The name of a direction has at most 60 characters, for example 'into town'.");
  }
  const std::pair<const char*, double> numbers[] = {
      {"x1", line.x1}, {"y1", line.y1}, {"x2", line.x2}, {"y2", line.y2}};
  for (const auto& [field, value] : numbers) {
    if (!std::isfinite(value) || value < 0 || value > 16384) {
      return wrong_field(field,
                         fmt::format("{} must be a pixel of the picture, 0 to 16384.", field));
    }
  }
  if (line.x1 <= 1 && line.y1 <= 1 && line.x2 <= 1 && line.y2 <= 1) {
    return wrong_field("x1",
                       "Coordinates are pixels of the picture, not shares of it from 0 to 1: the "
                       "middle of a picture 640 wide is 320.");
  }
  if (std::hypot(line.x2 - line.x1, line.y2 - line.y1) < 2) {
    return wrong_field("x2", "The two points of the line are the same; draw it across the road.");
  }
  return {};
}

Result<void> check_lines(const Camera& camera, const std::vector<Line>& lines) {
  std::set<std::string> ids;
  std::set<std::string> names;
  for (const Line& line : lines) {
    VEDETTE_CHECK(check_line(line));
    if (!names.insert(to_lower(trim(line.name))).second) {
      return wrong_field("name",
                         fmt::format("Two lines are called '{}'. Give each a name of its own, so "
                                     "that their counts can be told apart.",
                                     line.name));
    }
    if (line.width > 0 && line.height > 0 && !meets_picture(line)) {
      return wrong_field("x1",
                         fmt::format("The line '{}' lies outside of the picture, which is {} x "
                                     "{} pixels. Draw it across the road.",
                                     line.name, line.width, line.height));
    }
    if (line.id.empty()) continue;
    if (!ids.insert(line.id).second) return wrong_field("id", "Two lines have the same id.");
    if (std::ranges::find(camera.lines, line.id, &Line::id) == camera.lines.end())
      return no_line(line.id);
  }
  return {};
}

}  // namespace vedette::traffic
