// What traffic tells the event streams: `cameras` (the list or its lines changed), `camera` (the
// state of one), `current`, `crossing` and `history`. Added to the relay by app/.
#pragma once

#include <memory>
#include <vector>

#include "api/event_relay.hpp"
#include "api/traffic/traffic_services.hpp"

namespace vedette::api {

std::vector<EventSource> traffic_events(std::shared_ptr<const TrafficServices> services);

}  // namespace vedette::api
