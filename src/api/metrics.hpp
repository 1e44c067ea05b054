// Everything measurable in Prometheus' text format.
#pragma once

#include <string>

#include "api/services.hpp"

namespace vedette::api {

std::string metrics_text(const Services& services);

}  // namespace vedette::api
