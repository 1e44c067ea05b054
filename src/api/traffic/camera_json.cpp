#include "api/traffic/camera_json.hpp"

#include <algorithm>

#include "api/traffic/camera_count.hpp"
#include "api/traffic/remote_pictures.hpp"
#include "base/address.hpp"
#include "db/database.hpp"
#include "traffic/camera_loop.hpp"
#include "traffic/direction_names.hpp"
#include "traffic/live_view.hpp"
#include "traffic/watched_rate.hpp"
#include "work/supervisor.hpp"

namespace vedette::api {
namespace {

json::value positive_or_null(double value, double steps) {
  if (value <= 0) return nullptr;
  return rounded(value, steps);
}

json::object directions_json(const traffic::DirectionCounts& counts) {
  return {{"a_to_b", counts[0]}, {"b_to_a", counts[1]}};
}

json::object tried_line_json(const traffic::TriedLine& line, bool is_known) {
  json::value crossings = nullptr;
  json::value likely = nullptr;
  if (is_known) {
    crossings = directions_json(line.crossings);
    likely = directions_json(line.likely);
  }
  json::array types;
  for (const auto& [type, counts] : line.by_type) {
    json::object one = directions_json(counts);
    one["vehicle_type"] = type;
    types.push_back(std::move(one));
  }
  json::array newest;
  for (const traffic::TriedCrossing& crossing : line.newest) {
    newest.push_back(json::object{{"t", to_rfc3339(crossing.at)},
                                  {"vehicle_type", crossing.vehicle_type},
                                  {"direction", traffic::name(crossing.direction)},
                                  {"track_id", crossing.track_id},
                                  {"x", rounded(crossing.point.x, 10)},
                                  {"y", rounded(crossing.point.y, 10)}});
  }
  return {{"crossings", std::move(crossings)},
          {"likely", std::move(likely)},
          {"by_type", std::move(types)},
          {"newest", std::move(newest)},
          {"counted", line.counted ? json::value(directions_json(*line.counted)) : nullptr}};
}

std::string_view camera_state(const work::LoopStatus* loop, bool is_enabled) {
  if (!is_enabled) return "disabled";
  if (loop == nullptr) return "unknown";
  if (loop->is_stale) return "unknown";
  if (loop->state == work::LoopState::kStopping) return "stopped";
  // At work on its source or detector, and not yet on pictures.
  if (loop->state == work::LoopState::kRunning && loop->health != work::Health::kGood &&
      loop->word != traffic::kTooSlowWord)
    return "starting";
  return work::name(loop->state);
}

// The loop's words; where it has none of its own, words that a camera's owner understands.
std::string state_word(const work::LoopStatus* loop, std::string_view state) {
  if (state == "disabled") return "switched off";
  if (loop == nullptr) return "not watched";
  if (loop->is_stale) return "no word from its process";
  if (loop->state == work::LoopState::kUnreachable) return "database unreachable";
  return loop->word.empty() ? std::string(state) : loop->word;
}

std::string state_cause(const work::LoopStatus* loop, std::string_view state) {
  if (state == "disabled") return {};
  if (loop == nullptr) return "No process with the role `watch` has taken it up yet.";
  if (!loop->cause.empty() && !loop->remedy.empty()) return loop->cause + " " + loop->remedy;
  if (!loop->cause.empty() || !loop->remedy.empty()) return loop->cause + loop->remedy;
  // A new attempt after a failure: what went wrong is still the best thing known.
  return state == "starting" ? loop->last_error : std::string();
}

// Whether the live picture can be had here, from this process or the one that has the camera.
bool can_show(const CameraState& state, const traffic::Camera& camera,
              const TrafficServices& services) {
  if (state.holder == nullptr) return false;
  if (state.holder->process_id == services.core->supervisor.process_id()) {
    return services.live.find(camera.id) != nullptr;
  }
  return picture_target(*state.holder).has_value();
}

CameraState state_of_loop(const work::LoopStatus* loop, bool is_enabled) {
  const std::string_view name = camera_state(loop, is_enabled);
  CameraState state{.state = std::string(name),
                    .word = state_word(loop, name),
                    .cause = state_cause(loop, name),
                    .held_by = {}};
  if (loop == nullptr) return state;
  state.since = loop->since;
  state.attempts = loop->attempts;
  if (loop->state == work::LoopState::kRetrying) state.retry_at = loop->next_run_at;
  if (loop->token != 0 && !loop->is_stale) {
    state.held_by = loop->held_by;
    state.holder = loop;
  }
  return state;
}

CameraState state_of(const traffic::Camera& camera, const CameraStates& states) {
  if (const auto count = states.counts.find(camera.id);
      count != states.counts.end() && camera.is_enabled) {
    return state_of_count(count->second, states.loops);
  }
  const auto loop = std::ranges::find(states.loops, loop_name(camera.id), &work::LoopStatus::name);
  return state_of_loop(loop == states.loops.end() ? nullptr : &*loop, camera.is_enabled);
}

}  // namespace

std::string loop_name(std::string_view camera_id) {
  return traffic::camera_loop_name(camera_id);
}

std::optional<std::string> camera_of_loop(std::string_view loop) {
  const std::string prefix = loop_name("");
  if (!loop.starts_with(prefix) || loop.size() == prefix.size()) return std::nullopt;
  return std::string(loop.substr(prefix.size()));
}

Result<CameraStates> read_states(const TrafficServices& services,
                                 std::span<const traffic::Camera> cameras) {
  if (cameras.empty()) return CameraStates{};
  std::vector<std::string> ids;
  std::vector<std::string> names;
  for (const traffic::Camera& camera : cameras) {
    ids.push_back(camera.id);
    names.push_back(loop_name(camera.id));
  }
  CameraStates states;
  VEDETTE_CHECK(services.core->database.read([&](db::Session& session) -> Result<void> {
    VEDETTE_TRY(figures, traffic::stored_figures(session, ids));
    states.figures = std::move(figures);
    states.counts.clear();
    for (const traffic::Camera& camera : cameras) {
      if (!traffic::is_recorded(camera)) continue;
      VEDETTE_TRY(count, traffic::count_status(session, camera));
      states.counts.emplace(camera.id, std::move(count));
    }
    return {};
  }));
  const bool is_counting = std::ranges::any_of(states.counts, [](const auto& entry) {
    return entry.second.job && entry.second.job->state == work::JobState::kRunning;
  });
  if (is_counting) names.emplace_back(kJobsLoop);
  VEDETTE_TRY(loops, services.core->supervisor.all(names));
  states.loops = std::move(loops);
  return states;
}

json::object status_json(const traffic::Camera& camera, const CameraStates& states,
                         const TrafficServices& services) {
  const CameraState state = state_of(camera, states);
  const auto stored = states.figures.find(camera.id);
  const bool has_figures = stored != states.figures.end();
  const traffic::CameraFigures figures =
      has_figures ? stored->second.figures : traffic::CameraFigures{};
  const bool is_running = state.state == "running";

  json::object status{
      {"id", camera.id},
      {"state", state.state},
      {"word", state.word},
      {"cause", text_or_null(state.cause)},
      {"since", or_null(state.since)},
      {"attempts", state.attempts},
      {"as_of", has_figures ? json::value(to_rfc3339(stored->second.as_of)) : json::value(nullptr)},
      {"retry_at", or_null(state.retry_at)},
      {"held_by", text_or_null(state.held_by)},
      {"width", figures.width > 0 ? json::value(figures.width) : json::value(nullptr)},
      {"height", figures.height > 0 ? json::value(figures.height) : json::value(nullptr)},
      {"fps_source", positive_or_null(figures.fps_source, 100)},
      {"fps_decoded",
       is_running ? json::value(rounded(figures.fps_decoded, 10)) : json::value(nullptr)},
      {"fps_inferred",
       is_running ? json::value(rounded(figures.fps_inferred, 10)) : json::value(nullptr)},
      {"frames", figures.frames},
      {"dropped", figures.dropped},
      {"model", nullptr},
      {"in_view", is_running ? json::value(figures.in_view) : json::value(nullptr)},
      {"moving", is_running ? json::value(figures.moving) : json::value(nullptr)},
      {"period", figures.period},
      {"media_s", has_figures ? json::value(rounded(figures.media_s, 1000)) : json::value(nullptr)},
      {"live", can_show(state, camera, services)}};
  if (!figures.model.empty()) {
    status["model"] = {{"name", figures.model},
                       {"kind", figures.is_motion ? "motion" : "model"},
                       {"engine", figures.engine},
                       {"precision", figures.precision},
                       {"ms", positive_or_null(figures.ms, 100)},
                       {"licence", text_or_null(figures.licence)}};
  }
  return status;
}

json::object line_json(const traffic::Line& stored, traffic::PictureSize size) {
  const traffic::Line line = traffic::fitted(stored, size.width, size.height);
  return {{"id", line.id},
          {"name", line.name},
          {"x1", rounded(line.x1, 1000)},
          {"y1", rounded(line.y1, 1000)},
          {"x2", rounded(line.x2, 1000)},
          {"y2", rounded(line.y2, 1000)},
          {"width", line.width > 0 ? json::value(line.width) : json::value(nullptr)},
          {"height", line.height > 0 ? json::value(line.height) : json::value(nullptr)},
          {"a_to_b", traffic::direction_name(line, traffic::Direction::kAToB)},
          {"b_to_a", traffic::direction_name(line, traffic::Direction::kBToA)},
          {"is_named", !line.a_to_b.empty() || !line.b_to_a.empty()},
          {"created_at", to_rfc3339(line.created_at)}};
}

json::object camera_json(const traffic::Camera& camera, const CameraStates& states,
                         const TrafficServices& services) {
  json::array lines;
  traffic::PictureSize size;
  if (const auto stored = states.figures.find(camera.id); stored != states.figures.end()) {
    size = {stored->second.figures.width, stored->second.figures.height};
  }
  for (const traffic::Line& line : camera.lines) lines.push_back(line_json(line, size));
  json::array types;
  for (const std::string& type : camera.types) types.emplace_back(type);
  json::value count = nullptr;
  if (const auto known = states.counts.find(camera.id); known != states.counts.end())
    count = count_json(known->second, services);
  return {{"id", camera.id},
          {"name", camera.name},
          {"source", mask_address(camera.source)},
          {"loop", camera.is_loop},
          {"starts_at", or_null(camera.starts_at)},
          {"model", or_null(camera.model)},
          {"types", std::move(types)},
          {"enabled", camera.is_enabled},
          {"created_at", to_rfc3339(camera.created_at)},
          {"updated_at", to_rfc3339(camera.updated_at)},
          {"lines", std::move(lines)},
          {"count", std::move(count)},
          {"status", status_json(camera, states, services)}};
}

json::object current_json(const traffic::CurrentCamera& camera) {
  json::array rows;
  for (const traffic::CurrentRow& row : camera.rows) {
    json::object out{{"camera_id", camera.camera_id},
                     {"vehicle_type", row.vehicle_type},
                     {"track_id", row.track_id},
                     {"x_coord", rounded(row.x, 10)},
                     {"y_coord", rounded(row.y, 10)},
                     {"avg_speed", nullptr},
                     {"count", 1},
                     {"last_update", to_rfc3339(row.last_update)},
                     {"moving", row.is_moving}};
    if (row.first_seen) out["first_seen"] = to_rfc3339(*row.first_seen);
    rows.push_back(std::move(out));
  }
  return {
      {"camera_id", camera.camera_id}, {"as_of", or_null(camera.as_of)}, {"rows", std::move(rows)}};
}

json::object crossing_json(const traffic::CrossingRecord& crossing) {
  return {{"id", crossing.id},
          {"t", to_rfc3339(crossing.at)},
          {"camera_id", crossing.camera_id},
          {"line_id", crossing.line_id},
          {"line", crossing.line},
          {"direction", crossing.direction},
          {"label", crossing.label},
          {"track_id", crossing.track_id},
          {"vehicle_type", crossing.vehicle_type},
          {"x", rounded(crossing.x, 10)},
          {"y", rounded(crossing.y, 10)},
          {"frame", crossing.frame}};
}

json::object line_trial_json(const traffic::LineTrial& trial) {
  json::array lines;
  for (const traffic::TriedLine& line : trial.lines)
    lines.push_back(tried_line_json(line, trial.has_seen()));
  return {{"from", to_rfc3339(trial.from)},
          {"to", to_rfc3339(trial.to)},
          {"coverage_s", rounded(to_seconds(trial.coverage), 1000)},
          {"sampled_every_s", traffic::kTrialSampledEveryS},
          {"tracks", trial.tracks},
          {"truncated", trial.is_truncated},
          {"lines", std::move(lines)}};
}

}  // namespace vedette::api
