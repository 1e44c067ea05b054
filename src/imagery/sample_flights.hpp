// Pictures that come with the demo: flights whose rows say that they are samples. Each comes once,
// into a database without images of the user's own; what the user removed stays away. Called by the
// demo at the start; functions over a Session belong to the caller's transaction; all block on the
// database; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "imagery/image_store.hpp"
#include "imagery/missions.hpp"

namespace vedette::imagery {

struct SampleFlight {
  std::string name;  // by which it is known for ever: "landsat7"
  Mission mission;
  std::string bands;  // said of each of its images, as parse_band_choice() reads it; or empty
  std::vector<NewImage> images;
};

/// Those of `names` that were never here; none where there are images or missions of the user's
/// own.
Result<std::vector<std::string>> missing_samples(db::Session& session,
                                                 const std::vector<std::string>& names);

/// The mission, its images and their jobs, or nothing of them: false when it was added before.
/// Objects of images that are here already are nobody's then.
Result<bool> add_sample_flight(db::Session& session, const SampleFlight& flight, Instant now);

}  // namespace vedette::imagery
