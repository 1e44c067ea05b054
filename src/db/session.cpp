#include "db/session.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "db/backend.hpp"

namespace vedette::db {
namespace {

// PostgreSQL refuses such text; SQLite would keep it. One answer for both, before either sees it.
Result<void> check_text(const Param& param) {
  if (param.kind() != Kind::kText || is_clean_utf8(param.bytes())) return {};
  return fail(ErrorCode::kInvalid,
              "A text is not valid UTF-8, or holds a NUL character. Send it as UTF-8.");
}

std::vector<Param> borrow(std::span<const Value> values) {
  return {values.begin(), values.end()};
}

}  // namespace

Dialect Session::dialect() const {
  return connection_.dialect();
}

Result<Rows> Session::query(std::string_view sql, std::initializer_list<Param> params) {
  return run_query(sql, {params.begin(), params.size()});
}

Result<Rows> Session::query(std::string_view sql, std::span<const Value> params) {
  return run_query(sql, borrow(params));
}

Result<std::int64_t> Session::execute(std::string_view sql, std::initializer_list<Param> params) {
  return run_execute(sql, {params.begin(), params.size()});
}

Result<std::int64_t> Session::execute(std::string_view sql, std::span<const Value> params) {
  return run_execute(sql, borrow(params));
}

Result<Rows> Session::run_query(std::string_view sql, std::span<const Param> params) {
  if (failure_) return fail(*failure_);
  for (const Param& param : params) VEDETTE_CHECK(check_text(param));
  auto rows = connection_.query(sql, params);
  if (!rows) failure_ = rows.error();
  return rows;
}

Result<std::int64_t> Session::run_execute(std::string_view sql, std::span<const Param> params) {
  if (failure_) return fail(*failure_);
  for (const Param& param : params) VEDETTE_CHECK(check_text(param));
  auto changed = connection_.execute(sql, params);
  if (!changed) failure_ = changed.error();
  return changed;
}

Result<std::int64_t> Session::insert(const BulkInsert& rows) {
  if (failure_) return fail(*failure_);
  if (rows.empty()) return 0;
  if (rows.columns().empty() || rows.values().size() % rows.columns().size() != 0) {
    return fail(ErrorCode::kInternal, "A bulk insert has rows of unequal length.",
                fmt::format("table {}: {} values for {} columns", rows.table(),
                            rows.values().size(), rows.columns().size()));
  }
  for (const Value& value : rows.values()) VEDETTE_CHECK(check_text(Param(value)));
  auto inserted = connection_.insert(rows);
  if (!inserted) failure_ = inserted.error();
  return inserted;
}

Result<void> Session::script(std::string_view sql) {
  if (failure_) return fail(*failure_);
  auto done = connection_.script(sql);
  if (!done) failure_ = done.error();
  return done;
}

void Session::notify(std::string_view channel, std::string_view payload) {
  notices_.emplace_back(channel, payload);
}

}  // namespace vedette::db
