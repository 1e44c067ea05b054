#include "db/session.hpp"

#include <fmt/format.h>

#include "db/backend.hpp"

namespace vedette::db {
namespace {

// Length of the UTF-8 sequence at `text`, 0 when it is malformed, too long, or a surrogate.
std::size_t sequence_length(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto follows = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (first == 0xE0 && at(1) < 0xA0) return 0;
    if (first == 0xED && at(1) > 0x9F) return 0;
    return follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (first == 0xF0 && at(1) < 0x90) return 0;
    if (first == 0xF4 && at(1) > 0x8F) return 0;
    return follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

bool is_storable_text(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == 0) return false;
    if (byte < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = sequence_length(text.substr(i));
    if (length == 0) return false;
    i += length;
  }
  return true;
}

// PostgreSQL refuses such text; SQLite would keep it. One answer for both, before either sees it.
Result<void> check_text(const Param& param) {
  if (param.kind() != Kind::kText || is_storable_text(param.bytes())) return {};
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
