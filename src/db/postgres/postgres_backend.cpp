#include "db/postgres/postgres_backend.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include "db/postgres/pg_connection.hpp"
#include "db/postgres/pg_gate.hpp"
#include "db/postgres/pg_wire.hpp"

namespace vedette::db {
namespace {

constexpr int kOldestServer = 14;  // date_bin

class PostgresBackend final : public Backend {
 public:
  PostgresBackend(PgAddress address, const DatabaseOptions& options)
      : gate_(std::move(address), options) {}

  Dialect dialect() const override { return Dialect::kPostgres; }

  Result<std::unique_ptr<Connection>> connect(bool, const std::stop_token& stop) override {
    auto link = gate_.connect(stop);
    if (!link) return fail(std::move(link.error()));
    return std::make_unique<PgConnection>(std::move(*link), gate_.options());
  }

  Result<void> check(Connection& reader) override;

  std::unique_ptr<NoticeWire> wire(Pool& /*writers*/) override {
    return std::make_unique<PgWire>(gate_);
  }

  void report_success(bool was_write) override { gate_.health().report_success(was_write); }
  void report_failure(const Error& error, bool was_write) override {
    // Of a lost connection the gate knows more.
    if (was_write || error.code == ErrorCode::kCorrupt) gate_.health().report_trouble(error);
  }

  void describe(DatabaseState& state) const override {
    gate_.health().describe(state);
    state.address = gate_.address().url;
  }

 private:
  PgGate gate_;
};

Result<void> PostgresBackend::check(Connection& reader) {
  const std::string& place = gate_.address().place;
  VEDETTE_CHECK(reader.begin(
      {.deadline = std::chrono::steady_clock::now() + gate_.options().busy_timeout, .stop = {}}));
  VEDETTE_TRY(rows, reader.query("SELECT current_setting('server_version_num')::int AS version,"
                                 " current_setting('server_encoding') AS encoding,"
                                 " current_setting('integer_datetimes') AS datetimes,"
                                 " current_setting('TimeZone') AS zone,"
                                 " pg_is_in_recovery() AS standby,"
                                 " has_database_privilege(current_database(), 'CREATE') AS owner",
                                 {}));
  const Row row = rows.front();
  if (row.get<int>("version") / 10'000 < kOldestServer) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("PostgreSQL at {} is version {}. Upgrade it to {} or newer.", place,
                            row.get<int>("version") / 10'000, kOldestServer));
  }
  if (row.get<std::string_view>("encoding") != "UTF8") {
    return fail(ErrorCode::kUnavailable,
                fmt::format("The database at {} is encoded in {}. Make a new one with ENCODING "
                            "'UTF8'.",
                            place, row.get<std::string_view>("encoding")));
  }
  if (row.get<std::string_view>("datetimes") != "on" ||
      row.get<std::string_view>("zone") != "UTC") {
    return fail(ErrorCode::kUnavailable,
                fmt::format("PostgreSQL at {} does not keep times in UTC microseconds for this "
                            "program. Remove settings that force another time zone.",
                            place));
  }
  if (row.get<bool>("standby")) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("PostgreSQL at {} is a standby and read-only. Give the address of the "
                            "primary server.",
                            place));
  }
  if (!row.get<bool>("owner")) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("The database user may not create schemas at {}. Make it the owner of "
                            "the database.",
                            place));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Backend>> open_postgres(const DatabaseOptions& options) {
  auto address = read_pg_address(options);
  if (!address) return fail(std::move(address.error()));
  return std::make_unique<PostgresBackend>(std::move(*address), options);
}

}  // namespace vedette::db
