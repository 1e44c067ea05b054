// One libpq connection whose every wait has an end. Internal to db/postgres; used by one thread at
// a time. Session settings (time zone, search path, timeouts) are made on connecting.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "db/postgres/pg_address.hpp"
#include "db/postgres/pg_error.hpp"
#include "db/postgres/pg_params.hpp"
#include "db/postgres/pg_values.hpp"

struct pg_conn;
struct pg_result;

namespace vedette::db {

struct ClearResult {
  void operator()(pg_result* result) const;
};
using PgResult = std::unique_ptr<pg_result, ClearResult>;

class PgLink {
 public:
  /// Connects within connect_timeout, or until stopped.
  static Result<std::unique_ptr<PgLink>> connect(const PgAddress& address,
                                                 const DatabaseOptions& options,
                                                 const std::stop_token& stop);
  ~PgLink();
  PgLink(const PgLink&) = delete;
  PgLink& operator=(const PgLink&) = delete;

  /// How long the server may stay silent on one statement; 0 for no limit. The server's own
  /// statement_timeout is shorter, so this ends only connections to a frozen or vanished server.
  void set_patience(Micros patience) { patience_ = patience; }

  /// Runs one or several statements as text; the last one's result.
  PgOutcome<PgResult> run(std::string_view sql);
  /// The same, for one statement with parameters that is not worth preparing.
  PgOutcome<PgResult> run(std::string_view sql, const PgParams& params);
  PgOutcome<PgResult> prepare(const std::string& name, std::string_view sql,
                              const PgParams& params);
  PgOutcome<PgResult> describe(const std::string& name);
  /// With `first` ("BEGIN ...") that statement goes ahead in the same round trip.
  PgOutcome<PgResult> run_prepared(const std::string& name, const PgParams& params, bool binary,
                                   std::string_view sql, const std::string& first);
  /// Sends rows by COPY ... FROM STDIN: `next` appends text to its buffer until it returns false.
  PgOutcome<PgResult> copy_in(const std::string& sql,
                              const std::function<bool(std::string& buffer)>& next);

  /// Sends a statement whose answer is awaited only before the next one.
  PgOutcome<void> send_without_waiting(const std::string& sql);

  pg_conn* connection() const { return connection_.get(); }
  const std::string& place() const { return place_; }
  std::string server_version() const;
  /// Takes in what the server sent on its own; false when the connection is gone.
  bool take_input();

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  PgLink(std::unique_ptr<pg_conn, Finish> connection, std::string place)
      : connection_(std::move(connection)), place_(std::move(place)) {}

  void start_clock();
  PgOutcome<void> settle();
  PgOutcome<void> wait(short events);
  PgOutcome<void> flush();
  PgOutcome<PgResult> next_result();
  PgOutcome<PgResult> last_result(std::string_view sql);
  PgOutcome<PgResult> piped_result(std::string_view sql);
  PgOutcome<PgResult> checked(PgResult result, std::string_view sql);
  std::unexpected<PgFailure> lost();

  std::unique_ptr<pg_conn, Finish> connection_;
  const std::string place_;
  Micros patience_{0};
  SteadyTime answer_due_;
  bool is_answer_pending_ = false;
};

}  // namespace vedette::db
