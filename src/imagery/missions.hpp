// Missions: one flight over one field, whose images belong together. Called by the API; functions
// over a Session belong to the caller's transaction; all block on the database; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "imagery/image_list.hpp"

namespace vedette::imagery {

struct Mission {
  std::string id;
  std::string name;
  std::string description;
  std::optional<Instant> start_time;
  std::optional<Instant> end_time;
  std::string status = "active";
  std::optional<Instant> created_at;
  /// It came with the demo (imagery/sample_flights.hpp).
  bool is_sample = false;
  /// As imagery/mission_panel.hpp keeps it; empty: none was marked. Not changed by
  /// replace_mission().
  std::string panel = {};
  StatusCounts images;
};

/// Newest first, at most 1,000.
Result<std::vector<Mission>> missions(db::Session& session);
Result<std::optional<Mission>> find_mission(db::Session& session, std::string_view id);
/// `mission.id` is made. kInvalid: no name, or a time that ends before it begins.
Result<std::string> add_mission(db::Session& session, const Mission& mission, Instant now);
/// kNotFound.
Result<void> replace_mission(db::Session& session, const Mission& mission);
/// Its images stay, in no mission. kNotFound.
Result<void> remove_mission(db::Session& session, std::string_view id);

}  // namespace vedette::imagery
