// Files that are the bands of one shot, as rows: the first that was looked at leads, the others are
// its files, and lists show the leader alone. Used by the job that analyses. Functions over a
// Session belong to the caller's transaction; all block on the database; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "db/database.hpp"

namespace vedette::imagery {

struct CaptureFile {
  std::string image;
  std::string blob_key;
};

/// Makes the image one of its capture (imagery/capture.hpp, capture_key()), and returns the id of
/// the one that leads: itself, if it is the first. kConflict: another one became the leader at the
/// same moment; do it again in a new transaction.
Result<std::string> join_capture(db::Session& session, std::string_view image, std::string_view key,
                                 std::optional<int> rig_index);

/// The leader's files in the order of the rig, its own among them.
Result<std::vector<CaptureFile>> capture_files(db::Session& session, std::string_view lead);

/// Another file has come to the leader, or one has gone: it is analysed again, unless that is yet
/// to be. One that is being analysed notices at its end (put_analysis).
Result<void> capture_changed(db::Session& session, std::string_view lead);

/// The image is a file of another one, which is analysed with it: nothing else is to be done.
/// kNotFound: it was removed.
Result<void> complete_as_part(db::Session& session, std::string_view image, std::string_view lead);

}  // namespace vedette::imagery
