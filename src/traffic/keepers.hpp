// The keeper's loops for traffic: roll-up and retention. Each runs once per deployment.
#pragma once

#include "base/time.hpp"
#include "traffic/retention.hpp"
#include "work/loop.hpp"

namespace vedette::blob {
class Store;
}
namespace vedette::db {
class Database;
}

namespace vedette::traffic {

/// Counts new rows into the history, `every` so often.
work::LoopSpec rollup_loop(db::Database& database, Micros every);

/// Deletes what is older than `retention`, once an hour.
work::LoopSpec retention_loop(db::Database& database, blob::Store& blobs, Retention retention,
                              const Clock& clock);

}  // namespace vedette::traffic
