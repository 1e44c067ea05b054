// The first picture of a source, as JPEG: a look before it becomes a camera, and the still of a
// recorded one that was not counted yet. Opens the source; blocks for some seconds at most.
#pragma once

#include <string>

#include "api/traffic/traffic_services.hpp"
#include "base/error.hpp"

namespace vedette::api {

/// kInvalid, with a sentence, when it can be opened and holds none.
Result<std::string> first_picture(const std::string& source, const TrafficServices& services);

}  // namespace vedette::api
