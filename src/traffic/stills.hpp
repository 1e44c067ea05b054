// The last picture of a counted recording, as an object: stored first, named by the result's row
// second, swept when no row names it any more. Used by the job that counts, the snapshot's handler
// and the keeper; blocks on the store. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"

namespace vedette::blob {
class Store;
}
namespace vedette::db {
class Database;
}

namespace vedette::traffic {

/// Stores a JPEG under a key made of its content, which it returns: "stills/9f/9f86d0....jpg".
Result<std::string> put_still(blob::Store& blobs, std::string jpeg, const std::stop_token& stop);

/// The JPEG; nothing when the object is not there (another machine's folder, deleted by hand).
Result<std::optional<std::string>> read_still(blob::Store& blobs, std::string_view key);

/// Removes stills that no result names, of those stored longer than `age` ago: a younger one may be
/// waiting for its row. How many.
Result<std::int64_t> sweep_stills(db::Database& database, blob::Store& blobs, Micros age,
                                  Instant now, const std::stop_token& stop = {});

}  // namespace vedette::traffic
