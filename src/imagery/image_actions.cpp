// What people do to images: try again, cancel, remove.
#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "imagery/capture_store.hpp"
#include "imagery/image_store.hpp"
#include "work/job_queue.hpp"

namespace vedette::imagery {
namespace {

std::unexpected<Error> no_image(std::string_view id) {
  return fail(ErrorCode::kNotFound,
              fmt::format("There is no image '{}'. GET /api/images lists them.", id.substr(0, 64)));
}

Result<std::optional<work::JobStatus>> job_of(db::Session& session, const Image& image) {
  if (!image.job) return std::nullopt;
  return work::job(session, *image.job);
}

Result<void> cancel_alive(db::Session& session, const std::optional<std::int64_t>& job_id) {
  if (!job_id) return {};
  VEDETTE_TRY(job, work::job(session, *job_id));
  if (!job || work::has_ended(job->state)) return {};
  auto cancelled = work::cancel_job(session, job->id);
  // It has ended since it was looked at: what was to be.
  if (!cancelled && cancelled.error().code != ErrorCode::kConflict) {
    return fail(std::move(cancelled.error()));
  }
  return {};
}

/// An image, or a file of its capture, as it is removed; adds the keys that are nobody's then.
Result<void> remove_rows(db::Session& session, std::string_view id,
                         const std::optional<std::string>& key, std::vector<std::string>& keys) {
  const db::Dialect dialect = session.dialect();
  if (key && !key->empty()) keys.push_back(*key);
  VEDETTE_TRY(made, products(session, id));
  for (const StoredProduct& product : made) keys.push_back(product.blob_key);
  // Before the row goes, which may have the largest number.
  VEDETTE_CHECK(session.execute(
      fmt::format("INSERT INTO image_removed (id, revision, removed_at) VALUES ($1, {}, {})",
                  revision_sql(dialect), db::now_sql(dialect)),
      {id}));
  VEDETTE_CHECK(session.execute("DELETE FROM images WHERE id = $1", {id}));
  return {};
}

}  // namespace

// Jobs before images, as workers write them, so that nobody waits for the other crosswise.
Result<void> retry_image(db::Session& session, std::string_view id) {
  VEDETTE_TRY(image, find_image(session, id));
  if (!image) return no_image(id);
  VEDETTE_TRY(job, job_of(session, *image));
  // One that waits after a failure is tried now.
  if (job && job->state != work::JobState::kFailed && !work::has_ended(job->state)) {
    return fail(ErrorCode::kConflict,
                fmt::format("'{}' {}; there is nothing to retry.", image->original_name,
                            job->state == work::JobState::kRunning ? "is being analysed"
                                                                   : "is waiting already"));
  }
  // Its job's row was kept for some weeks and is gone; an image of the original program had none.
  std::optional<std::int64_t> fresh;
  if (job) {
    VEDETTE_CHECK(work::retry_job(session, job->id));
  } else {
    VEDETTE_TRY(enqueued, enqueue_analysis(session, id));
    fresh = enqueued;
  }
  VEDETTE_TRY(
      changed,
      session.execute(fmt::format("UPDATE images SET processing_status = 'uploaded', "
                                  "error = NULL, job_id = coalesce($2::bigint, job_id), "
                                  "updated_at = {}, revision = {} WHERE id = $1",
                                  db::now_sql(session.dialect()), revision_sql(session.dialect())),
                      {id, fresh}));
  if (changed == 0) return no_image(id);
  session.notify(kImagesChannel);
  return {};
}

Result<void> cancel_image(db::Session& session, std::string_view id) {
  VEDETTE_TRY(image, find_image(session, id));
  if (!image) return no_image(id);
  VEDETTE_TRY(job, job_of(session, *image));
  if (!job || work::has_ended(job->state)) {
    return fail(ErrorCode::kConflict,
                fmt::format("'{}' is not being analysed ({}); there is nothing to cancel.",
                            image->original_name, name(image->status)));
  }
  VEDETTE_CHECK(work::cancel_job(session, job->id));
  session.notify(kImagesChannel);
  return {};
}

Result<std::vector<std::string>> remove_image(db::Session& session, std::string_view id) {
  VEDETTE_TRY(image, find_image(session, id));
  if (!image) return no_image(id);
  VEDETTE_TRY(parts, session.query("SELECT id, blob_key, job_id FROM images WHERE capture_of = $1 "
                                   "ORDER BY id",
                                   {id}));
  VEDETTE_CHECK(cancel_alive(session, image->job));
  for (const db::Row part : parts) {
    VEDETTE_CHECK(cancel_alive(session, part.get<std::optional<std::int64_t>>(2)));
  }
  // From here on nobody writes an analysis of it.
  VEDETTE_TRY(locked, session.execute("UPDATE images SET job_id = NULL WHERE id = $1", {id}));
  if (locked == 0) return no_image(id);
  std::vector<std::string> keys;
  for (const db::Row part : parts) {
    VEDETTE_CHECK(remove_rows(session, part.get<std::string>(0),
                              part.get<std::optional<std::string>>(1), keys));
  }
  VEDETTE_CHECK(remove_rows(session, id, image->blob_key, keys));
  if (image->capture_of) VEDETTE_CHECK(capture_changed(session, *image->capture_of));
  session.notify(kImagesChannel);
  return keys;
}

}  // namespace vedette::imagery
