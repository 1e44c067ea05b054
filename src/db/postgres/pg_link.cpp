#include "db/postgres/pg_link.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>

#include "base/log.hpp"

namespace vedette::db {
namespace {

constexpr auto kSlice = std::chrono::milliseconds(100);  // between looks at the stop token
constexpr std::size_t kCopyChunk = 64U << 10U;

int milliseconds_until(SteadyTime due) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(due - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

// UTC and ISO dates make text results readable in one way; the schemas need not exist yet.
std::string session_settings(const DatabaseOptions& options) {
  const auto ms = [](Micros time) {
    return std::chrono::ceil<std::chrono::milliseconds>(time).count();
  };
  return fmt::format(
      "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET bytea_output = 'hex';"
      "SET search_path = vedette, mart, public; SET standard_conforming_strings = on;"
      "SET statement_timeout = {}; SET lock_timeout = {};"
      "SET idle_in_transaction_session_timeout = {}",
      ms(options.statement_timeout), ms(options.busy_timeout),
      ms(options.idle_transaction_timeout));
}

void log_notice(void*, const PGresult* result) {
  const char* text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (text != nullptr) log::debug("db", "PostgreSQL says: {}", text);
}

}  // namespace

void ClearResult::operator()(pg_result* result) const {
  PQclear(result);
}

void PgLink::Finish::operator()(pg_conn* connection) const {
  PQfinish(connection);
}

PgLink::~PgLink() = default;

Result<std::unique_ptr<PgLink>> PgLink::connect(const PgAddress& address,
                                                const DatabaseOptions& options,
                                                const std::stop_token& stop) {
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : address.keywords) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  std::unique_ptr<pg_conn, Finish> raw(PQconnectStartParams(names.data(), values.data(), 0));
  if (!raw) return fail(ErrorCode::kUnavailable, "There is not enough memory for the database.");

  const auto due = std::chrono::steady_clock::now() + options.connect_timeout;
  auto step = PQstatus(raw.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (step != PGRES_POLLING_OK) {
    if (step == PGRES_POLLING_FAILED) {
      return fail(pg_unreachable(PQerrorMessage(raw.get()), address.place));
    }
    if (stop.stop_requested()) {
      return fail(ErrorCode::kCancelled, "Stopped while waiting for the database.");
    }
    if (std::chrono::steady_clock::now() >= due) {
      return fail(pg_unreachable("no answer in time", address.place));
    }
    pollfd ready{PQsocket(raw.get()),
                 static_cast<short>(step == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    const int pause = std::min(milliseconds_until(due), static_cast<int>(kSlice.count()));
    if (poll(&ready, 1, pause) > 0) step = PQconnectPoll(raw.get());
  }
  PQsetnonblocking(raw.get(), 1);
  PQsetNoticeReceiver(raw.get(), log_notice, nullptr);
  std::unique_ptr<PgLink> link(new PgLink(std::move(raw), address.place));
  link->set_patience(options.connect_timeout);
  const auto set = link->run(session_settings(options));
  if (!set) return fail(set.error().error);
  return link;
}

std::string PgLink::server_version() const {
  const int number = PQserverVersion(connection_.get());
  return fmt::format("{}.{}", number / 10'000, number % 10'000);
}

void PgLink::start_clock() {
  answer_due_ =
      patience_.count() > 0 ? std::chrono::steady_clock::now() + patience_ : SteadyTime::max();
}

std::unexpected<PgFailure> PgLink::lost() {
  return std::unexpected(pg_lost(PQerrorMessage(connection_.get()), place_));
}

PgOutcome<void> PgLink::wait(short events) {
  pollfd ready{PQsocket(connection_.get()), events, 0};
  const int pause = answer_due_ == SteadyTime::max() ? -1 : milliseconds_until(answer_due_);
  const int found = poll(&ready, 1, pause);
  if (found == 0 && std::chrono::steady_clock::now() >= answer_due_) {
    return std::unexpected(pg_silent(place_));
  }
  return {};
}

PgOutcome<void> PgLink::flush() {
  for (;;) {
    const int left = PQflush(connection_.get());
    if (left == 0) return {};
    if (left < 0) return lost();
    if (auto waited = wait(POLLIN | POLLOUT); !waited) return waited;
    // The server may be waiting for us to read before it reads on.
    if (PQconsumeInput(connection_.get()) == 0) return lost();
  }
}

PgOutcome<PgResult> PgLink::next_result() {
  while (PQisBusy(connection_.get()) != 0) {
    if (auto waited = wait(POLLIN); !waited) return std::unexpected(std::move(waited.error()));
    if (PQconsumeInput(connection_.get()) == 0 && PQisBusy(connection_.get()) != 0) return lost();
  }
  return PgResult(PQgetResult(connection_.get()));
}

PgOutcome<PgResult> PgLink::checked(PgResult result, std::string_view sql) {
  switch (PQresultStatus(result.get())) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_COPY_IN:
    case PGRES_PIPELINE_SYNC:
    case PGRES_EMPTY_QUERY:
      return result;
    default:
      break;
  }
  const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
  if (state == nullptr || message == nullptr) {
    const char* text = PQresultErrorMessage(result.get());
    if (PQstatus(connection_.get()) == CONNECTION_BAD) {
      return std::unexpected(pg_lost(text, place_));
    }
    return std::unexpected(pg_failure("XX000", text, sql, place_));
  }
  PgFailure failure = pg_failure(state, message, sql, place_);
  if (PQstatus(connection_.get()) == CONNECTION_BAD) failure.fault = Fault::kLost;
  return std::unexpected(std::move(failure));
}

// Takes every result up to the end of the command; the first error counts, else the last result.
PgOutcome<PgResult> PgLink::last_result(std::string_view sql) {
  PgOutcome<PgResult> kept = PgResult();
  for (;;) {
    auto result = next_result();
    if (!result) return result;
    if (!*result) return kept;
    const bool is_copy = PQresultStatus(result->get()) == PGRES_COPY_IN;
    if (kept) kept = checked(std::move(*result), sql);
    if (is_copy || PQstatus(connection_.get()) == CONNECTION_BAD) return kept;
  }
}

PgOutcome<void> PgLink::settle() {
  if (!is_answer_pending_) return {};
  is_answer_pending_ = false;
  auto answer = last_result("the statement before");
  if (!answer) return std::unexpected(std::move(answer.error()));
  return {};
}

PgOutcome<PgResult> PgLink::run(std::string_view sql) {
  start_clock();
  if (auto settled = settle(); !settled) return std::unexpected(std::move(settled.error()));
  if (PQsendQuery(connection_.get(), std::string(sql).c_str()) == 0) return lost();
  if (auto sent = flush(); !sent) return std::unexpected(std::move(sent.error()));
  return last_result(sql);
}

PgOutcome<PgResult> PgLink::run(std::string_view sql, const PgParams& params) {
  start_clock();
  if (auto settled = settle(); !settled) return std::unexpected(std::move(settled.error()));
  if (PQsendQueryParams(connection_.get(), std::string(sql).c_str(), params.count(), params.types(),
                        params.values(), params.lengths(), params.formats(), 0) == 0) {
    return lost();
  }
  if (auto sent = flush(); !sent) return std::unexpected(std::move(sent.error()));
  return last_result(sql);
}

PgOutcome<void> PgLink::send_without_waiting(const std::string& sql) {
  start_clock();
  if (auto settled = settle(); !settled) return settled;
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) return lost();
  is_answer_pending_ = true;
  return flush();
}

PgOutcome<PgResult> PgLink::prepare(const std::string& name, std::string_view sql,
                                    const PgParams& params) {
  start_clock();
  if (auto settled = settle(); !settled) return std::unexpected(std::move(settled.error()));
  if (PQsendPrepare(connection_.get(), name.c_str(), std::string(sql).c_str(), params.count(),
                    params.types()) == 0) {
    return lost();
  }
  if (auto sent = flush(); !sent) return std::unexpected(std::move(sent.error()));
  return last_result(sql);
}

PgOutcome<PgResult> PgLink::describe(const std::string& name) {
  start_clock();
  if (PQsendDescribePrepared(connection_.get(), name.c_str()) == 0) return lost();
  if (auto sent = flush(); !sent) return std::unexpected(std::move(sent.error()));
  return last_result(name);
}

// In a pipeline each statement's results end with a null of its own.
PgOutcome<PgResult> PgLink::piped_result(std::string_view sql) {
  auto result = next_result();
  if (!result) return result;
  if (!*result) return lost();
  const bool is_sync = PQresultStatus(result->get()) == PGRES_PIPELINE_SYNC;
  auto outcome = checked(std::move(*result), sql);
  if (is_sync || PQstatus(connection_.get()) == CONNECTION_BAD) return outcome;
  if (auto end = next_result(); !end) return end;
  return outcome;
}

PgOutcome<PgResult> PgLink::run_prepared(const std::string& name, const PgParams& params,
                                         bool binary, std::string_view sql,
                                         const std::string& first) {
  start_clock();
  if (auto settled = settle(); !settled) return std::unexpected(std::move(settled.error()));
  PGconn* connection = connection_.get();
  const auto send = [&] {
    return PQsendQueryPrepared(connection, name.c_str(), params.count(), params.values(),
                               params.lengths(), params.formats(), binary ? 1 : 0) == 1;
  };
  if (first.empty()) {
    if (!send()) return lost();
    if (auto sent = flush(); !sent) return std::unexpected(std::move(sent.error()));
    return last_result(sql);
  }
  if (PQenterPipelineMode(connection) == 0 ||
      PQsendQueryParams(connection, first.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 0 ||
      !send() || PQpipelineSync(connection) == 0) {
    return lost();
  }
  if (auto sent = flush(); !sent) return std::unexpected(std::move(sent.error()));
  auto began = piped_result(first);
  if (!began && began.error().fault == Fault::kLost) return began;
  auto result = piped_result(sql);
  if (!result && result.error().fault == Fault::kLost) return result;
  if (auto synced = piped_result(sql); !synced) return synced;
  if (PQexitPipelineMode(connection) == 0) return lost();
  if (!began) return began;
  return result;
}

PgOutcome<PgResult> PgLink::copy_in(const std::string& sql,
                                    const std::function<bool(std::string&)>& next) {
  auto started = run(sql);
  if (!started) return started;
  std::string buffer;
  bool has_more = true;
  while (has_more) {
    has_more = next(buffer);
    if (has_more && buffer.size() < kCopyChunk) continue;
    start_clock();
    for (;;) {
      const int put =
          PQputCopyData(connection_.get(), buffer.data(), static_cast<int>(buffer.size()));
      if (put < 0) return lost();
      if (put == 1) break;
      if (auto sent = flush(); !sent) return std::unexpected(std::move(sent.error()));
    }
    buffer.clear();
    if (auto sent = flush(); !sent) return std::unexpected(std::move(sent.error()));
  }
  start_clock();
  while (true) {
    const int ended = PQputCopyEnd(connection_.get(), nullptr);
    if (ended < 0) return lost();
    if (ended == 1) break;
    if (auto sent = flush(); !sent) return std::unexpected(std::move(sent.error()));
  }
  if (auto sent = flush(); !sent) return std::unexpected(std::move(sent.error()));
  return last_result(sql);
}

bool PgLink::take_input() {
  return PQconsumeInput(connection_.get()) == 1 && PQstatus(connection_.get()) == CONNECTION_OK;
}

}  // namespace vedette::db
