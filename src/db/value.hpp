// Values that travel between the program and the database: what a parameter may be and what a bulk
// insert stores. Plain data; any thread.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.hpp"

namespace vedette::db {

using Blob = std::vector<std::byte>;

/// An owned value; monostate is NULL. An Instant is INTEGER microseconds since 1970 on SQLite and
/// timestamptz on PostgreSQL, exact in both. Text must be UTF-8 without NUL characters.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string, Blob, Instant>;

enum class Kind : std::uint8_t { kNull, kBool, kInteger, kReal, kText, kBlob, kInstant };

/// One parameter of a statement, borrowed for the length of the call: text and blobs are not
/// copied. Converts from whatever a caller has at hand, so that
/// `session.query("...", {camera_id, 5, now, std::nullopt})` works.
class Param {
 public:
  constexpr Param() = default;
  constexpr Param(std::nullopt_t) {}
  constexpr Param(std::monostate) {}
  constexpr Param(bool value) : kind_(Kind::kBool), integer_(value ? 1 : 0) {}
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  constexpr Param(T value) : kind_(Kind::kInteger), integer_(static_cast<std::int64_t>(value)) {}
  /// NaN is stored as NULL in both dialects: SQLite knows none.
  template <std::floating_point T>
  constexpr Param(T value) {
    if (value != value) return;
    kind_ = Kind::kReal;
    real_ = static_cast<double>(value);
  }
  constexpr Param(std::string_view value) : kind_(Kind::kText), bytes_(value) {}
  constexpr Param(const char* value) : Param(std::string_view(value)) {}
  Param(const std::string& value) : Param(std::string_view(value)) {}
  Param(std::span<const std::byte> value)
      : kind_(Kind::kBlob), bytes_(reinterpret_cast<const char*>(value.data()), value.size()) {}
  Param(const Blob& value) : Param(std::span<const std::byte>(value)) {}
  constexpr Param(Instant value) : kind_(Kind::kInstant), integer_(to_micros(value)) {}
  Param(const Value& value);
  template <class T>
  constexpr Param(const std::optional<T>& value) {
    if (value) *this = Param(*value);
  }
  template <class T>
  Param(std::optional<T>&& value) = delete;  // would borrow from a temporary only if T owns memory
  template <class T>
    requires(std::is_trivially_copyable_v<T>)
  constexpr Param(std::optional<T>&& value) {
    if (value) *this = Param(*value);
  }

  Kind kind() const { return kind_; }
  /// kBool (0 or 1), kInteger and kInstant (microseconds since 1970).
  std::int64_t integer() const { return integer_; }
  double real() const { return real_; }
  /// kText and kBlob.
  std::string_view bytes() const { return bytes_; }

 private:
  Kind kind_ = Kind::kNull;
  union {
    std::int64_t integer_ = 0;
    double real_;
  };
  std::string_view bytes_;
};

/// Many rows for one table, kept row after row in one vector.
///
///     BulkInsert counts("mart.counts", {"camera_id", "bucket", "count"});
///     counts.on_conflict("ON CONFLICT (camera_id, bucket) DO UPDATE SET count = excluded.count");
///     counts.add(camera_id, bucket, 7);
class BulkInsert {
 public:
  BulkInsert(std::string table, std::vector<std::string> columns)
      : table_(std::move(table)), columns_(std::move(columns)) {}

  /// An `ON CONFLICT ...` clause, appended as it is. Without one PostgreSQL uses COPY.
  void on_conflict(std::string clause) { conflict_ = std::move(clause); }

  /// Adds one row: as many values as there are columns, of any type a Param takes.
  template <class... T>
  void add(const T&... values) {
    (values_.push_back(own(Param(values))), ...);
  }
  void add_value(Value value) { values_.push_back(std::move(value)); }
  void reserve(std::size_t rows) { values_.reserve(rows * columns_.size()); }
  void clear() { values_.clear(); }

  const std::string& table() const { return table_; }
  const std::vector<std::string>& columns() const { return columns_; }
  const std::string& conflict() const { return conflict_; }
  std::span<const Value> values() const { return values_; }
  std::size_t rows() const { return columns_.empty() ? 0 : values_.size() / columns_.size(); }
  bool empty() const { return values_.empty(); }

 private:
  static Value own(const Param& param);

  std::string table_;
  std::vector<std::string> columns_;
  std::string conflict_;
  std::vector<Value> values_;
};

}  // namespace vedette::db
