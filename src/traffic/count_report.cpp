#include "traffic/count_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <iterator>
#include <utility>

#include "base/csv.hpp"
#include "traffic/direction_names.hpp"

namespace vedette::traffic {
namespace {

namespace json = boost::json;

std::int64_t counted(const CountResult& result, const Line& line, Direction direction) {
  const auto found = result.line_counts().find({line.id, std::string(name(direction))});
  return found == result.line_counts().end() ? 0 : found->second;
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object result_of(const Camera& camera, const CountResult& result, const CountTold& told) {
  json::array lines;
  for (const Line& line : camera.lines) {
    const auto direction = [&](Direction d) {
      return json::object{{"label", direction_name(line, d)},
                          {"crossings", counted(result, line, d)}};
    };
    lines.push_back(json::object{{"id", line.id},
                                 {"name", line.name},
                                 {"a_to_b", direction(Direction::kAToB)},
                                 {"b_to_a", direction(Direction::kBToA)}});
  }
  json::array types;
  for (const std::string& type : camera.types) types.emplace_back(type);
  return {{"camera", camera.id},
          {"frames", result.frames()},
          {"media_s", to_seconds(result.media_time())},
          {"watched_s", to_seconds(result.watched())},
          {"from", to_rfc3339(told.base_time)},
          {"times_from", told.times_from},
          {"road_users", camera.lines.empty() ? result.seen() : result.crossers()},
          {"lines", std::move(lines)},
          {"model", told.model},
          {"types", std::move(types)},
          {"cut_off", text_or_null(told.cut_off)},
          {"left_out", text_or_null(told.left_out)}};
}

// A crossing as it is told: its line and direction in words, and when it was.
struct Told {
  double media_s = 0;
  std::string line;
  std::string label;
};

Told told_of(const Camera& camera, const CrossingRow& crossing, Instant base_time) {
  Told told{.media_s = to_seconds(crossing.at - base_time), .line = {}, .label = {}};
  const auto line = std::ranges::find(camera.lines, crossing.line_id, &Line::id);
  if (line == camera.lines.end()) return told;
  told.line = line->name;
  const bool is_there = crossing.direction == name(Direction::kAToB);
  told.label = direction_name(*line, is_there ? Direction::kAToB : Direction::kBToA);
  return told;
}

double rounded(double value, double steps) {
  return std::round(value * steps) / steps;
}

}  // namespace

std::string count_in_words(const Camera& camera, const CountResult& result) {
  const std::int64_t users = camera.lines.empty() ? result.seen() : result.crossers();
  std::string text = fmt::format("{} road user{}", users, users == 1 ? "" : "s");
  for (const Line& line : camera.lines) {
    text +=
        fmt::format("; {}: {} {}, {} {}", line.name, counted(result, line, Direction::kAToB),
                    direction_name(line, Direction::kAToB), counted(result, line, Direction::kBToA),
                    direction_name(line, Direction::kBToA));
  }
  return text;
}

std::string result_json(const Camera& camera, const CountResult& result, const CountTold& told) {
  return json::serialize(result_of(camera, result, told));
}

std::string export_json(const Camera& camera, const CountResult& result, const CountTold& told) {
  json::object head = result_of(camera, result, told);
  head["name"] = camera.name;
  // One by one: the whole as values would be many times the text.
  std::string text = json::serialize(head);
  text.pop_back();
  text += ",\"crossings\":[";
  bool is_first = true;
  for (const CrossingRow& crossing : result.crossings()) {
    const Told one = told_of(camera, crossing, told.base_time);
    if (!std::exchange(is_first, false)) text += ',';
    text += "\n" + json::serialize(json::object{{"t", to_rfc3339(crossing.at)},
                                                {"media_s", rounded(one.media_s, 1000)},
                                                {"line_id", crossing.line_id},
                                                {"line", one.line},
                                                {"direction", crossing.direction},
                                                {"label", one.label},
                                                {"track", crossing.track},
                                                {"vehicle_type", crossing.type},
                                                {"x", rounded(crossing.x, 10)},
                                                {"y", rounded(crossing.y, 10)},
                                                {"frame", crossing.frame}});
  }
  return text + "]}\n";
}

std::string export_csv(const Camera& camera, const CountResult& result, const CountTold& told) {
  std::string text = "t,media_s,camera_id,line,direction,label,track,vehicle_type,x,y,frame\r\n";
  for (const CrossingRow& crossing : result.crossings()) {
    const Told one = told_of(camera, crossing, told.base_time);
    fmt::format_to(std::back_inserter(text), "{},{:.3f},{},{},{},{},{},{},{:.1f},{:.1f},{}\r\n",
                   to_rfc3339(crossing.at), one.media_s, csv_field(camera.id), csv_field(one.line),
                   crossing.direction, csv_field(one.label), crossing.track,
                   csv_field(crossing.type), crossing.x, crossing.y, crossing.frame);
  }
  return text;
}

}  // namespace vedette::traffic
