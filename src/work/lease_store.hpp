// The SQL of leases: one atomic statement each to take, renew and give back. Used by the
// supervisor's database thread inside transactions that it opens; blocks on the database.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "db/database.hpp"
#include "work/lease.hpp"

namespace vedette::work {

/// Notices about leases given back, with the lease's name; without one when shares have changed.
constexpr std::string_view kLeaseChannel = "lease";

/// A lease's row as somebody sees it who would like to hold it.
struct LeaseView {
  std::string name;
  std::int64_t token = 0;
  std::optional<std::string> holder;  // nullopt: given back, or never held
  std::string process;
  Instant renewed_at{};
  Micros left{0};             // until it expires, on the database's clock
  bool is_in_future = false;  // renewed later than now: the database's clock was set back
  /// What the last holder brought to its end, LoopSpec::edition; since then nobody has held it.
  std::optional<std::string> finished_edition;
  std::optional<Instant> finished_at;
};

/// A holding just begun, and how the one before ended.
struct Claim {
  std::int64_t token = 0;
  std::optional<std::string> previous_holder;
  std::string previous_process;
  std::optional<Instant> previous_ended_at;
};

class LeaseStore {
 public:
  /// `holder` is fresh at each process start; `process` is host:pid.
  LeaseStore(std::string holder, std::string process, LeaseOptions options);

  /// The leases with these names that there are. One statement.
  static Result<std::vector<LeaseView>> look(db::Session& session,
                                             std::span<const std::string> names);

  /// Makes the row of a lease nobody has ever held.
  Result<void> introduce(db::Session& session, std::string_view name) const;

  /// Takes a lease that is free, has run out, or is still this holder's from before; nullopt when
  /// somebody else has it, or is at this moment writing under it, or when `edition` is finished.
  ///
  /// `unchanged` is for a database whose clock was set back, which would keep a dead holder's lease
  /// alive for as long: a view that has not changed for more than row_life() on the caller's own
  /// clock counts as run out, too.
  Result<std::optional<Claim>> claim(db::Session& session, std::string_view name,
                                     const LeaseView* unchanged,
                                     std::string_view edition = {}) const;

  /// False: the lease is no longer this holding's.
  Result<bool> renew(db::Session& session, std::string_view name, std::int64_t token) const;

  /// Gives it back and tells those who wait for it. Not having it any more is no error.
  /// `finished`: the edition that was brought to its end, which nobody will claim again.
  Result<void> release(db::Session& session, std::string_view name, std::int64_t token,
                       const std::string* finished = nullptr) const;

 private:
  Result<void> remember(db::Session& session, std::string_view name, const Claim& claim,
                        Instant acquired_at) const;

  std::string holder_;
  std::string process_;
  LeaseOptions options_;
};

}  // namespace vedette::work
