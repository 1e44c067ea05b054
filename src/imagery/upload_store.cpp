#include "imagery/upload_store.hpp"

#include <fmt/format.h>

#include "imagery/image_store.hpp"

namespace vedette::imagery {
namespace {

std::unexpected<Error> no_upload(std::string_view id) {
  return fail(ErrorCode::kNotFound,
              fmt::format("There is no upload '{}': it was never begun, ended long ago, or was "
                          "given up. Begin it anew.",
                          id.substr(0, 64)));
}

}  // namespace

Result<void> add_upload(db::Session& session, const PartialUpload& upload, Instant now) {
  VEDETTE_CHECK(session.execute(
      "INSERT INTO image_upload (id, name, size, received, gps, mission_id, created_at, "
      "updated_at) VALUES ($1, $2, $3, 0, $4, $5, $6, $6)",
      {upload.id, upload.name, upload.size, upload.gps, upload.mission, now}));
  return {};
}

Result<std::optional<PartialUpload>> find_upload(db::Session& session, std::string_view id) {
  if (!is_image_id(id)) return std::nullopt;
  VEDETTE_TRY(rows, session.query("SELECT name, size, received, gps, mission_id, image_id FROM "
                                  "image_upload WHERE id = $1",
                                  {id}));
  if (rows.empty()) return std::nullopt;
  const db::Row row = rows.front();
  return PartialUpload{.id = std::string(id),
                       .name = row.get<std::string>(0),
                       .size = row.get<std::int64_t>(1),
                       .received = row.get<std::int64_t>(2),
                       .gps = row.get<std::string>(3),
                       .mission = row.get<std::optional<std::string>>(4),
                       .image = row.get<std::optional<std::string>>(5)};
}

Result<void> add_part(db::Session& session, std::string_view upload, const UploadPart& part,
                      Instant now) {
  VEDETTE_TRY(changed, session.execute("UPDATE image_upload SET received = $3, updated_at = $4 "
                                       "WHERE id = $1 AND received = $2 AND image_id IS NULL",
                                       {upload, part.start, part.start + part.size, now}));
  if (changed == 0) {
    return fail(
        ErrorCode::kConflict,
        "Another part of this upload has come meanwhile; ask where it is, and go on there.");
  }
  VEDETTE_CHECK(session.execute(
      "INSERT INTO image_upload_part (upload_id, start, size, blob_key) VALUES ($1, $2, $3, $4)",
      {upload, part.start, part.size, part.blob_key}));
  return {};
}

Result<std::vector<UploadPart>> upload_parts(db::Session& session, std::string_view id) {
  VEDETTE_TRY(rows, session.query("SELECT start, size, blob_key FROM image_upload_part WHERE "
                                  "upload_id = $1 ORDER BY start",
                                  {id}));
  std::vector<UploadPart> parts;
  for (const db::Row row : rows) {
    parts.push_back({row.get<std::int64_t>(0), row.get<std::int64_t>(1), row.get<std::string>(2)});
  }
  return parts;
}

Result<std::vector<std::string>> end_upload(db::Session& session, std::string_view id,
                                            std::string_view image) {
  VEDETTE_TRY(parts, upload_parts(session, id));
  VEDETTE_TRY(changed,
              session.execute("UPDATE image_upload SET image_id = $2 WHERE id = $1", {id, image}));
  if (changed == 0) return no_upload(id);
  VEDETTE_CHECK(session.execute("DELETE FROM image_upload_part WHERE upload_id = $1", {id}));
  std::vector<std::string> keys;
  for (UploadPart& part : parts) keys.push_back(std::move(part.blob_key));
  return keys;
}

Result<std::vector<std::string>> remove_upload(db::Session& session, std::string_view id) {
  if (!is_image_id(id)) return no_upload(id);
  VEDETTE_TRY(parts, upload_parts(session, id));
  VEDETTE_TRY(removed, session.execute("DELETE FROM image_upload WHERE id = $1", {id}));
  if (removed == 0) return no_upload(id);
  std::vector<std::string> keys;
  for (UploadPart& part : parts) keys.push_back(std::move(part.blob_key));
  return keys;
}

Result<std::vector<std::string>> stale_uploads(db::Session& session, Instant before) {
  VEDETTE_TRY(rows, session.query("SELECT id FROM image_upload WHERE updated_at < $1 ORDER BY "
                                  "updated_at LIMIT 1000",
                                  {before}));
  std::vector<std::string> ids;
  for (const db::Row row : rows) ids.push_back(row.get<std::string>(0));
  return ids;
}

}  // namespace vedette::imagery
