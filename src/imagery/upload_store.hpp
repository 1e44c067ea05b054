// Uploads that come in parts and may be interrupted for days (tus): how much is here, and under
// which keys. Parts are objects first and rows second, so that any process takes the next one and a
// crash loses at most the part that was on its way. Called by the API and the sweep; functions over
// a Session belong to the caller's transaction; all block on the database; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "db/database.hpp"

namespace vedette::imagery {

struct PartialUpload {
  std::string id;
  std::string name;  // the sender's, clean
  std::int64_t size = 0;
  std::int64_t received = 0;
  std::string gps;  // JSON as it was sent; empty: none
  std::optional<std::string> mission;
  std::optional<std::string> image;  // what became of it, once it is whole
};

struct UploadPart {
  std::int64_t start = 0;
  std::int64_t size = 0;
  std::string blob_key;
};

Result<void> add_upload(db::Session& session, const PartialUpload& upload, Instant now);
Result<std::optional<PartialUpload>> find_upload(db::Session& session, std::string_view id);
/// What was stored under that key is the next part. kConflict: the upload is at another place by
/// now, or gone; the object is nobody's.
Result<void> add_part(db::Session& session, std::string_view upload, const UploadPart& part,
                      Instant now);
/// In order.
Result<std::vector<UploadPart>> upload_parts(db::Session& session, std::string_view id);
/// It became this image; returns the keys of its parts, which are nobody's then.
Result<std::vector<std::string>> end_upload(db::Session& session, std::string_view id,
                                            std::string_view image);
/// Forgets it; returns the keys of its parts. kNotFound.
Result<std::vector<std::string>> remove_upload(db::Session& session, std::string_view id);
/// The ids of those that nobody has gone on with since then, at most 1,000.
Result<std::vector<std::string>> stale_uploads(db::Session& session, Instant before);

}  // namespace vedette::imagery
