// How a field does, by a written rule over the mean NDVI that is shown with its answer. Pure.
#pragma once

#include <array>
#include <string_view>

#include "imagery/analysis.hpp"

namespace vedette::imagery {

/// Upper ends of the classes very_poor, poor, moderate and healthy.
inline constexpr std::array kHealthLimits{0.2, 0.4, 0.6, 0.8};
inline constexpr std::array<std::string_view, 5> kHealthNames{"very_poor", "poor", "moderate",
                                                              "healthy", "very_healthy"};

Health judge_health(double mean_ndvi, Unit unit);

}  // namespace vedette::imagery
