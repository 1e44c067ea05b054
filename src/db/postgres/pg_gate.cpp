#include "db/postgres/pg_gate.hpp"

#include <algorithm>
#include <random>

namespace vedette::db {
namespace {

// 100 to 200 ms, doubling up to 2 s.
Micros pause_after(int failures) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto top = std::min<std::int64_t>(2'000'000, 100'000LL << std::min(failures, 5));
  return Micros(std::uniform_int_distribution<std::int64_t>(top / 2, top)(random));
}

}  // namespace

Result<std::unique_ptr<PgLink>> PgGate::connect(const std::stop_token& stop, bool is_patient) {
  {
    const std::lock_guard lock(pause_mutex_);
    const bool is_away = failures_ > 0;
    if (is_away && !is_patient && (is_trying_ || std::chrono::steady_clock::now() < next_try_)) {
      return fail(*last_error_);
    }
    is_trying_ = true;
  }
  auto link = PgLink::connect(address_, options_, stop);
  const std::lock_guard lock(pause_mutex_);
  is_trying_ = false;
  if (link) {
    failures_ = 0;
    health_.up((*link)->server_version());
    return link;
  }
  if (link.error().code == ErrorCode::kCancelled) return link;
  ++failures_;
  next_try_ = std::chrono::steady_clock::now() + pause_after(failures_);
  last_error_ = link.error();
  health_.down(link.error().message);
  return link;
}

}  // namespace vedette::db
