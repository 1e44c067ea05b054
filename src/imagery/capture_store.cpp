#include "imagery/capture_store.hpp"

#include <fmt/format.h>

#include "imagery/image_store.hpp"
#include "imagery/tables.hpp"
#include "work/job_queue.hpp"

namespace vedette::imagery {

Result<std::string> join_capture(db::Session& session, std::string_view image, std::string_view key,
                                 std::optional<int> rig_index) {
  VEDETTE_TRY(leads, session.query("SELECT id FROM images WHERE capture_key = $1 AND capture_of IS "
                                   "NULL AND id <> $2",
                                   {key, image}));
  std::optional<std::string> lead;
  if (!leads.empty()) lead = leads.scalar<std::string>();
  // A unique index lets one leader be for each key.
  VEDETTE_CHECK(session.execute(
      "UPDATE images SET capture_key = $2, capture_of = $3, rig_index = $4 WHERE id = $1",
      {image, key, lead, rig_index}));
  return lead.value_or(std::string(image));
}

Result<std::vector<CaptureFile>> capture_files(db::Session& session, std::string_view lead) {
  VEDETTE_TRY(rows,
              session.query("SELECT id, blob_key FROM images WHERE id = $1 OR capture_of = $1 "
                            "ORDER BY rig_index, id",
                            {lead}));
  std::vector<CaptureFile> files;
  for (const db::Row row : rows) {
    files.push_back(
        {row.get<std::string>(0), row.get<std::optional<std::string>>(1).value_or(std::string())});
  }
  return files;
}

// The leader's job before its row, as its worker writes them.
Result<void> capture_changed(db::Session& session, std::string_view lead) {
  VEDETTE_TRY(known, session.query("SELECT job_id FROM images WHERE id = $1", {lead}));
  if (known.empty()) return {};
  const auto job_id = known.front().get<std::optional<std::int64_t>>(0);
  if (job_id && session.dialect() == db::Dialect::kPostgres) {
    VEDETTE_CHECK(session.query("SELECT 1 FROM job WHERE id = $1 FOR UPDATE", {*job_id}));
  }
  VEDETTE_CHECK(
      session.execute(fmt::format("UPDATE images SET updated_at = {}, revision = {} "
                                  "WHERE id = $1",
                                  db::now_sql(session.dialect()), revision_sql(session.dialect())),
                      {lead}));
  session.notify(kImagesChannel);
  if (!job_id) return {};
  VEDETTE_TRY(job, work::job(session, *job_id));
  if (!job || !work::has_ended(job->state)) return {};
  return work::retry_job(session, *job_id);
}

Result<void> complete_as_part(db::Session& session, std::string_view image, std::string_view lead) {
  VEDETTE_TRY(
      changed,
      session.execute(fmt::format("UPDATE images SET processing_status = 'completed', "
                                  "processed_at = {0}, error = NULL, updated_at = {0}, "
                                  "revision = {1} WHERE id = $1",
                                  db::now_sql(session.dialect()), revision_sql(session.dialect())),
                      {image}));
  if (changed == 0) {
    return fail(ErrorCode::kNotFound, "The image was removed while it was looked at.");
  }
  return capture_changed(session, lead);
}

}  // namespace vedette::imagery
