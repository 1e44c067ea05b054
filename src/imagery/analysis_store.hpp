// What becomes of an analysis in the tables, and what users said of bands. The job that analyses
// writes here, in the transaction that completes it. Blocks on the database; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imagery/analysis.hpp"
#include "imagery/image_store.hpp"

namespace vedette::imagery {

struct FinishedAnalysis {
  std::string image;
  const Analysis* analysis = nullptr;
  std::string camera;  // camera_key() of the picture
  std::string json;    // to_json(): kept whole
  int files = 1;       // of its capture, that were analysed
  std::string panel;   // of its mission, as panel_of_image() gave it
  std::vector<StoredProduct> products;
  std::int64_t job = 0;
};

/// The image is completed, its analysis, zones and products are these and no others. Returns the
/// keys of the products before, which are nobody's after the commit. kNotFound: the image was
/// removed meanwhile; nothing is to be written. kConflict: a file has come to its capture, or gone,
/// or another panel was marked.
Result<std::vector<std::string>> put_analysis(db::Session& session, const FinishedAnalysis& made,
                                              Instant now);

/// Why the analysis waits, of an image that is to be tried again: shown beside its status.
Result<void> put_wait_reason(db::Session& session, std::string_view image, std::string_view reason);

/// What a user said of all pictures of a camera; nothing said: nullopt.
Result<std::optional<std::string>> camera_bands(db::Session& session, std::string_view camera);
/// Remembers it (as parse_band_choice() reads it), or forgets it when `bands` is empty.
Result<void> set_camera_bands(db::Session& session, std::string_view camera, std::string_view bands,
                              Instant now);
/// The same for one image alone. kNotFound.
Result<void> set_image_bands(db::Session& session, std::string_view image, std::string_view bands);

}  // namespace vedette::imagery
