// A camera and its state as the API shows them. Private to src/api.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/answers.hpp"
#include "api/traffic/traffic_services.hpp"
#include "traffic/camera.hpp"
#include "traffic/camera_status.hpp"
#include "traffic/counting.hpp"
#include "traffic/crossings.hpp"
#include "traffic/current.hpp"
#include "traffic/line_trial.hpp"
#include "work/loop.hpp"

namespace vedette::api {

/// Everything that the states of cameras are made of.
struct CameraStates {
  std::map<std::string, traffic::StoredFigures, std::less<>> figures;
  std::vector<work::LoopStatus> loops;
  std::map<std::string, traffic::CountStatus, std::less<>> counts;  // of recorded ones
};
/// Of these cameras, read at once.
Result<CameraStates> read_states(const TrafficServices& services,
                                 std::span<const traffic::Camera> cameras);

/// "camera:" and the id: the name of a camera's loop and lease.
std::string loop_name(std::string_view camera_id);
/// The camera of a loop; nullopt when the loop is no camera's.
std::optional<std::string> camera_of_loop(std::string_view loop);

json::object status_json(const traffic::Camera& camera, const CameraStates& states,
                         const TrafficServices& services);
json::object camera_json(const traffic::Camera& camera, const CameraStates& states,
                         const TrafficServices& services);
/// In pixels of pictures of this size, which is that of the camera's now.
json::object line_json(const traffic::Line& line, traffic::PictureSize size);
json::object line_trial_json(const traffic::LineTrial& trial);
json::object current_json(const traffic::CurrentCamera& camera);
json::object crossing_json(const traffic::CrossingRecord& crossing);

}  // namespace vedette::api
