#include "app/watch_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <boost/json.hpp>
#include <cmath>
#include <numeric>
#include <ranges>
#include <string_view>

#include "traffic/direction_names.hpp"

namespace vedette::app {
namespace {

// As many are listed for people; the JSON object has all.
constexpr std::size_t kMostPassedOver = 20;

std::string as_json(std::string_view value) {
  return boost::json::serialize(boost::json::string(value));
}

// One JSON object, written value by value. Boost.JSON would write 12.8 as 1.28E1.
class ObjectText {
 public:
  void put(std::string_view key, std::string_view json_text) {
    text_ += fmt::format("{}{}: {}", text_.empty() ? "" : ", ", as_json(key), json_text);
  }
  void put_text(std::string_view key, std::string_view value) { put(key, as_json(value)); }
  void put_count(std::string_view key, std::int64_t value) { put(key, std::to_string(value)); }
  void put_number(std::string_view key, double value, int digits) {
    const double scale = std::pow(10.0, digits);
    put(key, fmt::format("{}", std::round(value * scale) / scale));
  }
  std::string str() const { return fmt::format("{{{}}}", text_); }

 private:
  std::string text_;
};

std::string array(const std::vector<std::string>& elements) {
  return fmt::format("[{}]", fmt::join(elements, ", "));
}

double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

std::string by_type(const std::vector<std::int64_t>& counts, const traffic::TypeTable& types) {
  ObjectText object;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) object.put_count(types.name(static_cast<int>(i)), counts[i]);
  }
  return object.str();
}

std::string listed(const std::vector<std::int64_t>& counts, const traffic::TypeTable& types) {
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", types.name(static_cast<int>(i)),
                        counts[i]);
  }
  return text.empty() ? "none" : text;
}

}  // namespace

WatchReport::WatchReport(const traffic::WatchPipeline& pipeline)
    : pipeline_(pipeline), lines_(pipeline.lines().size()) {
  for (LineCount& line : lines_) {
    line.by_type.resize(static_cast<std::size_t>(pipeline.types().size()));
  }
}

void WatchReport::add(const traffic::WatchedFrame& watched) {
  if (pipeline_.totals().frames > 1 && !watched.is_new_period) {
    seen_ += watched.frame.media_time - last_time_;
    ++steps_;
  }
  last_time_ = watched.frame.media_time;
  for (const traffic::Crossing& crossing : watched.crossings) {
    LineCount& line = lines_[static_cast<std::size_t>(crossing.line)];
    ++(crossing.direction == traffic::Direction::kAToB ? line.a_to_b : line.b_to_a);
    ++line.by_type[static_cast<std::size_t>(crossing.type)];
    ++crossings_;
  }
}

std::string WatchReport::event(const traffic::Crossing& crossing) const {
  ObjectText object;
  object.put_number("t", to_seconds(crossing.time), 3);
  object.put_count("frame", crossing.frame);
  object.put_count("track", crossing.track);
  object.put_text("type", pipeline_.types().name(crossing.type));
  object.put_text("line", pipeline_.lines()[static_cast<std::size_t>(crossing.line)].name);
  object.put_text("direction", name(crossing.direction));
  object.put_number("x", static_cast<double>(crossing.at.x), 1);
  object.put_number("y", static_cast<double>(crossing.at.y), 1);
  object.put("speed_kmh", "null");
  return object.str();
}

double WatchReport::media_s() const {
  if (steps_ == 0) return 0;
  // The last frame is seen for a while, too.
  return to_seconds(seen_) * static_cast<double>(pipeline_.totals().frames) /
         static_cast<double>(steps_);
}

std::vector<std::int64_t> WatchReport::wanted_tracks() const {
  std::vector<std::int64_t> counts = pipeline_.tracks_by_type();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (!pipeline_.is_wanted(static_cast<int>(i))) counts[i] = 0;
  }
  return counts;
}

std::string WatchReport::lines_json() const {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    ObjectText line;
    line.put_text("name", pipeline_.lines()[i].name);
    line.put_count("a_to_b", lines_[i].a_to_b);
    line.put_count("b_to_a", lines_[i].b_to_a);
    ObjectText directions;
    directions.put_text("a_to_b", direction_name(pipeline_.lines()[i], traffic::Direction::kAToB));
    directions.put_text("b_to_a", direction_name(pipeline_.lines()[i], traffic::Direction::kBToA));
    line.put("directions", directions.str());
    line.put("by_type", by_type(lines_[i].by_type, pipeline_.types()));
    lines.push_back(line.str());
  }
  return array(lines);
}

std::string WatchReport::zones_json() const {
  std::vector<std::string> zones;
  for (std::size_t i = 0; i < pipeline_.zones().zones().size(); ++i) {
    const traffic::ZoneState& state = pipeline_.zones().states()[i];
    ObjectText zone;
    zone.put_text("name", pipeline_.zones().zones()[i].name);
    zone.put_count("entered", state.entered);
    zone.put_count("inside", state.inside);
    zone.put_count("most_inside", state.most_inside);
    zones.push_back(zone.str());
  }
  return array(zones);
}

std::optional<traffic::TooSlow> WatchReport::too_slow(const Run& run) const {
  const traffic::WatchedRate& rate = pipeline_.rate();
  if (rate.too_slow_for() == Micros{0}) return std::nullopt;
  return traffic::explain_too_slow(rate.per_second_in_all(), rate.even_per_second_in_all(),
                                   run.given_fps);
}

std::string WatchReport::too_slow_json(const Run& run) const {
  const auto reason = too_slow(run);
  if (!reason) return "null";
  ObjectText object;
  object.put_text("by", reason->is_source ? "source" : "machine");
  object.put_number("seconds", to_seconds(pipeline_.rate().too_slow_for()), 1);
  object.put_number("pictures_per_s", pipeline_.rate().per_second_in_all(), 2);
  object.put_text("cause", reason->cause);
  object.put_text("remedy", reason->remedy);
  return object.str();
}

std::string WatchReport::json(const Run& run) const {
  const traffic::WatchTotals& totals = pipeline_.totals();
  const std::vector<std::int64_t> tracks = wanted_tracks();
  const auto frames = static_cast<double>(std::max<std::int64_t>(1, totals.frames));
  const double model_s = run.detector.inference_s;
  ObjectText stages;
  stages.put_number("decode", 1000 * totals.times.decode_s / frames, 4);
  stages.put_number("detect", 1000 * totals.times.detect_s / frames, 4);
  stages.put_number("track", 1000 * totals.times.track_s / frames, 4);

  ObjectText object;
  object.put_text("source", run.source);
  if (run.files > 1) {
    object.put_count("files", run.files);
    object.put_text("order", run.order);
    std::vector<std::string> passed_over;
    for (const std::string& each : run.passed_over) passed_over.push_back(as_json(each));
    object.put("passed_over", array(passed_over));
  }
  if (!run.left_out.empty()) object.put_text("left_out", run.left_out);
  object.put_count("frames", totals.frames);
  object.put_number("media_s", media_s(), 3);
  object.put_number("wall_s", run.wall_s, 3);
  object.put_number("fps", run.wall_s > 0 ? static_cast<double>(totals.frames) / run.wall_s : 0, 2);
  object.put_text("model", run.detector.model);
  object.put_count("inferred", totals.inferred);
  object.put_count("gated", totals.gated);
  object.put_count("dropped", run.source_stats.dropped);
  object.put_count("tracks", std::accumulate(tracks.begin(), tracks.end(), std::int64_t{0}));
  object.put("by_type", by_type(tracks, pipeline_.types()));
  object.put("lines", lines_json());
  object.put("zones", zones_json());
  object.put("speeds", "null");
  object.put("too_slow", too_slow_json(run));
  object.put_text("engine", run.detector.engine);
  object.put_text("precision", run.detector.precision);
  object.put_count("threads", run.detector.threads);
  object.put_number("start_s", run.start_s, 3);
  object.put("stages_ms", stages.str());
  object.put_number("model_ms", 1000 * model_s / frames, 4);
  object.put_number("total_ms", 1000 * run.wall_s / frames, 4);
  // With frames in flight the model's times overlap each other and the rest: no ratio then.
  if (run.is_sequential && model_s > 0) {
    object.put_number("total_over_model", run.wall_s / model_s, 4);
  } else {
    object.put("total_over_model", "null");
  }
  object.put_number("peak_rss_mib", peak_mib(), 1);
  if (!run.problem.empty()) object.put_text("problem", run.problem);
  return object.str();
}

std::string WatchReport::text(const Run& run) const {
  const traffic::WatchTotals& totals = pipeline_.totals();
  std::string text = fmt::format(
      "{}{}\n  {} frames, {:.1f} s of video in {:.1f} s ({:.1f} frames a second)\n  {}, {}, {}\n",
      run.source, run.files > 1 ? fmt::format(" ({} files, {})", run.files, run.order) : "",
      totals.frames, media_s(), run.wall_s,
      run.wall_s > 0 ? static_cast<double>(totals.frames) / run.wall_s : 0.0, run.detector.model,
      run.detector.engine, run.detector.precision);
  text += fmt::format("  road users: {}\n", listed(wanted_tracks(), pipeline_.types()));
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const traffic::CountingLine& line = pipeline_.lines()[i];
    const auto shown = [&](traffic::Direction direction) {
      return fmt::format("{} {}", traffic::direction_arrow(line, direction),
                         traffic::direction_name(line, direction));
    };
    text +=
        fmt::format("  line {}: {} {}, {} {} ({})\n", line.name, shown(traffic::Direction::kAToB),
                    lines_[i].a_to_b, shown(traffic::Direction::kBToA), lines_[i].b_to_a,
                    listed(lines_[i].by_type, pipeline_.types()));
  }
  for (std::size_t i = 0; i < pipeline_.zones().zones().size(); ++i) {
    const traffic::ZoneState& state = pipeline_.zones().states()[i];
    text += fmt::format("  zone {}: {} entered, at most {} at once\n",
                        pipeline_.zones().zones()[i].name, state.entered, state.most_inside);
  }
  if (totals.gated > 0) text += fmt::format("  the model rested for {} frames\n", totals.gated);
  if (run.source_stats.dropped > 0) {
    text += fmt::format("  {} frames were dropped: the source is faster than the model\n",
                        run.source_stats.dropped);
  }
  if (const auto reason = too_slow(run)) {
    text += fmt::format("  warning: too slow to count by for {:.1f} s: {} {}\n",
                        to_seconds(pipeline_.rate().too_slow_for()), reason->cause, reason->remedy);
  }
  for (const std::string& each : run.passed_over | std::views::take(kMostPassedOver)) {
    text += fmt::format("  passed over: {}\n", each);
  }
  if (run.passed_over.size() > kMostPassedOver) {
    text += fmt::format("  passed over: {} more\n", run.passed_over.size() - kMostPassedOver);
  }
  if (!run.left_out.empty()) text += fmt::format("  {}\n", run.left_out);
  if (!run.problem.empty()) text += fmt::format("  broken off: {}\n", run.problem);
  return text;
}

std::string WatchReport::progress(double wall_s) const {
  const std::int64_t frames = pipeline_.totals().frames;
  return fmt::format("frame {}, {:.1f} s of video, {:.1f} frames a second, {} crossings", frames,
                     to_seconds(seen_), wall_s > 0 ? static_cast<double>(frames) / wall_s : 0.0,
                     crossings_);
}

}  // namespace vedette::app
