#include "db/postgres/pg_connection.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <bit>
#include <charconv>

namespace vedette::db {
namespace {

constexpr auto kGrace = std::chrono::seconds(3);  // the server ends a statement before we give up
constexpr std::size_t kMaxParams = 65'535;
constexpr std::size_t kMaxChunk = 512;
constexpr std::size_t kCopyFrom = 32;  // rows; fewer are quicker as prepared VALUES

std::int64_t changed_rows(const PGresult* result) {
  // A SELECT's tag counts rows too, but it changed none.
  if (std::string_view(PQcmdStatus(const_cast<PGresult*>(result))).starts_with("SELECT")) return 0;
  const std::string_view text = PQcmdTuples(const_cast<PGresult*>(result));
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

std::string column_list(const BulkInsert& rows) {
  std::string columns;
  for (const std::string& column : rows.columns()) {
    if (!columns.empty()) columns += ", ";
    columns += column;
  }
  return columns;
}

std::string values_sql(const BulkInsert& rows, std::size_t count) {
  std::string sql = fmt::format("INSERT INTO {} ({}) VALUES ", rows.table(), column_list(rows));
  std::size_t place = 0;
  for (std::size_t i = 0; i < count; ++i) {
    sql += i == 0 ? "(" : ", (";
    for (std::size_t j = 0; j < rows.columns().size(); ++j) {
      fmt::format_to(std::back_inserter(sql), "{}${}", j == 0 ? "" : ", ", ++place);
    }
    sql += ")";
  }
  return sql + " " + rows.conflict();
}

}  // namespace

void PgConnection::Dropped::operator()(Statement* statement) const {
  if (!statement->name.empty()) names->push_back(std::move(statement->name));
  delete statement;
}

PgConnection::PgConnection(std::unique_ptr<PgLink> link, const DatabaseOptions& options)
    : link_(std::move(link)),
      default_statement_timeout_(options.statement_timeout),
      max_answer_bytes_(options.max_answer_bytes),
      statements_(static_cast<std::size_t>(std::max(1, options.statement_cache))) {}

PgConnection::~PgConnection() = default;

std::unexpected<Error> PgConnection::failed(PgFailure failure) {
  fault_ = failure.fault;
  if (failure.is_stale_plan) {
    // Some may be gone from the server already; ALL closes whatever there is.
    statements_.clear();
    dropped_ = {"ALL"};
  }
  return fail(std::move(failure.error));
}

Micros PgConnection::patience_for(Micros statement_timeout) const {
  return statement_timeout.count() > 0 ? statement_timeout + kGrace : Micros(0);
}

Result<void> PgConnection::begin(const Begin& how) {
  fault_ = Fault::kNone;
  is_open_ = false;
  is_read_ = !how.write;
  const Micros timeout = how.statement_timeout.value_or(default_statement_timeout_);
  link_->set_patience(patience_for(timeout));
  if (!dropped_.empty()) {
    std::string sql;
    for (const std::string& name : dropped_) sql += "DEALLOCATE " + name + ";";
    dropped_.clear();
    if (auto closed = link_->run(sql); !closed) return failed(std::move(closed.error()));
  }
  if (!how.write) {
    begin_sql_ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
  } else {
    begin_sql_ = how.serializable ? "BEGIN ISOLATION LEVEL SERIALIZABLE"
                                  : "BEGIN ISOLATION LEVEL READ COMMITTED";
  }
  if (!how.statement_timeout) return {};
  VEDETTE_CHECK(begin_now());
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  auto set = link_->run(fmt::format("SET LOCAL statement_timeout = {}{}", ms,
                                    ms == 0 ? "; SET LOCAL lock_timeout = 0" : ""));
  if (!set) return failed(std::move(set.error()));
  return {};
}

Result<void> PgConnection::begin_now() {
  if (begin_sql_.empty()) return {};
  auto began = link_->run(begin_sql_);
  if (!began) return failed(std::move(began.error()));
  begin_sql_.clear();
  is_open_ = true;
  return {};
}

Result<void> PgConnection::commit() {
  begin_sql_.clear();
  if (!is_open_) return {};
  is_open_ = false;
  if (is_read_) {
    if (auto sent = link_->send_without_waiting("COMMIT"); !sent) {
      return failed(std::move(sent.error()));
    }
    return {};
  }
  auto committed = link_->run("COMMIT");
  if (!committed) return failed(std::move(committed.error()));
  return {};
}

void PgConnection::rollback() {
  begin_sql_.clear();
  if (fault_ == Fault::kLost) return;
  const auto status = PQtransactionStatus(link_->connection());
  is_open_ = false;
  if (status == PQTRANS_IDLE) return;
  if (status != PQTRANS_INTRANS && status != PQTRANS_INERROR) {
    fault_ = Fault::kLost;
    return;
  }
  const Fault kept = fault_;
  fault_ = link_->run("ROLLBACK") ? kept : Fault::kLost;
}

Result<const PgConnection::Statement*> PgConnection::prepare(std::string_view sql,
                                                             const PgParams& params,
                                                             const std::string& key) {
  if (const OwnedStatement* known = statements_.find(key)) return known->get();
  VEDETTE_CHECK(begin_now());
  OwnedStatement statement(new Statement{fmt::format("v{}", ++prepared_), true},
                           Dropped{&dropped_});
  auto prepared = link_->prepare(statement->name, sql, params);
  if (!prepared) {
    statement->name.clear();
    return failed(std::move(prepared.error()));
  }
  auto described = link_->describe(statement->name);
  if (!described) return failed(std::move(described.error()));
  for (int i = 0; i < PQnfields(described->get()); ++i) {
    if (!is_binary_type(PQftype(described->get(), i))) statement->is_binary = false;
  }
  return statements_.keep(key, std::move(statement)).get();
}

Result<PgResult> PgConnection::run(std::string_view sql, const PgParams& params) {
  std::string key(sql);
  key += '\n';
  key += params.signature();
  VEDETTE_TRY(statement, prepare(sql, params, key));
  auto result = link_->run_prepared(statement->name, params, statement->is_binary, sql, begin_sql_);
  if (!begin_sql_.empty()) is_open_ = true;
  begin_sql_.clear();
  if (!result) return failed(std::move(result.error()));
  return std::move(*result);
}

Result<Rows> PgConnection::query(std::string_view sql, std::span<const Param> params) {
  VEDETTE_TRY(result, run(sql, PgParams(params)));
  Rows rows;
  const int columns = PQnfields(result.get());
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(columns));
  for (int i = 0; i < columns; ++i) names.emplace_back(PQfname(result.get(), i));
  rows.set_columns(std::move(names));
  const int count = PQntuples(result.get());
  rows.reserve(static_cast<std::size_t>(count));
  for (int row = 0; row < count; ++row) {
    for (int column = 0; column < columns; ++column) add_cell(result.get(), row, column, rows);
    if (rows.byte_size() > max_answer_bytes_) {
      fault_ = Fault::kStatement;
      return fail(ErrorCode::kTooLarge, "The answer is too large. Ask for less at a time.",
                  std::string(sql));
    }
  }
  return rows;
}

Result<std::int64_t> PgConnection::execute(std::string_view sql, std::span<const Param> params) {
  VEDETTE_TRY(result, run(sql, PgParams(params)));
  return changed_rows(result.get());
}

Result<std::int64_t> PgConnection::insert(const BulkInsert& rows) {
  if (rows.conflict().empty() && rows.rows() >= kCopyFrom) return insert_copy(rows);
  return insert_values(rows);
}

Result<std::int64_t> PgConnection::insert_copy(const BulkInsert& rows) {
  VEDETTE_CHECK(begin_now());
  const std::size_t width = rows.columns().size();
  std::size_t next = 0;
  auto result =
      link_->copy_in(fmt::format("COPY {} ({}) FROM STDIN", rows.table(), column_list(rows)),
                     [&](std::string& buffer) {
                       append_copy_row(rows.values().subspan(next, width), buffer);
                       next += width;
                       return next < rows.values().size();
                     });
  if (!result) return failed(std::move(result.error()));
  return changed_rows(result->get());
}

// Chunks of powers of two, so that any number of rows is made of few different statements.
Result<std::int64_t> PgConnection::insert_values(const BulkInsert& rows) {
  const std::size_t width = rows.columns().size();
  const std::size_t most = std::bit_floor(std::min(kMaxChunk, kMaxParams / width));
  std::int64_t inserted = 0;
  for (std::size_t row = 0; row < rows.rows();) {
    const std::size_t count = std::min(most, std::bit_floor(rows.rows() - row));
    const PgParams params(rows.values().subspan(row * width, count * width));
    VEDETTE_TRY(result, run(values_sql(rows, count), params));
    inserted += changed_rows(result.get());
    row += count;
  }
  return inserted;
}

Result<void> PgConnection::script(std::string_view sql) {
  VEDETTE_CHECK(begin_now());
  auto done = link_->run(sql);
  if (!done) return failed(std::move(done.error()));
  return {};
}

}  // namespace vedette::db
