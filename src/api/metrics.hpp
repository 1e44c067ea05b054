// Everything measurable in Prometheus' text format.
#pragma once

#include <string>

#include "api/core_services.hpp"

namespace vedette::api {

std::string metrics_text(const CoreServices& services);

}  // namespace vedette::api
