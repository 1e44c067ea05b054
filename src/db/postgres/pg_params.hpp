// Values on the wire to PostgreSQL: binary where the type is known, text elsewhere. Internal to
// db/postgres.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/value.hpp"

namespace vedette::db {

/// The arrays libpq wants. Views into the params and into itself: neither moved nor copied.
class PgParams {
 public:
  /// Typed: numbers, booleans, instants and blobs go binary with their own type; text and NULL take
  /// the type their place asks for.
  explicit PgParams(std::span<const Param> params);
  /// Untyped: everything takes the type of the column it is stored in.
  explicit PgParams(std::span<const Value> values);
  PgParams(const PgParams&) = delete;
  PgParams& operator=(const PgParams&) = delete;

  int count() const { return static_cast<int>(types_.size()); }
  const unsigned* types() const { return types_.data(); }
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }
  /// One character per parameter: statements are prepared once for each signature.
  std::string signature() const;

 private:
  void reserve(std::size_t count, std::size_t bytes);
  void add(unsigned type, const char* value, std::size_t length, int format);
  void add_number(unsigned type, std::uint64_t bits, std::size_t length);
  void add_text(std::string_view text);

  std::string arena_;  // reserved first, so that pointers into it stay
  std::vector<unsigned> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

/// Appends one row in COPY's text form, with its line end.
void append_copy_row(std::span<const Value> row, std::string& out);

/// An array literal of texts: {"a","b"}.
std::string text_array(std::span<const std::string> texts);

}  // namespace vedette::db
