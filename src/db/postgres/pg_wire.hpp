// Notices between processes over LISTEN and NOTIFY, on a connection of their own that comes back by
// itself. Internal to db/postgres; used by the notice thread alone. It also notices first when the
// server goes away, and when it is back.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "db/backend.hpp"
#include "db/postgres/pg_gate.hpp"

namespace vedette::db {

class PgWire final : public NoticeWire {
 public:
  explicit PgWire(PgGate& gate) : gate_(&gate) {}
  Heard listen(int wake_fd, SteadyTime until, const std::stop_token& stop) override;
  void send(std::span<const Notice> notices) override;

 private:
  bool reconnect(const std::stop_token& stop);
  void drop(const PgFailure& failure);
  void take_notices(Heard& heard);
  void flush();
  void measure_size();

  PgGate* gate_;
  std::unique_ptr<PgLink> link_;
  std::set<std::string> unsent_;  // "channel\npayload"
  int failures_ = 0;
  SteadyTime next_try_;
  SteadyTime next_measure_;
};

}  // namespace vedette::db
