#include "imagery/health.hpp"

#include <algorithm>

namespace vedette::imagery {

Health judge_health(double mean_ndvi, Unit unit) {
  static constexpr std::array<std::string_view, 5> kAdvice{"Critical attention needed",
                                                           "Attention needed", "Worth watching",
                                                           "In good state", "In very good state"};
  const auto place = static_cast<std::size_t>(std::ranges::upper_bound(kHealthLimits, mean_ndvi) -
                                              kHealthLimits.begin());
  Health health;
  health.status = kHealthNames[place];
  health.advice = kAdvice[place];
  health.score = std::clamp(mean_ndvi + 0.2, 0.0, 1.0);
  health.rule =
      "By the mean NDVI of all valid pixels: below 0.2 very poor, below 0.4 poor, below 0.6 "
      "moderate, below 0.8 healthy, else very healthy; score = NDVI + 0.2, within 0 and 1. Soil, "
      "roads and roofs in the picture lower it.";
  switch (unit) {
    case Unit::kReflectance:
      break;
    case Unit::kDigitalNumbers:
      health.caveat =
          "From digital numbers, not reflectance: good for comparing places within one picture, "
          "not for the limits of the rule.";
      break;
    case Unit::kRadiance:
      health.caveat =
          "From radiance without the light of the sun: the NDVI is lower than of reflectance.";
      break;
    case Unit::kRelative:
      health.caveat =
          "From light over the sunlight sensor's counts without a panel: close to, but not the "
          "NDVI of reflectance.";
      break;
  }
  return health;
}

}  // namespace vedette::imagery
