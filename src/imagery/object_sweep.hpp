// Originals and products that no row names: of uploads whose client went away at the wrong moment,
// of attempts that were killed, of images that were removed while the store was away. Called by the
// keeper; blocks on store and database; any thread.
#pragma once

#include <cstdint>
#include <stop_token>

#include "base/error.hpp"
#include "base/time.hpp"
#include "work/loop.hpp"

namespace vedette {
class Clock;
}
namespace vedette::blob {
class Store;
}
namespace vedette::db {
class Database;
}

namespace vedette::imagery {

/// Removes those stored longer than `age` ago: a younger one may be waiting for its row. How many.
/// kConflict, with nothing removed: the originals there look like those of another database (an
/// empty one was named by mistake, or an old backup), which would be gone for good.
Result<std::int64_t> sweep_objects(db::Database& database, blob::Store& blobs, Micros age,
                                   Instant now, const std::stop_token& stop = {});

/// Gives up uploads in parts that nobody has gone on with since then. How many.
Result<std::int64_t> sweep_uploads(db::Database& database, blob::Store& blobs, Instant before,
                                   const std::stop_token& stop = {});

struct SweepTimes {
  Micros every{};
  Micros age{};
};

/// The keeper's loop; also forgets what was removed long ago.
work::LoopSpec image_sweep_loop(db::Database& database, blob::Store& blobs, SweepTimes times,
                                const Clock& clock);

}  // namespace vedette::imagery
