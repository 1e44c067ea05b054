#include "db/sqlite/sqlite_wire.hpp"

#include <poll.h>

#include <algorithm>

namespace vedette::db {
namespace {

constexpr auto kPollEvery = std::chrono::milliseconds(100);

std::optional<std::int64_t> data_version(Connection& connection) {
  const auto rows = connection.query("PRAGMA data_version", {});
  if (!rows || rows->empty()) return std::nullopt;
  return rows->scalar<std::int64_t>();
}

}  // namespace

NoticeWire::Heard SqliteWire::listen(int wake_fd, SteadyTime until,
                                     const std::stop_token& /*stop*/) {
  const auto now = std::chrono::steady_clock::now();
  const auto pause = std::chrono::ceil<std::chrono::milliseconds>(
      std::clamp<SteadyTime::duration>(until - now, SteadyTime::duration::zero(), kPollEvery));
  pollfd wake{wake_fd, POLLIN, 0};
  poll(&wake, 1, static_cast<int>(pause.count()));
  return {{}, others_committed()};
}

// Asks for the writer only after somebody has committed, and does not wait for it: a transaction in
// progress is asked about at the next poll.
std::optional<std::int64_t> SqliteWire::writers_view() {
  const auto lease = writers_->acquire(
      std::chrono::steady_clock::now() + std::chrono::milliseconds(20), std::stop_token());
  if (!lease) return std::nullopt;
  return data_version(**lease);
}

bool SqliteWire::others_committed() {
  if (!watch_) {
    auto connection = connect_();
    if (!connection) return false;
    watch_ = std::move(*connection);
    seen_ = data_version(*watch_);
    writer_seen_ = writers_view();
    return true;  // what happened since the subscription is unknown
  }
  const auto version = data_version(*watch_);
  if (!version || version == seen_) return false;
  const auto writers = writers_view();
  if (!writers) return false;
  seen_ = version;
  const bool is_foreign = writers != writer_seen_;
  writer_seen_ = writers;
  return is_foreign;
}

}  // namespace vedette::db
