// Rows of the original crop platform become ours, each once: the ledger image_import says which
// were taken, also when they were removed here since. Used by `vedette import fields`; functions
// over a Session belong to the caller's transaction; all block on the database; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "imagery/intake.hpp"
#include "imagery/original_rows.hpp"

namespace vedette::imagery {

/// What was found of an image beside its row, stored already.
struct TakenOver {
  std::optional<TakenImage> file = {};
  /// Why there is none: a sentence for the page.
  std::string no_file = {};
  /// The picture that the original made of it, as a preview.
  std::optional<StoredProduct> preview = {};
  std::string s3_base = {};  // as row_of()
  /// Analysed here whatever the original made of it.
  bool is_to_analyze = false;
};

enum class TakeOver {
  kNew,
  kHere,       // it was taken over before
  kDuplicate,  // another image has the same bytes
};

Result<bool> is_taken_over(db::Session& session, std::string_view source_id);
/// How many rows of an original's database, that this database was made of, are not taken over.
Result<std::int64_t> count_left_over(db::Session& session);

/// Adds a mission under its id; one that is here stays as it is.
Result<void> take_over_mission(db::Session& session, const Mission& mission, Instant now);

/// The image under its id with position, figures and status, and the job that it waits for. But for
/// kNew, nobody names what was stored for it.
Result<TakeOver> take_over_image(db::Session& session, const OriginalImage& image,
                                 const TakenOver& found, Instant now);

}  // namespace vedette::imagery
