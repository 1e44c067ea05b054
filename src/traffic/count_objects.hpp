// Puts what a count leaves behind into the store of objects: its last picture, small ones, and its
// documents. Used by the job that counts, before the rows that name them; blocks on the store. One
// thread.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/error.hpp"
#include "media/frame.hpp"
#include "traffic/camera.hpp"
#include "traffic/count_report.hpp"
#include "traffic/count_result.hpp"
#include "traffic/thumbnails.hpp"

namespace vedette::traffic {

/// A frame as a thumbnail.
Result<std::string> thumbnail(const media::Frame& frame);

/// What there is at the end of a count.
struct Counted {
  const Camera& camera;
  const CountResult& result;
  const CountTold& told;
  const std::optional<media::Frame>& last_frame;  // nothing when no frame was decoded
  Thumbnails& thumbnails;
};

/// Stores it all and writes the keys into `facts`; calls `alive` after each. Ends with the first
/// that cannot be stored, because a store that is away would be waited for each time; what was
/// stored until then is in `facts`. The error of a picture that cannot be drawn comes last.
Result<void> store_objects(const Counted& counted, blob::Store& blobs, const std::stop_token& stop,
                           const std::function<void()>& alive, ResultFacts& facts);

}  // namespace vedette::traffic
